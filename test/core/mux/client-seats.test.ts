import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientSeats } from "#src/core/mux/client-seats.js";

test("a client that connects for each request is one client", () => {
  const seats = new ClientSeats();
  for (let count = 0; count < 100; count += 1) {
    const seat = seats.take("192.0.2.7", `id ${count}`, count);
    seat.requests += 1;
    seats.leave(seat);
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
  seats.leave(one);
  assert.equal(seats.take("192.0.2.8", "3", 0).connections, 1, "another address gets a seat of its own");
  assert.equal(seats.take("192.0.2.7", "4", 0), one);
  seats.leave(one);
  seats.leave(other);
  assert.equal(seats.take("192.0.2.7", "5", 0), other, "the one that was left last");
});

test("of clients that are gone, the last 64 are known; those that are connected all are", () => {
  const seats = new ClientSeats();
  const taken = Array.from({ length: 1000 }, (_, index) => seats.take(`client ${index}`, "", 0));
  assert.equal(seats.all.length, 1000);
  for (const seat of taken.slice(1)) seats.leave(seat);
  assert.deepEqual(
    seats.all.map(({ address }) => address),
    ["client 0", ...Array.from({ length: 64 }, (_, index) => `client ${999 - index}`)],
  );
});
