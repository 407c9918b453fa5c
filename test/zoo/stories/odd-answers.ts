import assert from "node:assert/strict";
import type { Asker, Outcome, TestProtocol } from "../../support/exchange.js";
import { MODBUS_KINDS, readPdu } from "../../support/modbus.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { Client } from "../../support/net.js";
import { conbus, echo, http, iso8583, mpu } from "../../support/protocols.js";
import { pause, until } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";
import { changes, leavesIdle } from "../animals/habits.js";
import { allRight, askAll, keys, type Story, type Visit } from "../story.js";

/** Protocols of requests, by whether ids tell answers apart. */
const WITHOUT_IDS: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu, conbus],
  ...[modbusProtocol("modbus-serial"), modbusProtocol("modbus-ascii")],
];
const ALL: readonly TestProtocol[] = [...WITHOUT_IDS, modbusProtocol("modbus"), modbusProtocol("modbus-rtu")];

/** Keeps every answer back whose number `which` picks, for `ms`. */
function late(ms: number, which: (number: number) => boolean): Habit {
  let count = 0;
  return {
    answers: (next) => (asked, send) => {
      count += 1;
      if (which(count)) asked.link.later(ms, () => next(asked, send));
      else next(asked, send);
    },
  };
}

/** Asks for each of the keys, with a new client after each that was closed. */
async function askOn(visit: Visit, wanted: Iterable<number>): Promise<{ outcomes: Outcome[]; clients: Asker[] }> {
  let client = await visit.client();
  const clients = [client];
  const outcomes: Outcome[] = [];
  for (const key of wanted) {
    const outcome = await client.outcome(key);
    outcomes.push(outcome);
    if (outcome !== "closed") continue;
    client = await visit.client();
    clients.push(client);
  }
  return { outcomes, clients };
}

const LATE: readonly Story[] = ALL.map((protocol) => ({
  device: "Device that is too late now and then",
  behaviour: "sends one answer of four after 0.5 s",
  clients: "an error for that request, and the answers of the others: never another one's",
  options: `PROT=${protocol.name} TIME=0.3`,
  animal: () =>
    Animal.open(
      protocol,
      late(500, (number) => number % 4 === 0),
    ),
  async visit(visit) {
    const asked = await Promise.all([0, 1].map((n) => askOn(visit, keys(6, 100 * n))));
    const outcomes = asked.flatMap(({ outcomes }) => outcomes);
    assert.ok(!outcomes.includes("wrong"), outcomes.join());
    assert.ok(outcomes.filter((outcome) => outcome === "right").length >= 6, outcomes.join());
    await pause(250); // the last late answer
    for (const client of asked.flatMap(({ clients }) => clients)) assert.deepEqual(client.surplus, []);
  },
}));

const TWICE: readonly Story[] = [http, conbus, ...MODBUS_KINDS.map((kind) => modbusProtocol(kind))].map((protocol) => ({
  device: "Device that stutters",
  behaviour: "sends each answer twice in one packet",
  clients: "each gets its own answers, none of them twice",
  options: `PROT=${protocol.name} TIME=3`,
  animal: () =>
    Animal.open(
      protocol,
      changes((answer) => Buffer.concat([answer, answer])),
    ),
  async visit({ client }) {
    const clients = await Promise.all([client(), client()]);
    const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(3, 10 * n))));
    for (const each of outcomes) assert.ok(!each.includes("wrong"), each.join());
    await pause(50);
    for (const each of clients) assert.deepEqual(each.surplus, []);
  },
}));

const REQUEST_TIMEOUT = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

const IDLE_MS = 250;

/** A device whose idle connections end with a response that nobody asked for. */
const SAYS_TIMEOUT: Habit = {
  connected(link) {
    const look = (): void => {
      const lastAt = link.requests.at(-1)?.at ?? link.openedAt;
      if (performance.now() - lastAt >= IDLE_MS) {
        link.write(REQUEST_TIMEOUT);
        link.end();
      } else link.later(10, look);
    };
    link.later(IDLE_MS, look);
  },
};

/** A device that closes an idle connection just as a request arrives. */
const IS_TOO_LATE: Habit = {
  answers: (next) => (asked, send) => {
    if (asked.link.requests.length === 1) return next(asked, send);
    asked.link.write(REQUEST_TIMEOUT);
    asked.link.end();
  },
};

/** A device that takes every request for half of one. */
const NEVER_READS: Habit = {
  answers:
    () =>
    ({ link }) => {
      link.write(REQUEST_TIMEOUT);
      link.end();
    },
};

/** Answers that come late, twice, or without a request; and requests that are none. */
export const ODD_ANSWERS: readonly Story[] = [
  ...LATE,
  ...TWICE,
  {
    device: "Web server that closes idle connections",
    behaviour: "says 408 on a connection that is idle, and closes it",
    clients: "the answer of their request, never the 408",
    options: "PROT=http TIME=3",
    animal: () => Animal.open(http, SAYS_TIMEOUT),
    async visit({ animal, client }) {
      const [one, other] = await Promise.all([client(), client()]);
      for (const n of keys(3)) {
        assert.equal(await one.outcome(n), "right");
        await until(() => animal.open.length === 0, "the device to close");
        assert.equal(await other.outcome(10 + n), "right");
        await pause(30);
      }
      assert.deepEqual([...one.surplus, ...other.surplus], []);
    },
  },
  {
    device: "Web server that closes idle connections",
    behaviour: "says 408 and closes the connection while the next request is on its way",
    clients: "the answer of their request, never the 408",
    options: "PROT=http TIME=3",
    animal: () => Animal.open(http, IS_TOO_LATE),
    async visit({ client }) {
      const [one, other] = await Promise.all([client(), client()]);
      assert.deepEqual(await Promise.all([askAll(one, keys(5)), askAll(other, keys(5, 10))]), [
        allRight(5),
        allRight(5),
      ]);
      await pause(30);
      assert.deepEqual([...one.surplus, ...other.surplus], []);
    },
  },
  {
    device: "Web server that misreads requests",
    behaviour: "says 408 to every request",
    clients: "the 408, behind a second try",
    options: "PROT=http TIME=3",
    animal: () => Animal.open(http, NEVER_READS),
    async visit({ animal, client }) {
      const one = await client();
      assert.match(String(await one.ask(http.request(1, 1))), /^HTTP\/1\.1 408 /);
      assert.equal(animal.requests.length, 2);
    },
  },
  {
    device: "Inverter beside a client that sends nonsense",
    behaviour: "answers at once; one client sends frames with a wrong CRC, or of 300 bytes",
    clients: "that one is closed at once, and the others notice nothing",
    options: "PROT=modbus-rtu TIME=15",
    animal: () => Animal.open(modbusProtocol("modbus-rtu"), leavesIdle(60_000)),
    async visit({ animal, modbus, mux }) {
      const client = await modbus();
      for (const nonsense of ["0001 0000 0008 01 03 0000 0001 dead", `0001 0000 012c 01 10 ${"00".repeat(298)}`]) {
        const bad = await Client.open(mux.port);
        bad.write(Buffer.from(nonsense.replaceAll(" ", ""), "hex"));
        const since = performance.now();
        await until(() => bad.ended || bad.closed, "the client to be closed");
        assert.ok(performance.now() - since < 10_000);
        bad.destroy();
        const value = `0302${registerValue(1, 5).toString(16).padStart(4, "0")}`;
        assert.equal(await client.call(1, readPdu(5)), value);
      }
      assert.equal(animal.links.length, 1);
      assert.equal(animal.requests.length, 2);
      assert.deepEqual(await askAll(client, keys(3)), allRight(3));
    },
  },
];
