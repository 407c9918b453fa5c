import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { RequestParts } from "#src/core/mux/client-records.js";
import type { MuxStatus } from "#src/core/mux/mux-status.js";
import { FAILURES } from "#src/core/mux/request-outcome.js";
import { BroadcastMux } from "#src/mux/broadcast-mux.js";
import { RequestMux } from "#src/mux/request-mux.js";
import { cut, type TestProtocol } from "../support/exchange.js";
import { readPdu } from "../support/modbus.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { type AttachedClient, attachTo, modbusMessage, muxRoute, pass, settle } from "../support/mux-parts.js";
import { echo, http, iso8583, mpu } from "../support/protocols.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

const FIRST_HOLD_MS = 50; // behind the first answer of a device the link takes no request: the device might close it
const ADDRESSES = ["192.0.2.7", "192.0.2.8"];

/** A device that answers when it is told to. */
async function openDevice(t: TestContext, protocol: TestProtocol) {
  const waiting: { readonly socket: Socket; readonly request: Buffer }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let held = Buffer.alloc(0);
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      const { messages, rest } = cut(Buffer.concat([held, chunk]), protocol.requestLength);
      for (const request of messages) waiting.push({ socket, request });
      held = Buffer.from(rest);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const answer = (): void => {
    const next = waiting.shift();
    next?.socket.write(protocol.answer(next.request));
  };
  const hangUp = (): void => {
    waiting.length = 0;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  t.after(() => {
    hangUp();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, waiting, answer, hangUp };
}

async function setUp(t: TestContext, options: string, protocol = modbusProtocol("modbus")) {
  const here = servicesHere(t);
  const device = await openDevice(t, protocol);
  const route = muxRoute(`PROT=${protocol.name} ${options}`, `127.0.0.1:${device.port}`);
  const mux = new RequestMux({ port: 5020, route }, here.generation.context);
  t.after(() => mux.close("the test has ended"));
  return { ...here, device, mux };
}

/** The law: each request is in one of the parts, and in one only. */
function assertSum(who: string, parts: RequestParts): void {
  const { requests, ...others } = parts;
  const { answers, cacheHits, joined, sent, failed, refused, abandoned, open } = others;
  const sum = answers + cacheHits + joined + sent + failed + refused + abandoned + open;
  assert.equal(sum, requests, `${who}: ${JSON.stringify(parts)}`);
  for (const part of [answers, cacheHits, joined, sent, failed, refused, abandoned, open]) assert.ok(part >= 0, who);
}

function partsOf({ requests, answers, cacheHits, joined, sent, failed, refused, abandoned, open }: RequestParts) {
  return { requests, answers, cacheHits, joined, sent, failed, refused, abandoned, open };
}

function assertLaw(status: MuxStatus): void {
  assertSum("the mux", partsOf(status));
  for (const client of status.clients) assertSum(client.address, partsOf(client));
  const sums = Object.keys(partsOf(status)).map((key) => [
    key,
    status.clients.reduce((sum, client) => sum + client[key as keyof RequestParts], 0),
  ]);
  assert.deepEqual(Object.fromEntries(sums), partsOf(status), "the sum over all clients");
  const failures = FAILURES.reduce((sum, failure) => sum + status[failure], 0);
  assert.equal(failures, status.failed);
}

const ACTION = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("ask"), client: fc.nat(3), what: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("answer"), client: fc.nat(3), what: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("leave", "hang up", "wait", "wait long"),
      client: fc.nat(3),
      what: fc.nat(3),
    }),
  },
);
const KEYS = [1, 1, 2, 3];

/** The answers of the device among what clients have got. */
function answersOf(clients: readonly AttachedClient[], protocol: TestProtocol): number {
  return clients
    .flatMap(({ got }) => cut(Buffer.concat(got), protocol.answerLength).messages)
    .filter((message) => !protocol.isRefusal(message)).length;
}

const LOADS: readonly (readonly [TestProtocol, string])[] = [
  ...["CACH=500", "RDON=deny PIPE=4", "POOL=2 QLEN=2"].map((options) => [modbusProtocol("modbus"), options] as const),
  [modbusProtocol("modbus-serial"), "QLEN=3"],
  ...[echo, iso8583, mpu].map((protocol) => [protocol, "QLEN=3"] as const),
  [http, "POOL=2"],
];

