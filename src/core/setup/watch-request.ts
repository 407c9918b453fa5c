import type { FormatWord } from "../monitor/format.js";
import type { View } from "../monitor/view.js";
import { findView } from "../monitor/views/views.js";
import { parsePort } from "../net/address.js";
import { OPTIONS } from "../options/conn-option-rows.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../options/conn-options.js";
import { findRow, type OptionRow, parseOptions } from "../options/option-table.js";
import { fail, ok, type Result } from "../parse/result.js";

/** Which connections a watcher selects. */
export type WatchFilter =
  | { readonly kind: "all" }
  | { readonly kind: "listener"; readonly port: number }
  | { readonly kind: "connection"; readonly id: string };

/** The arguments of WTCH, read. */
export interface WatchRequest {
  readonly filter: WatchFilter;
  /** The view for connections without a MONI option of their own. */
  readonly view?: View;
  readonly format: readonly FormatWord[];
  /** The watcher wants bytes, as they pass, and not lines for people. */
  readonly bytes?: true;
}

/** The options of CONN that WTCH takes, too. */
const CONN_ROWS: readonly OptionRow<ConnOptions>[] = ["MONI", "MONF"].flatMap((key) => findRow(OPTIONS, key) ?? []);

/** What there is to watch. */
export interface WatchedPlaces {
  isConnection(id: string): boolean;
  isListener(port: number): boolean;
}

/** Asks for the bytes of streams, for captures and recordings (docs/monitor.md). */
const BYTES = /^BYTE=hex$/i;

/**
 * Reads `[id|port] [MONI=view] [MONF=words] [BYTE=hex]`, the arguments of WTCH (docs/monitor.md).
 *
 * @param places the connections and listeners that exist now
 */
export function parseWatch(text: string, places: WatchedPlaces): Result<WatchRequest> {
  const all = text.split(/\s+/).filter(Boolean);
  const words = all.filter((word) => !BYTES.test(word));
  const [first = ""] = words;
  const named = first !== "" && !first.includes("=");
  const filter = parseFilter(named ? first : "", places);
  if (!filter.ok) return filter;
  const options = parseOptions(named ? words.slice(1) : words, CONN_ROWS, DEFAULT_OPTIONS, "wire");
  if (!options.ok) return options;
  const { monitor, monitorFormat } = options.value;
  const view = monitor === undefined ? undefined : findView(monitor);
  const asked = { filter: filter.value, format: monitorFormat, ...(view && { view }) };
  return ok(words.length < all.length ? { ...asked, bytes: true } : asked);
}

/**
 * Reads the id of a connection or the port of a listener. An empty word selects everything.
 *
 * @param places the connections and listeners that exist now
 * @returns the filter, or an error when no such connection or listener exists
 */
export function parseFilter(word: string, places: WatchedPlaces): Result<WatchFilter> {
  if (word === "") return ok({ kind: "all" });
  if (places.isConnection(word)) return ok({ kind: "connection", id: word });
  const port = parsePort(word);
  if (!port.ok) return fail(`no connection "${word}"; STAT shows their ids`);
  return places.isListener(port.value)
    ? ok({ kind: "listener", port: port.value })
    : fail(`nothing listens on port ${port.value}`);
}

/** Whether the filter selects the connection. */
export function matchesFilter(filter: WatchFilter, source: { readonly connection: string; readonly listener: number }) {
  switch (filter.kind) {
    case "all":
      return true;
    case "listener":
      return source.listener === filter.port;
    case "connection":
      return source.connection === filter.id;
  }
}
