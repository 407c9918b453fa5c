import type { Fields } from "./fields.js";
import { shortTime } from "./quantities.js";
import { type Span, span } from "./screen.js";
import type { Table } from "./table.js";

/** The published values of shared devices. Of a value that is not true now it says why. */
export function valueTable(now: Fields): Table {
  const rows = now.list("muxes").flatMap((mux) =>
    mux.list("values").map((value) => {
      const ageMs = value.number("ageMs");
      return [
        span(mux.text("name") || mux.text("port"), "bold"),
        span(value.text("name")),
        span(value.has("value") ? valueText(value) : ""),
        span(value.text("unit"), "gray"),
        span(ageMs === undefined ? "" : shortTime(ageMs)),
        stateOf(value.text("state")),
      ];
    }),
  );
  return {
    columns: [
      { title: "device", min: 8 },
      { title: "value", min: 8 },
      { title: "is", align: "right", min: 10 },
      { title: "unit", spare: 2 },
      { title: "age", align: "right", spare: 3 },
      { title: "state", spare: 1 },
    ],
    rows,
  };
}

function valueText(value: Fields): string {
  const text = value.text("value");
  return text === "" ? String(value.isTrue("value")) : text; // true and false are no texts
}

function stateOf(state: string): Span {
  if (state === "good") return span(state, "green");
  return span(state, state === "stale" ? "yellow" : "gray");
}
