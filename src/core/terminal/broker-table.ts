import type { Fields } from "./fields.js";
import { shortNumber, shortTime } from "./quantities.js";
import { type Span, span } from "./screen.js";
import type { Table } from "./table.js";

/** The MQTT broker, where the daemon has one: whether it is there, and what waits for it. */
export function brokerTable(status: Fields): Table {
  const mqtt = status.child("mqtt");
  const amount = (key: string) => span(shortNumber(mqtt.number(key) ?? 0));
  const rows = status.has("mqtt")
    ? [
        [
          span(mqtt.text("broker"), "bold"),
          stateOf(mqtt),
          ...["waiting", "published", "received", "dropped"].map(amount),
          span(`${mqtt.text("prefix")}/…`, "gray"),
        ],
      ]
    : [];
  return {
    columns: [
      { title: "broker", min: 12 },
      { title: "state" },
      { title: "waiting", align: "right" },
      { title: "published", align: "right", spare: 3 },
      { title: "received", align: "right", spare: 2 },
      { title: "dropped", align: "right", spare: 1 },
      { title: "topics", min: 8, spare: 4 },
    ],
    rows,
  };
}

function stateOf(mqtt: Fields): Span {
  const since = shortTime(mqtt.number("sinceMs") ?? 0);
  if (!mqtt.isTrue("connected")) return span(`away ${since}`, "yellow");
  return (mqtt.number("droppedNow") ?? 0) > 0 ? span("too slow", "yellow") : span("connected", "green");
}
