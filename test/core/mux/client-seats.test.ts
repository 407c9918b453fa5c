import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSeats } from "#src/core/mux/client-seats.js";

test("a client that connects for each request is one client", () => {
  const seats = new ClientSeats();
  for (let count = 0; count < 100; count += 1) {
    const seat = seats.take("192.0.2.7", `id ${count}`, count);
    seat.requests += 1;
    seats.leave(seat, count);
  }
  assert.deepEqual(
    seats.all.map(({ address, id, connections, requests, connected }) => [
      address,
      id,
      connections,
      requests,
      connected,
    ]),
    [["192.0.2.7", "id 99", 100, 100, false]],
  );
});

test("programs on one machine are clients of their own, and each finds its seat again", () => {
  const seats = new ClientSeats();
  const [one, other] = [seats.take("192.0.2.7", "1", 0), seats.take("192.0.2.7", "2", 0)];
  assert.notEqual(one, other);
  seats.leave(one, 5000);
  assert.equal(seats.take("192.0.2.8", "3", 0).connections, 1, "another address gets a seat of its own");
  assert.equal(seats.take("192.0.2.7", "4", 0), one);
  seats.leave(one, 5000);
  seats.leave(other, 5000);
  assert.equal(seats.take("192.0.2.7", "5", 0), other, "the one that was left last");
});

test("a client that is seen to connect anew before its last connection has ended is one client, too", () => {
  const seats = new ClientSeats();
  let last = seats.take("192.0.2.7", "0", 0);
  for (let count = 1; count < 50; count += 1) {
    last.requests += 1;
    last.outcomes.answers += 1;
    const next = seats.take("192.0.2.7", String(count), count * 100);
    seats.leave(last, count * 100 + 1);
    last = next;
  }
  const [only, ...more] = seats.all.map((seat) => seat.status(0, 5000));
  assert.deepEqual(more, []);
  const { id, connections, requests, answers, open, rate } = only ?? {};
  assert.deepEqual([id, connections, requests, answers, open, rate], ["49", 50, 49, 49, 0, 0]);
});

test("a program that has been there for longer is another client", () => {
  const seats = new ClientSeats();
  const one = seats.take("192.0.2.7", "1", 0);
  const other = seats.take("192.0.2.7", "2", 100);
  seats.leave(one, 5000);
  assert.deepEqual([one.connections, other.connections, seats.all.length], [1, 1, 2]);
});

test("of clients that are gone, the last 64 are known; those that are connected all are", () => {
  const seats = new ClientSeats();
  const taken = Array.from({ length: 1000 }, (_, index) => seats.take(`client ${index}`, "", 0));
  assert.equal(seats.all.length, 1000);
  for (const seat of taken.slice(1)) seats.leave(seat, 5000);
  assert.deepEqual(
    seats.all.map(({ address }) => address),
    ["client 0", ...Array.from({ length: 64 }, (_, index) => `client ${999 - index}`)],
  );
});
