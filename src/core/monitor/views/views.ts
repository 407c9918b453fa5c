import { sameWord } from "../../parse/text.js";
import type { View } from "../view.js";
import { conbus } from "./conbus-view.js";
import { hex } from "./hex-view.js";
import { http } from "./http-view.js";
import { line } from "./line-view.js";
import { modbus } from "./modbus-view.js";

/** All views, in the order people are shown. A new one is a file and a line here. */
export const VIEWS: readonly View[] = [conbus, line, modbus, http, hex];

/** By protocol of a mux, where it has a view of its own. */
const BY_PROTOCOL: ReadonlyMap<string, View> = new Map([
  ["echo", line],
  ["http", http],
  ["modbus", modbus],
  ["conbus", conbus],
]);

/** The view called `name`, in any case. */
export function findView(name: string): View | undefined {
  return VIEWS.find((view) => sameWord(view.name.toUpperCase(), name));
}

/** How the messages of a mux's protocol are shown, named as `PROT=` does in lower case: in hexadecimal when there is no better way. */
export function viewOfProtocol(name: string): View {
  return BY_PROTOCOL.get(name) ?? hex;
}
