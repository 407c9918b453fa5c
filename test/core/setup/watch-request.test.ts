import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesFilter, parseFilter, type WatchFilter } from "#src/core/setup/watch-request.js";
import type { DaemonReport } from "#src/core/status/daemon-status.js";

const status = () =>
  ({
    connections: [{ id: "1a1" }, { id: "10001" }],
    listeners: [{ port: 10001 }, { port: 2504 }],
  }) as unknown as DaemonReport;

const sources = [
  { connection: "1a1", listener: 10001 },
  { connection: "1a2", listener: 10001 },
  { connection: "1a1", listener: 10002 },
  { connection: "10001", listener: 2504 },
];
const cases: [word: string, filter: WatchFilter, selected: boolean[]][] = [
  ["", { kind: "all" }, [true, true, true, true]],
  ["1a1", { kind: "connection", id: "1a1" }, [true, false, true, false]],
  ["10001", { kind: "connection", id: "10001" }, [false, false, false, true]],
  ["2504", { kind: "listener", port: 2504 }, [false, false, false, true]],
];
for (const [word, filter, selected] of cases) {
  test(`"${word}" selects by ${filter.kind}`, () => {
    assert.deepEqual(parseFilter(word, status), { ok: true, value: filter });
    assert.deepEqual(
      sources.map((source) => matchesFilter(filter, source)),
      selected,
    );
  });
}

test("a connection or a listener that does not exist is an error", () => {
  const messageOf = (word: string): string => {
    const parsed = parseFilter(word, status);
    return parsed.ok ? "" : parsed.message;
  };
  assert.equal(messageOf("1a3"), 'no connection "1a3"; STAT shows their ids');
  assert.equal(messageOf("2505"), "nothing listens on port 2505");
});
