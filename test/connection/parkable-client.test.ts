import assert from "node:assert/strict";
import { test } from "node:test";
import { ParkingLot } from "#src/connection/parking-lot.js";
import type { RelayParkingOwner } from "#src/connection/relay-parking.js";
import { LEAST_PARKED_BYTES, MAX_PARKED_BYTES } from "#src/core/park/parking-rules.js";
import type { RelayEnding } from "#src/relay/relay.js";
import { type End, IGNORE_EVENTS } from "#src/sockets/end.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import type { Answer, SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";

const KEY = "panel";
const GONE: Answer = { known: true, row: undefined };
const ENDING = { reason: "reset by remote", toClient: "end" } as unknown as RelayEnding;

/** A connection that can be parked, on a machine whose table of sockets answers when the test says so. */
function scene() {
  const clock = new ManualClock();
  const told: string[] = [];
  let answer = (): void => {};
  let state = "present";
  let asked = 0;
  const sockets = {
    peerState: async () => {
      asked += 1;
      return state;
    },
    pair: () =>
      new Promise((resolve) => {
        answer = () => resolve([GONE, GONE]);
      }),
  } as unknown as SocketTable;
  const nothing = (): void => {};
  const probes: boolean[] = [];
  const stream = {
    ...{ peerAddress: "127.0.0.1", peerPort: 1, ownKey: "own", peerKey: "peer", isPeerHere: true },
    ...{ unsent: 0, untaken: 0, isBroken: false, gone: false, events: IGNORE_EVENTS },
    ...{ write: nothing, end: nothing, destroy: nothing, reset: nothing, pause: nothing, resume: nothing },
    probe: (isSoon: boolean) => probes.push(isSoon),
  };
  const owner = {
    relay: { remote: { unsent: 0, gone: false } },
    clientLeft: nothing,
    parked: () => told.push("parked"),
    notParked: () => told.push("not parked"),
    relayEnded: ({ reason }: RelayEnding) => told.push(reason),
    fault: (error: unknown) => told.push(String(error)),
  };
  const lot = new ParkingLot({ clock, sockets });
  const parkingOf = (end: typeof stream) =>
    lot.parkingOf(
      { key: KEY, address: "here" },
      { parkMs: 60_000 },
      end as unknown as StreamEnd,
      owner as unknown as RelayParkingOwner,
    );
  const parking = parkingOf(stream);
  const answered = async (): Promise<void> => {
    for (let looks = 0; looks < 2; looks += 1) {
      answer();
      await new Promise(setImmediate);
      clock.advance(20);
    }
    await parking.client.settled;
  };
  const another = () => parkingOf({ ...stream });
  const questions = (): number => asked;
  return {
    ...{ clock, told, probes, lot, parking, stream, another, questions, answered },
    mayBeSeen: () => (state = "ended"),
  };
}

test("a remote that ends before it is known what its client has got: the connection is over, and takes no place", async () => {
  const { told, lot, parking, stream, answered } = scene();
  stream.events.eof();
  assert.equal(parking.keeps(ENDING), true);
  parking.client.end();
  await answered();
  assert.deepEqual(told, [ENDING.reason]);
  assert.equal(lot.count, 0);
});

test("bytes count for all connections together from the moment in which the client goes", async () => {
  const { lot, parking, stream, answered, told } = scene();
  stream.events.eof();
  parking.client.write(Buffer.alloc(1000));
  assert.equal(lot.bytes, 1000);
  await answered();
  assert.deepEqual([lot.bytes, told], [1000, ["parked"]]);
  parking.close();
  assert.equal(lot.bytes, 0);
});

test("where others have taken all the room, each connection still keeps what devices say in a while", async () => {
  const { lot, parking, stream, answered } = scene();
  stream.events.eof();
  await answered();
  lot.waitingChanged(MAX_PARKED_BYTES);
  parking.client.write(Buffer.alloc(LEAST_PARKED_BYTES - 1));
  assert.equal(parking.client.unsent, 0);
  parking.client.write(Buffer.alloc(1));
  assert.equal(parking.client.unsent, 1);
});

