import { sameWord } from "../../parse/text.js";
import type { View } from "../view.js";
import { conbus } from "./conbus-view.js";
import { hex } from "./hex-view.js";
import { http } from "./http-view.js";
import { line } from "./line-view.js";
import { modbus } from "./modbus-view.js";

/** All views, in the order people are shown. A new one is a file and a line here. */
export const VIEWS: readonly View[] = [conbus, line, modbus, http, hex];

/** The view of each protocol of a mux that has one. */
const BY_PROTOCOL: ReadonlyMap<string, View> = new Map([
  ["echo", line],
  ["http", http],
  ["modbus", modbus],
  ["conbus", conbus],
]);

/** The view of this name, in any case; undefined when there is none. */
export function findView(name: string): View | undefined {
  return VIEWS.find((view) => sameWord(view.name.toUpperCase(), name));
}

/** The view for a protocol of a mux, named as in `PROT=`, in lower case. Protocols without a view of their own are shown in hexadecimal. */
export function viewOfProtocol(name: string): View {
  return BY_PROTOCOL.get(name) ?? hex;
}
