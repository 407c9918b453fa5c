import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { SharedCarriers } from "#src/carriers.js";
import { StreamEnd } from "#src/ends/stream-end.js";
import { ManualClock } from "./support/clock.js";

test("an end that has gone is remembered until what it has carried has been read", async (t) => {
  const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const clock = new ManualClock();
  const shared = new SharedCarriers(clock);
  const ends: StreamEnd[] = [];
  const origins: { peerAddress: string; peerPort: number }[] = [];
  for (let count = 0; count < 3; count += 1) {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    origins.push({ peerAddress: "127.0.0.1", peerPort: socket.localPort ?? 0 });
    ends.push(new StreamEnd(socket, 1000));
  }
  const known = (): boolean[] => origins.map((origin) => shared.has(origin));
  const [one, two, three] = ends as [StreamEnd, StreamEnd, StreamEnd];
  assert.deepEqual(known(), [false, false, false]);
  for (const end of [one, two]) shared.add(end);
  clock.advance(1_000_000);
  assert.deepEqual(known(), [true, true, false]);
  shared.remove(one);
  one.destroy();
  clock.advance(4999);
  shared.remove(three); // that was never one
  assert.deepEqual(known(), [true, true, false]);
  clock.advance(1);
  assert.deepEqual(known(), [false, true, false]);
  for (const end of [two, three]) end.destroy();
});
