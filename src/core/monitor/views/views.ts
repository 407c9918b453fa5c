import { sameWord } from "../../parse/text.js";
import type { View } from "../view.js";
import { conbusView } from "./conbus-view.js";
import { hexView } from "./hex-view.js";
import { httpView } from "./http-view.js";
import { lineView } from "./line-view.js";
import { modbusView } from "./modbus-view.js";

/** All views, in the order people are shown. A new one is a file and a line here. */
export const VIEWS: readonly View[] = [conbusView, lineView, modbusView, httpView, hexView];

/** The view of each protocol of a mux that has one. */
const BY_PROTOCOL: ReadonlyMap<string, View> = new Map([
  ["echo", lineView],
  ["http", httpView],
  ["modbus", modbusView],
  ["modbus-ascii", lineView],
  ["conbus", conbusView],
]);

/** The view of this name, in any case; undefined when there is none. */
export function findView(name: string): View | undefined {
  return VIEWS.find((view) => sameWord(view.name.toUpperCase(), name));
}

/** The view for a protocol of a mux, named as in `PROT=`, in lower case. Protocols without a view of their own are shown in hexadecimal. */
export function viewOfProtocol(name: string): View {
  return BY_PROTOCOL.get(name) ?? hexView;
}