for (const [protocol, options] of LOADS) {
  test(`each request ends once, and every client has its part, whatever happens: ${protocol.name} ${options}`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(ACTION, { minLength: 10, maxLength: 50 }), async (actions) => {
        const { mux, device, clock } = await setUp(t, `TIME=5 ${options}`, protocol);
        const clients = new Map<number, AttachedClient>();
        const all = new Map<string, AttachedClient[]>(ADDRESSES.map((address) => [address, []]));
        const clientOf = (index: number): AttachedClient => {
          const known = clients.get(index);
          if (known !== undefined && known.closed === undefined) return known;
          const address = ADDRESSES[index % 2] as string;
          const client = attachTo(mux, address);
          all.get(address)?.push(client);
          clients.set(index, client);
          return client;
        };
        const leave = (index: number): void => {
          clients.get(index)?.end.destroy();
          clients.delete(index);
        };
        for (const [id, action] of actions.entries()) {
          if (action.do === "ask") clientOf(action.client).end.write(protocol.request(KEYS[action.what] ?? 0, id));
          else if (action.do === "answer") device.answer();
          else if (action.do === "leave") leave(action.client);
          else if (action.do === "hang up") device.hangUp();
          else await pass(clock, action.do === "wait" ? 300 : 3000, 300);
          await settle();
          assertLaw(mux.status);
        }
        await pass(clock, 12_000, 500);
        assertLaw(mux.status);
        assert.deepEqual([mux.status.open, mux.status.joining], [0, 0], "all have ended");
        for (const [address, mine] of all) {
          const clients = mux.status.clients.filter((client) => client.address === address);
          const counted = clients.reduce((sum, client) => sum + client.answers + client.cacheHits + client.joined, 0);
          assert.equal(counted, answersOf(mine, protocol), `answers that ${address} has got`);
        }
        await pass(clock, 65_000, 5000);
        assert.equal(mux.status.load, 0, "nothing counts as outstanding");
        for (const index of [0, 1, 2, 3]) leave(index);
        await settle();
        assertLaw(mux.status);
        assert.ok(mux.status.clients.every(({ connected }) => !connected));
        mux.close("the next run");
        device.hangUp();
      }),
      { numRuns: 4, endOnFailure: true }, // to shrink takes a minute
    );
  });
}

test("45 requests: what the cache answered is not hidden", async (t) => {
  const { mux, device, clock } = await setUp(t, "CACH=1h");
  const [one, other] = [attachTo(mux, "192.0.2.7"), attachTo(mux, "192.0.2.8")];
  const ask = async (client: AttachedClient, register: number): Promise<void> => {
    const { length } = client.got;
    client.end.write(modbusMessage(1, readPdu(register)));
    await until(() => {
      device.answer();
      clock.advance(FIRST_HOLD_MS);
      return client.got.length > length;
    }, "the answer");
  };
  for (let register = 0; register < 27; register += 1) await ask(one, register);
  for (let register = 0; register < 18; register += 1) await ask(other, register);
  const { requests, answers, cacheHits, clients } = mux.status;
  assert.deepEqual({ requests, answers, cacheHits }, { requests: 45, answers: 27, cacheHits: 18 });
  assert.deepEqual(
    clients.map((client) => [client.address, client.requests, client.answers, client.cacheHits]),
    [
      ["192.0.2.7", 27, 27, 0],
      ["192.0.2.8", 18, 0, 18],
    ],
  );
});

