// 20 clients of a device whose answers have every kind of fault. A failure prints the seed of the run:
//   MUX_COUNT=1000 MUX_SEED=42 node --test dist/test/long/mux-values.test.js
// The seed decides what each of them does. The order of simultaneous events is up to the machine.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Asker, judge, type TestProtocol } from "../support/exchange.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import { faults as faultsOf } from "../support/process.js";
import { conbus, echo, http, iso8583, mpu } from "../support/protocols.js";
import { Random } from "../support/random.js";
import { type Faults, faulty, Simulator } from "../support/simulator.js";
import { pause } from "../support/wait.js";

const SEED = Number(process.env["MUX_SEED"] ?? Date.now() % 1_000_000);
const COUNT = process.env["MUX_COUNT"];
const CLIENTS = 20;
const TIME_S = 0.3;
const LATE_MS = TIME_S * 1000 + 60;
/** Beyond its timeout a request may wait so long for a new link and a busy machine. */
const SLACK_MS = 4000;
const PAUSE_MS = 200; // after a failure: requests fail at once while the device is away

interface Case {
  readonly protocol: TestProtocol;
  readonly options: string;
  readonly pool: number;
  readonly pipe: number;
  /** Requests of each client. */
  readonly count: number;
  readonly faults: Faults;
}

/** Faults of 5 % of the answers, with a close now and then. Where answers carry ids, only the close costs a link. */
const WITH_IDS: Faults = { slow: 0.015, late: 0.003, drop: 0.002, duplicate: 0.015, reorder: 0.0145, close: 0.0005 };
/** Late, doubled and missing answers cost the link here, and a new link opens at most once a second. */
const WITHOUT: Faults = { slow: 0.03, late: 0.004, drop: 0.003, duplicate: 0.01, close: 0.003 };

const modbus = modbusProtocol("modbus");
const CASES: readonly Case[] = [
  { protocol: modbus, options: "PIPE=8", pool: 1, pipe: 8, count: 1000, faults: WITH_IDS },
  { protocol: modbus, options: "", pool: 1, pipe: 1, count: 150, faults: WITH_IDS },
  { protocol: modbus, options: "POOL=3 PIPE=4", pool: 3, pipe: 4, count: 500, faults: WITH_IDS },
  { protocol: modbusProtocol("modbus-rtu"), options: "PIPE=8", pool: 1, pipe: 8, count: 500, faults: WITH_IDS },
  ...[modbusProtocol("modbus-serial"), echo, iso8583, mpu, conbus, http].map((protocol) => ({
    protocol,
    options: "POOL=4",
    pool: 4,
    pipe: 1,
    count: 50,
    faults: WITHOUT,
  })),
  { protocol: echo, options: "", pool: 1, pipe: 1, count: 10, faults: WITHOUT },
];

/** The outcomes of all clients. */
interface Tally {
  readonly outcomes: Record<string, number>;
  readonly wrongs: string[];
  longestMs: number;
}

/** A client that sends requests, several at a time, and now and then leaves before the answer. */
async function client(port: number, protocol: TestProtocol, random: Random, count: number, tally: Tally) {
  const add = (what: string): void => {
    tally.outcomes[what] = (tally.outcomes[what] ?? 0) + 1;
  };
  let asker = await Asker.open(port, protocol);
  const ask = async (): Promise<boolean> => {
    const request = protocol.request(random.between(0, 2 ** 22), asker.nextId());
    const since = performance.now();
    const answer = await asker.ask(request);
    const ms = performance.now() - since;
    tally.longestMs = Math.max(tally.longestMs, ms);
    if (ms > TIME_S * 1000 + SLACK_MS) tally.wrongs.push(`answered after ${ms.toFixed(0)} ms`);
    const outcome = answer === undefined ? "closed" : judge(protocol, request, answer);
    add(outcome);
    if (outcome === "wrong") tally.wrongs.push(`${show(request)} was answered by ${show(answer)}`);
    return outcome === "right";
  };
  for (let left = count; left > 0; ) {
    const batch = Math.min(left, random.chance(0.2) ? random.between(2, 4) : 1);
    left -= batch;
    const asked = Array.from({ length: batch }, ask);
    if (random.chance(0.005)) asker.destroy();
    const all = await Promise.all(asked);
    if (!all.every(Boolean)) await pause(PAUSE_MS);
    if (asker.client.closed || asker.client.ended || asker.client.socket.destroyed) {
      tally.wrongs.push(...asker.surplus.map((answer) => `not asked for: ${show(answer)}`));
      asker.destroy();
      asker = await Asker.open(port, protocol);
    }
  }
  tally.wrongs.push(...asker.surplus.map((answer) => `not asked for: ${show(answer)}`));
  asker.destroy();
}

function show(message: Buffer | undefined): string {
  return `${message?.toString("hex")} ${JSON.stringify(message?.toString("latin1"))}`;
}

describe(`no wrong value, seed ${SEED}`, { concurrency: 3 }, () => {
  for (const [index, { protocol, options, pool, pipe, count, faults }] of CASES.entries()) {
    test(`${protocol.name} ${options || "POOL=1"}`, { timeout: 120_000 }, async (t) => {
      const counts: Record<string, number> = {};
      const random = new Random(SEED * 1009 + index);
      const answering = faulty(random, protocol, faults, LATE_MS, counts);
      const device = await Simulator.open(protocol, { answering, limit: pool });
      t.after(() => device.stop());
      const line = `127.0.0.1:${device.port} PROT=${protocol.name} TIME=${TIME_S} QLEN=100 ${options}`;
      const mux = await startMux(t, line);
      const tally: Tally = { outcomes: {}, wrongs: [], longestMs: 0 };
      const each = Number(COUNT ?? count);
      const randoms = Array.from({ length: CLIENTS }, (_, key) => new Random(SEED * 1_000_003 + index * 100 + key));
      const since = performance.now();
      try {
        await Promise.all(randoms.map((own) => client(mux.port, protocol, own, each, tally)));
      } finally {
        const seconds = ((performance.now() - since) / 1000).toFixed(1);
        const figures = { ...tally.outcomes, longestMs: Math.round(tally.longestMs), links: device.links.length };
        t.diagnostic(`${seconds} s: ${JSON.stringify(figures)}; answers: ${JSON.stringify(counts)}`);
        t.diagnostic(`the mux: ${JSON.stringify(await mux.status())}`);
      }
      assert.deepEqual(tally.wrongs.slice(0, 10), []);
      const { right = 0 } = tally.outcomes;
      const least = pool === 1 && protocol.id === undefined ? 5 : 2; // a fault costs the only link, and that a second
      assert.ok(right >= (CLIENTS * each) / least, `only ${right} of ${CLIENTS * each} were answered`);
      assert.ok(
        device.mostLinks <= pool && device.refused === 0,
        `${device.mostLinks} links, ${device.refused} too many`,
      );
      assert.ok(device.mostOutstanding <= pipe, `${device.mostOutstanding} requests at a time on one link`);
      assert.deepEqual(faultsOf(mux.daemon.log()), []);
      assert.equal(await mux.daemon.stop(), 0);
    });
  }
});
