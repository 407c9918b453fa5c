import assert from "node:assert/strict";
import { test } from "node:test";
import type { Parking } from "#src/connection/parking.js";
import { ParkingDial } from "#src/connection/parking-dial.js";
import { ParkingLot } from "#src/connection/parking-lot.js";
import type { RelayParking } from "#src/connection/relay-parking.js";
import { MAX_PARKED, MAX_PARKED_BYTES, MAX_PARKED_PER_CLIENT } from "#src/core/park/parking-rules.js";
import type { Dial } from "#src/dial/dial.js";
import type { End } from "#src/sockets/end.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";

const [PARKED, DIALLED] = [{ name: "parked" }, { name: "dialled" }] as unknown as [End, End];

function lotOf(): ParkingLot {
  const clock = new ManualClock();
  return new ParkingLot({ clock, sockets: new SocketTable(clock, []) });
}

/** A parked connection, as far as the lot and a dial know it. */
function parkedAt(key: string, address = "here", settled: Promise<void> = Promise.resolve()): RelayParking {
  let room = 0;
  const waiting = { bytes: Buffer.from(key), ended: false, closed: undefined };
  const parking = {
    ...{ key, address, remote: PARKED },
    client: {
      settled,
      roomAgain: () => {
        room += 1;
      },
    },
    handOver: () => ({ end: PARKED, serverLease: undefined, pass: undefined, waiting }),
    get room() {
      return room;
    },
  };
  return parking as unknown as RelayParking;
}

function dialOf(lot: ParkingLot, key: string, permits = true) {
  const told: string[] = [];
  const start = (): Dial => {
    told.push("dial");
    return { kind: "socket", end: Promise.resolve(DIALLED), abort: () => void told.push("abort") };
  };
  const parking = { load: async () => lot } as unknown as Parking;
  const dial = new ParkingDial({ parking, key, permits: () => permits, taken: () => told.push("taken"), start });
  return { dial, told };
}

test("a dial takes the remote of the connection with its key whose client went last", async () => {
  const lot = lotOf();
  for (const parking of [parkedAt("other"), parkedAt("own"), parkedAt("own"), parkedAt("another")]) lot.enter(parking);
  const { dial, told } = dialOf(lot, "own");
  assert.equal(await dial.end, PARKED);
  assert.deepEqual(told, ["taken"]);
  assert.deepEqual([dial.kind, dial.waiting?.bytes.toString()], ["channel", "own"]);
});

test("a dial waits until it is known what waits; meanwhile the connection may be over", async () => {
  const lot = lotOf();
  let settle = (): void => {};
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const leaving = parkedAt("own", "here", settled);
  lot.enter(leaving);
  const { dial, told } = dialOf(lot, "own");
  await new Promise(setImmediate);
  assert.deepEqual(told, []);
  lot.leave(leaving);
  settle();
  assert.equal(await dial.end, DIALLED);
  assert.deepEqual([told, dial.waiting, dial.kind], [["dial"], undefined, "socket"]);
});

test("what the rules forbid now is dialled as ever, which says so, and stays parked", async () => {
  const lot = lotOf();
  lot.enter(parkedAt("own"));
  const { dial, told } = dialOf(lot, "own", false);
  assert.equal(await dial.end, DIALLED);
  assert.deepEqual([told, lot.count], [["dial"], 1]);
});

test("a dial that is given up takes nothing", async () => {
  const lot = lotOf();
  lot.enter(parkedAt("own"));
  const { dial, told } = dialOf(lot, "own");
  dial.abort();
  await assert.rejects(dial.end, /given up/);
  assert.deepEqual([told, lot.count], [[], 1]);
});

test("no more connections are parked than there may be, of one client and of all", () => {
  const lot = lotOf();
  const refusals = Array.from({ length: MAX_PARKED + 1 }, (_, n) => {
    const parking = parkedAt(`k${n}`, `client ${Math.floor(n / MAX_PARKED_PER_CLIENT)}`);
    lot.enter(parking);
    return lot.refusal(parking);
  });
  assert.deepEqual(
    refusals.filter((refusal) => refusal !== undefined),
    [`${MAX_PARKED} connections are parked already`],
  );
  const crowd = lotOf();
  for (let n = 0; n < MAX_PARKED_PER_CLIENT; n += 1) crowd.enter(parkedAt(`k${n}`));
  const last = parkedAt("last");
  crowd.enter(last);
  assert.equal(crowd.refusal(last), `${MAX_PARKED_PER_CLIENT} connections of this client are parked already`);
});

test("when all together keep too much, the remotes wait until there is room again", () => {
  const lot = lotOf();
  const parking = parkedAt("own");
  lot.enter(parking);
  lot.waitingChanged(MAX_PARKED_BYTES);
  assert.deepEqual([lot.isFull, lot.bytes], [true, MAX_PARKED_BYTES]);
  lot.waitingChanged(-1);
  assert.deepEqual([lot.isFull, (parking as unknown as { room: number }).room], [false, 1]);
});