test("time waited for the turn and time at the device are those of the client that asked", async (t) => {
  const { mux, device, clock } = await setUp(t, "TIME=50");
  const [one, other] = [attachTo(mux, "192.0.2.7"), attachTo(mux, "192.0.2.8")];
  one.end.write(modbusMessage(1, readPdu(1)));
  await until(() => device.waiting.length === 1, "the first request");
  other.end.write(modbusMessage(1, readPdu(2)));
  await pass(clock, 2000);
  device.answer();
  await until(() => one.got.length === 1, "the first answer");
  await pass(clock, FIRST_HOLD_MS);
  await until(() => device.waiting.length === 1, "the second request");
  await pass(clock, 1000);
  device.answer();
  await until(() => other.got.length === 1, "the second answer");
  assert.deepEqual(
    mux.status.clients.map(({ waitedMs, deviceMs }) => [waitedMs, deviceMs]),
    [
      [0, 2000],
      [2000 + FIRST_HOLD_MS, 1000],
    ],
  );
  const { p50Ms = 0, p99Ms = 0 } = mux.status.response ?? {};
  assert.ok(Math.abs(p50Ms - 1000) <= 50 && Math.abs(p99Ms - 2000) <= 100, `${p50Ms} ${p99Ms}`);
  assert.ok((mux.status.load ?? 0) > 0.98);
});

test("a client that connects anew for each request is one client", async (t) => {
  const { mux, device, clock } = await setUp(t, "");
  for (let count = 1; count <= 5; count += 1) {
    const client = attachTo(mux);
    client.end.write(modbusMessage(1, readPdu(1)));
    await until(() => {
      device.answer();
      clock.advance(FIRST_HOLD_MS);
      return client.got.length === 1;
    }, "the answer");
    client.end.destroy();
  }
  const [only, ...more] = mux.status.clients;
  assert.deepEqual([only?.connections, only?.requests, only?.answers, only?.connected, more], [5, 5, 5, false, []]);
});

test("the status says how many requests a silent device has left without an answer, and since when", async (t) => {
  const { mux, device, clock } = await setUp(t, "ATIM=1");
  const silence = () => [mux.status.unanswered, mux.status.silentMs, mux.status.askedMs];
  assert.deepEqual(silence(), [0, undefined, undefined]);
  const client = attachTo(mux);
  for (let count = 1; count <= 3; count += 1) {
    client.end.write(modbusMessage(count, readPdu(1)));
    await until(() => {
      clock.advance(100);
      return mux.status.unanswered === count;
    }, "the end of the wait");
  }
  const { silentMs = 0, askedMs = Number.NaN } = mux.status;
  assert.ok(silentMs >= 3000 && askedMs < silentMs, `${silentMs} ${askedMs}`);
  client.end.write(modbusMessage(4, readPdu(1)));
  await until(() => {
    clock.advance(100);
    device.answer();
    return mux.status.answers === 1;
  }, "the answer");
  assert.deepEqual(silence().slice(0, 2), [0, undefined]);
});

test("a link that nobody has used for a second says idle", async (t) => {
  const { mux, device, clock } = await setUp(t, "");
  const client = attachTo(mux);
  client.end.write(modbusMessage(1, readPdu(1)));
  await until(() => device.waiting.length === 1, "the request");
  assert.equal(mux.status.links[0]?.state, "busy");
  device.answer();
  await until(() => client.got.length === 1, "the answer");
  assert.equal(mux.status.links[0]?.state, "ready");
  await pass(clock, 1500);
  assert.deepEqual([mux.status.links[0]?.state, mux.status.links[0]?.idleMs], ["idle", 1500]);
});

test("MODE=broadcast: messages are sent, or wait, or their client has left", async (t) => {
  const here = servicesHere(t);
  const device = await openDevice(t, echo);
  const route = muxRoute("PROT=echo MODE=broadcast GAPM=100", `127.0.0.1:${device.port}`);
  const mux = new BroadcastMux({ port: 5020, route }, here.generation.context);
  t.after(() => mux.close("the test has ended"));
  const [one, other] = [attachTo(mux, "192.0.2.7"), attachTo(mux, "192.0.2.8")];
  for (const client of [one, other]) for (let count = 0; count < 3; count += 1) client.end.write(`message ${count}\n`);
  await until(() => device.waiting.length === 1, "the first message");
  assertLaw(mux.status);
  await pass(here.clock, 100);
  other.end.destroy();
  await settle();
  assertLaw(mux.status);
  const { requests, sent, abandoned, open } = mux.status;
  assert.deepEqual({ requests, sent, abandoned, open }, { requests: 6, sent: 2, abandoned: 2, open: 2 });
});