test("a client that has gone is read to its end, whatever its remote takes, and to so many bytes", () => {
  const { parking, stream } = scene();
  const calls: string[] = [];
  const note = (call: string) => () => calls.push(call);
  Object.assign(stream, { pause: note("pause"), resume: note("resume"), keepChunk: note("keep"), reading: false });
  const takesNothing = { ...IGNORE_EVENTS, data: () => parking.client.pause() };
  parking.client.events = takesNothing;
  stream.events.data(Buffer.alloc(1));
  assert.deepEqual(calls.splice(0), ["pause", "keep"], "its remote has not taken that, and it may be read on");
  assert.equal(parking.client.readToEnd(1000), true);
  assert.equal(parking.client.readToEnd(1000), false, "once");
  stream.events.data(Buffer.alloc(999));
  assert.deepEqual(calls.splice(0), ["resume", "keep"]);
  stream.events.data(Buffer.alloc(1));
  assert.deepEqual(calls.splice(0), ["pause", "keep"]);
});

test("what is read ahead for one remote, and for how many, has a limit, whoever their clients are", () => {
  const { lot } = scene();
  const remotes = Array.from({ length: 17 }, () => ({ unsent: 4_000_000, gone: false }) as unknown as End);
  assert.deepEqual(
    remotes.map((remote) => lot.roomAhead(remote)),
    [...Array(16).fill(194_304), 0],
  );
  Object.assign(remotes[0] as End, { unsent: 0 });
  assert.equal(lot.roomAhead(remotes[16] as End), 194_304);
});

test("a client waits for the connection of one whose FIN is behind bytes that are not read yet", async () => {
  const { lot, parking, stream, answered, mayBeSeen } = scene();
  assert.equal(await lot.find(KEY), undefined);
  mayBeSeen();
  Object.assign(stream, { resume: () => stream.events.eof() }); // it is read on
  const found = lot.find(KEY);
  await new Promise(setImmediate);
  await answered();
  assert.equal(await found, parking);
});

test("it does not wait for ever, nor for one that is there", async () => {
  const { clock, lot, parking, mayBeSeen } = scene();
  mayBeSeen();
  const found = lot.find(KEY);
  await new Promise(setImmediate);
  clock.advance(3000);
  assert.equal(await found, undefined);
  assert.equal(await lot.find("other"), undefined);
  parking.close();
  assert.equal(lot.isInUse, false);
});

test("of many clients of one key a few are asked, however many want its connection", async () => {
  const { clock, lot, stream, probes, another, questions } = scene();
  stream.isPeerHere = false;
  for (let count = 0; count < 100; count += 1) another();
  const found: unknown[] = [];
  for (let count = 0; count < 2; count += 1) {
    void lot.find(KEY).then((place) => found.push(place));
    await new Promise(setImmediate);
    clock.advance(750);
  }
  await new Promise(setImmediate);
  assert.deepEqual([questions(), found, probes.includes(false)], [20, [undefined], false], "the second one waits");
  clock.advance(750);
  await new Promise(setImmediate);
  assert.deepEqual([found.length, probes.filter((isSoon) => !isSoon).length], [2, 10]);
});

test("a client on another machine that seems to be there is probed: it may have been restarted", async () => {
  const { clock, lot, stream, probes, told, parking } = scene();
  stream.isPeerHere = false;
  const vain = lot.find(KEY);
  await new Promise(setImmediate);
  clock.advance(1500);
  assert.equal(await vain, undefined);
  assert.deepEqual(probes, [true, false]);
  const found = lot.find(KEY);
  await new Promise(setImmediate);
  stream.events.closed(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  assert.equal(await found, parking);
  assert.deepEqual(told, ["parked"]);
});
