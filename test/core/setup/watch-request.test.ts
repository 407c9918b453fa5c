import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesFilter, parseFilter, type WatchedPlaces, type WatchFilter } from "#src/core/setup/watch-request.js";

const places: WatchedPlaces = {
  isConnection: (id) => ["1a1", "10001"].includes(id),
  isListener: (port) => [10_001, 2504].includes(port),
};

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
    assert.deepEqual(parseFilter(word, places), { ok: true, value: filter });
    assert.deepEqual(
      sources.map((source) => matchesFilter(filter, source)),
      selected,
    );
  });
}

test("a connection or a listener that does not exist is an error", () => {
  const messageOf = (word: string): string => {
    const parsed = parseFilter(word, places);
    return parsed.ok ? "" : parsed.message;
  };
  assert.equal(messageOf("1a3"), 'no connection "1a3"; STAT shows their ids');
  assert.equal(messageOf("2505"), "nothing listens on port 2505");
});
