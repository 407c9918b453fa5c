import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printable } from "#src/core/parse/text.js";
import { pageModule } from "../support/page.js";

const format = await pageModule("format");
const { hrefOf, parseRoute } = await pageModule("routes");
const { matches } = await pageModule("search");
const { nextOrder, sorted } = await pageModule("connection-list");

test("numbers, sizes and times are short, and have their units", () => {
  const rows: [string, number, string][] = [
    ["count", 1_234_567, "1,234,567"],
    ["decimal", 0, "0"],
    ["decimal", 0.256, "0.26"],
    ["decimal", 2.54, "2.5"],
    ["decimal", 9.96, "10"],
    ["decimal", 1234.5, "1,235"],
    ["bytes", 0, "0 B"],
    ["bytes", 999, "999 B"],
    ["bytes", 999.9, "1.0 kB"],
    ["bytes", 12_345, "12 kB"],
    ["bytes", 999_600, "1.0 MB"],
    ["bytes", 5e15, "5,000 TB"],
    ["byteRate", 350.4, "350 B/s"],
    ["rate", 5.1, "5.1/s"],
    ["milliseconds", 0, "0 ms"],
    ["milliseconds", 2.93, "2.9 ms"],
    ["milliseconds", 1234, "1.2 s"],
    ["milliseconds", 12_000, "12 s"],
    ["percent", 0.256, "26 %"],
    ["duration", -5, "0 s"],
    ["duration", 61_000, "1 min 1 s"],
    ["duration", 3_700_000, "1 h 1 min"],
    ["duration", 90_000_000, "1 d 1 h"],
  ];
  for (const [name, value, text] of rows) assert.equal(format[name](value), text, `${name}(${value})`);
  assert.deepEqual([format.plural(1, "port"), format.plural(2, "match", "matches")], ["1 port", "2 matches"]);
});

test("the moment of a status is told in the time zone of the daemon; a date only where it is another day", () => {
  const now = format.nowOf({ startedAt: "2026-01-31T23:30:00.000+01:00", uptimeMs: 45 * 60_000 });
  assert.equal(now, "2026-02-01T00:15:00.000+01:00");
  assert.equal(format.moment("2026-02-01T00:10:00.000+01:00", now), "00:10");
  assert.equal(format.moment("2026-01-31T23:30:00.000+01:00", now), "2026-01-31 23:30");
  assert.equal(format.nowOf({ startedAt: "2026-01-31T12:00:00.000Z", uptimeMs: 1 }), "2026-01-31T12:00:00.001+00:00");
  assert.equal(
    format.nowOf({ startedAt: "2026-01-31T12:00:00.000-03:30", uptimeMs: 0 }),
    "2026-01-31T12:00:00.000-03:30",
  );
});

test("no text from outside hides, turns or goes on for ever", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const shown = format.plain(`\u{e0041}\u00ad${text}\u202e\u200b\n\x1b[2J`, 100);
      assert.equal(printable(shown), shown);
      assert.ok(shown.length <= 101);
    }),
  );
  assert.equal(format.plain("größer 5 °C"), "größer 5 °C");
  assert.equal(format.plain("x".repeat(10_000)).length, 2001);
});

test("each view has an address that leads back to it, whatever its subject", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("connections", "log", "line", "connection", "search"),
      fc.string({ unit: "grapheme" }),
      (view, subject) => {
        assert.deepEqual(parseRoute(hrefOf(view, subject)), { view, subject });
      },
    ),
  );
  assert.deepEqual(parseRoute(hrefOf("search", "a\ud800")), { view: "search", subject: "a\ufffd" });
  for (const hash of ["", "#", "#/", "#main", "#/nothing/there", "#/../x"])
    assert.equal(parseRoute(hash).view, "overview", hash);
  assert.deepEqual(parseRoute("#/search/50%"), { view: "search", subject: "50%" });
});

test("a search finds what has each of its words, in any case", () => {
  assert.ok(matches("INVERTER 192", ["mux inverter", undefined, "192.0.2.1"]));
  assert.ok(!matches("inverter 10.", ["mux inverter", "192.0.2.1"]));
  assert.ok(matches("  ", ["anything"]));
  assert.ok(!matches("ab", ["a", "b"]), "words end with their field");
});

test("a click on the head of a column sorts by it, numbers from the largest; another click turns it round", () => {
  const connections = [
    { client: "192.0.2.10", received: 5 },
    { client: "192.0.2.9", received: 70 },
  ];
  const clients = (order: object): string[] =>
    sorted(connections, order).map(({ client }: { client: string }) => client);
  const byClient = nextOrder({ key: "", descending: false }, "client");
  assert.deepEqual(clients(byClient), ["192.0.2.9", "192.0.2.10"]);
  assert.deepEqual(clients(nextOrder(byClient, "client")), ["192.0.2.10", "192.0.2.9"]);
  assert.deepEqual(clients(nextOrder(byClient, "received")), ["192.0.2.9", "192.0.2.10"]);
  assert.deepEqual(clients({ key: "", descending: false }), ["192.0.2.10", "192.0.2.9"]);
});
