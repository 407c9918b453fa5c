import type { Fields } from "./fields.js";
import { shortNumber, shortTime } from "./quantities.js";
import { span } from "./screen.js";
import type { Table } from "./table.js";

/** The webhooks, and whether they take what they are told. */
export function webhookTable(status: Fields): Table {
  const rows = status.list("webhooks").map((webhook) => {
    const failingMs = webhook.number("failingMs");
    const amount = (key: string) => span(shortNumber(webhook.number(key) ?? 0));
    return [
      span(webhook.text("name"), "bold"),
      failingMs === undefined ? span("ok", "green") : span(`not taken ${shortTime(failingMs)}`, "yellow"),
      ...["waiting", "sent", "retried", "failed"].map(amount),
      span(webhook.text("origin")),
    ];
  });
  return {
    columns: [
      { title: "webhook", min: 8 },
      { title: "state" },
      { title: "waiting", align: "right" },
      { title: "sent", align: "right", spare: 2 },
      { title: "repeated", align: "right", spare: 3 },
      { title: "failed", align: "right", spare: 1 },
      { title: "at", min: 12, spare: 4 },
    ],
    rows,
  };
}
