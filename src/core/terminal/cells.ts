import type { Fields } from "./fields.js";
import { shortNumber } from "./quantities.js";
import { type Span, type Style, span } from "./screen.js";
import type { Column } from "./table.js";

/** One reading of the status, and the one before it, where rates are wanted. */
export interface Readings {
  readonly now: Fields;
  readonly before?: { readonly status: Fields; readonly agoMs: number };
  /** The connection that has asked: it is no news. */
  readonly ownId?: string;
}

/** Columns that an address has at least: it is worth more than what is spare. */
export const ADDRESS = "192.168.100.100:65535".length;

/** Bytes so far, and how many a second where two readings tell. */
export const TRAFFIC: readonly Column[] = [
  { title: "in/s", align: "right", spare: 3 },
  { title: "out/s", align: "right", spare: 3 },
  { title: "in", align: "right", spare: 5 },
  { title: "out", align: "right", spare: 5 },
];

/** The cells of {@link TRAFFIC}. */
export function traffic(end: Fields | undefined, before: Fields | undefined, agoMs: number | undefined): Span[] {
  const [received, sent] = [end?.number("received") ?? 0, end?.number("sent") ?? 0];
  return [
    rate(received, before?.number("received"), agoMs),
    rate(sent, before?.number("sent"), agoMs),
    amount(received),
    amount(sent),
  ];
}

/** How much a second; empty without a reading before. */
export function rate(now: number | undefined, before: number | undefined, agoMs: number | undefined): Span {
  if (now === undefined || before === undefined || agoMs === undefined || agoMs <= 0) return span("");
  return amount((Math.max(0, now - before) * 1000) / agoMs);
}

/** A short number; of none, an empty cell. */
export function amount(value: number | undefined, style?: (value: number) => Style | undefined): Span {
  if (value === undefined) return span("");
  return span(shortNumber(value), value === 0 ? "gray" : style?.(value));
}

/** A configuration line as people know it: the name of its section, or its port. */
export function nameOf(line: Fields): string {
  return line.text("name") || line.text("port");
}

/** Parts of the status by what tells them apart. */
export function byKey<T>(values: readonly T[] = [], key: (value: T) => string): Map<string, T> {
  return new Map(values.map((value) => [key(value), value]));
}
