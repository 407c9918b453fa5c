import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientRecords } from "#src/core/mux/client-records.js";

test("a client that connects for each request is one client", () => {
  const records = new ClientRecords();
  for (let count = 0; count < 100; count += 1) {
    const record = records.connected("192.0.2.7", `id ${count}`, count);
    record.requests += 1;
    records.disconnected(record, count);
  }
  assert.deepEqual(
    records.all.map(({ address, id, connections, requests, connected }) => [
      address,
      id,
      connections,
      requests,
      connected,
    ]),
    [["192.0.2.7", "id 99", 100, 100, false]],
  );
});

test("programs on one machine are clients of their own, and each goes on with its record", () => {
  const records = new ClientRecords();
  const [one, other] = [records.connected("192.0.2.7", "1", 0), records.connected("192.0.2.7", "2", 0)];
  assert.notEqual(one, other);
  records.disconnected(one, 5000);
  assert.equal(records.connected("192.0.2.8", "3", 0).connections, 1, "another address gets a record of its own");
  assert.equal(records.connected("192.0.2.7", "4", 0), one);
  records.disconnected(one, 5000);
  records.disconnected(other, 5000);
  assert.equal(records.connected("192.0.2.7", "5", 0), other, "the one that was left last");
});

test("a client that is seen to connect anew before its last connection has ended is one client, too", () => {
  const records = new ClientRecords();
  let last = records.connected("192.0.2.7", "0", 0);
  for (let count = 1; count < 50; count += 1) {
    last.requests += 1;
    last.outcomes.answers += 1;
    const next = records.connected("192.0.2.7", String(count), count * 100);
    records.disconnected(last, count * 100 + 1);
    last = next;
  }
  const [only, ...more] = records.all.map((record) => record.status(0, 5000));
  assert.deepEqual(more, []);
  const { id, connections, requests, answers, open, rate } = only ?? {};
  assert.deepEqual([id, connections, requests, answers, open, rate], ["49", 50, 49, 49, 0, 0]);
});

test("a program that has been there for longer is another client", () => {
  const records = new ClientRecords();
  const one = records.connected("192.0.2.7", "1", 0);
  const other = records.connected("192.0.2.7", "2", 100);
  records.disconnected(one, 5000);
  assert.deepEqual([one.connections, other.connections, records.all.length], [1, 1, 2]);
});

test("of clients that are gone, the last 64 are known; those that are connected all are", () => {
  const records = new ClientRecords();
  const connected = Array.from({ length: 1000 }, (_, index) => records.connected(`client ${index}`, "", 0));
  assert.equal(records.all.length, 1000);
  for (const record of connected.slice(1)) records.disconnected(record, 5000);
  assert.deepEqual(
    records.all.map(({ address }) => address),
    ["client 0", ...Array.from({ length: 64 }, (_, index) => `client ${999 - index}`)],
  );
});
