// Outages of a shared device in all protocols: a power cut without a word, a device that refuses, a link that is dead though the device lives.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Asker, type Outcome, type TestProtocol } from "../support/exchange.js";
import { freePort } from "../support/free-port.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { type Mux, startMux } from "../support/mux.js";
import { blackHole, dropConnections, insideNamespace, noBlackHole, runInside } from "../support/namespace.js";
import { missing } from "../support/peers.js";
import { conbus, echo, http, iso8583, mpu } from "../support/protocols.js";
import { Simulator } from "../support/simulator.js";
import { pause, until } from "../support/wait.js";

const REPEATABLE = [
  http,
  conbus,
  ...(["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => modbusProtocol(kind)),
];
const PROTOCOLS: readonly TestProtocol[] = [...REPEATABLE, echo, iso8583, mpu];
const TIME_S = 2;
const LONG_MS = 6000;
const QUIET_MS = 2500;
const BACK_MS = 1000; // after this time every request succeeds (docs/mux.md)

/** A device that can be without power, and a client that goes on asking. */
class Household {
  readonly protocol: TestProtocol;
  readonly host: string;
  readonly port: number;
  readonly mux: Mux;
  /** Connections that the device takes. */
  limit = 1;
  #device: Simulator | undefined;
  #client: Asker | undefined;
  #key = 0;

  private constructor(protocol: TestProtocol, host: string, port: number, mux: Mux) {
    this.protocol = protocol;
    this.host = host;
    this.port = port;
    this.mux = mux;
  }

  static async open(t: TestContext, protocol: TestProtocol, index: number): Promise<Household> {
    const [host, port] = [`127.0.1.${index + 1}`, await freePort()];
    const mux = await startMux(t, `${host}:${port} PROT=${protocol.name} TIME=${TIME_S}`);
    const home = new Household(protocol, host, port, mux);
    await home.switchOn();
    t.after(async () => {
      home.#client?.destroy();
      await home.switchOff();
    });
    return home;
  }

  async switchOn(): Promise<void> {
    this.#device = await Simulator.open(this.protocol, { host: this.host, port: this.port, limit: this.limit });
  }

  async switchOff(): Promise<void> {
    await this.#device?.stop();
    this.#device = undefined;
  }

  /** Our ports of the links to the device. */
  get linkPorts(): number[] {
    return (this.#device?.open ?? []).map(({ socket }) => socket.remotePort ?? 0);
  }

  async ask(): Promise<{ outcome: Outcome; ms: number }> {
    if (this.#client === undefined || this.#client.client.ended || this.#client.client.closed) {
      this.#client = await Asker.open(this.mux.port, this.protocol);
    }
    const since = performance.now();
    this.#key = (this.#key + 1) % 100;
    const outcome = await this.#client.outcome(this.#key);
    return { outcome, ms: performance.now() - since };
  }

  /** Asks five times a second until the time; returns the outcomes of requests that went out after `since`. */
  async poll(since: number, end: number): Promise<{ at: number; outcome: Outcome }[]> {
    const outcomes: { at: number; outcome: Outcome }[] = [];
    while (performance.now() < end) {
      const at = performance.now();
      const { outcome } = await this.ask();
      if (at >= since) outcomes.push({ at: Math.round(at - since), outcome });
      await pause(200);
    }
    return outcomes;
  }
}

function openAll(t: TestContext): Promise<Household[]> {
  return Promise.all(PROTOCOLS.map((protocol, index) => Household.open(t, protocol, index)));
}

async function each(homes: readonly Household[], what: (home: Household) => Promise<void>): Promise<void> {
  await Promise.all(homes.map(what));
}

const hosts = (homes: readonly Household[]): string[] => homes.map(({ host }) => host);

async function outage(homes: readonly Household[], ms: number, isSilent: boolean): Promise<void> {
  if (isSilent) blackHole(...hosts(homes));
  await each(homes, (home) => home.switchOff());
  await pause(ms);
  await each(homes, (home) => home.switchOn());
  if (isSilent) noBlackHole();
}

if (!insideNamespace) {
  test("outages of a shared device", { skip: missing("unshare", "ip", "nft") }, (context) =>
    runInside(import.meta.url, context),
  );
} else {
  for (const [what, isSilent] of [
    ["that refuses connects", false],
    ["without a word", true],
  ] as const) {
    test(`an outage of 6 s ${what}, under steady requests: 1 s after the device is back, all succeed`, async (t) => {
      const homes = await openAll(t);
      const began = performance.now();
      const backAt = began + 1000 + LONG_MS;
      const polls = homes.map((home) => home.poll(backAt + BACK_MS, backAt + BACK_MS + 3000));
      await pause(1000);
      await outage(homes, LONG_MS, isSilent);
      const late = performance.now() - backAt;
      for (const [index, outcomes] of (await Promise.all(polls)).entries()) {
        const after = outcomes.filter(({ at }) => at >= late);
        const bad = after.filter(({ outcome }) => outcome !== "right");
        assert.deepEqual(bad, [], `${homes[index]?.protocol.name}: of ${after.length}`);
        assert.ok(after.length >= 5, `${homes[index]?.protocol.name}: ${after.length}`);
      }
      for (const { mux, protocol } of homes) assert.equal((await mux.status()).down, false, protocol.name);
    });

    test(`an outage of 2.5 s ${what}, while nobody asks: the first read succeeds`, async (t) => {
      const homes = await openAll(t);
      await each(homes, async (home) => {
        for (let n = 0; n < 3; n += 1) assert.equal((await home.ask()).outcome, "right");
      });
      await outage(homes, QUIET_MS, isSilent);
      await each(homes, async (home) => {
        const { outcome, ms } = await home.ask();
        const mayFail = isSilent && !REPEATABLE.includes(home.protocol);
        if (mayFail && outcome !== "right") assert.equal(outcome, "closed");
        else assert.equal(outcome, "right", `${home.protocol.name}: ${home.mux.daemon.log()}`);
        assert.ok(ms < 4000, `${home.protocol.name}: ${ms} ms`);
        for (let n = 0; n < 3; n += 1) assert.equal((await home.ask()).outcome, "right", home.protocol.name);
      });
    });
  }

  test("a link that is dead though the device lives: a read is asked again on a new link, within its time", async (t) => {
    const homes = (await openAll(t)).filter(({ protocol }) => REPEATABLE.includes(protocol));
    for (const home of homes) home.limit = 2; // it cannot hear that the first one is over
    await each(homes, (home) => home.switchOff());
    await each(homes, (home) => home.switchOn());
    await each(homes, async (home) => assert.equal((await home.ask()).outcome, "right"));
    await until(() => homes.every(({ linkPorts }) => linkPorts.length === 1), "the links");
    dropConnections(...homes.flatMap(({ linkPorts }) => linkPorts));
    await each(homes, async (home) => {
      const { outcome, ms } = await home.ask();
      assert.equal(outcome, "right", `${home.protocol.name}: ${home.mux.daemon.log()}`);
      assert.ok(ms < 4000, `${home.protocol.name}: ${ms} ms`);
    });
    noBlackHole();
  });

  test("a network that is away for 6 s, and a device that takes one connection and has noticed nothing", async (t) => {
    const homes = await openAll(t);
    await each(homes, async (home) => assert.equal((await home.ask()).outcome, "right"));
    const backAt = performance.now() + LONG_MS;
    blackHole(...hosts(homes));
    const polls = homes.map((home) => home.poll(backAt + BACK_MS, backAt + BACK_MS + 3000));
    await pause(LONG_MS);
    noBlackHole();
    for (const [index, outcomes] of (await Promise.all(polls)).entries()) {
      const bad = outcomes.filter(({ outcome }) => outcome !== "right");
      assert.deepEqual(bad, [], `${homes[index]?.protocol.name}: of ${outcomes.length}`);
    }
  });
}
