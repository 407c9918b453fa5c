import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { POLLER } from "#src/core/mux/client-records.js";
import type { Publication } from "#src/core/mux/publish/published-value.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { PassivePublish } from "#src/mux/passive-publish.js";
import { RequestMux } from "#src/mux/request-mux.js";
import { type ModbusKind, readPdu, unwrap, words, wrap, writePdu } from "../support/modbus.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { type AttachedClient, attachTo, muxRoute, pass, settle } from "../support/mux-parts.js";
import { servicesHere } from "../support/services.js";
import { Simulator } from "../support/simulator.js";
import { until } from "../support/wait.js";

/** A device all of whose registers change together with each answer, a mux for it, and what is published of it. */
async function setUp(t: TestContext, options: string, kind: ModbusKind = "modbus", deviceKind = kind) {
  const here = servicesHere(t);
  const device = await Simulator.open(modbusProtocol(deviceKind));
  const model = { version: 0, exception: undefined as number | undefined };
  device.answering = (_answer, link, bytes) => {
    const { id, unit, pdu } = unwrap(deviceKind, bytes);
    model.version += 1;
    const [code = 0] = pdu;
    const values = Array.from({ length: pdu.readUInt16BE(3) }, (_, at) =>
      registerAt(pdu.readUInt16BE(1) + at, model.version),
    );
    const isRead = code === 3 || code === 4;
    const answer =
      model.exception !== undefined
        ? Buffer.of(code | 0x80, model.exception)
        : isRead
          ? Buffer.concat([Buffer.of(code, 2 * values.length), words(0, ...values).subarray(1)])
          : pdu;
    link.send(wrap(deviceKind, { id, unit, pdu: answer }));
  };
  const route = muxRoute(`PROT=${kind} ${options}`, `127.0.0.1:${device.port}`);
  const line = { port: 5020, route };
  const { context } = here.generation;
  const mux = new RequestMux(line, context);
  const told: Publication[] = [];
  const publish = (former?: PassivePublish): PassivePublish =>
    new PassivePublish(mux, line, context, { publish: (publication) => void told.push(publication) }, former);
  t.after(async () => {
    mux.close("the test has ended");
    await device.stop();
  });
  let id = 0;
  /** A client asks, and has its answer: its PDU. */
  const ask = async (client: AttachedClient, pdu: Buffer, unit = 1): Promise<Buffer> => {
    client.got.splice(0);
    id += 1;
    client.end.write(wrap(kind, { id, unit, pdu }));
    for (let waits = 0; client.got.length === 0; waits += 1) {
      await settle();
      if (waits % 10 === 9) here.clock.advance(waits < 100 ? 1 : 100); // pauses of the link
    }
    return unwrap(kind, client.got[0] as Buffer).pdu;
  };
  return { ...here, device, model, mux, told, publish, ask };
}

/** The halves of a number that counts up. */
function registerAt(address: number, version: number): number {
  return address % 2 === 0 ? version & 0xff : (version * 257) & 0xffff;
}

/** The number in two registers from an even address on. */
function trueValue(version: number): number {
  return (version & 0xff) * 65_536 + ((version * 257) & 0xffff);
}

const RULES =
  "PUBL=unit+1+holding+10+uint32+as+a PUBL=unit+1+holding+12+uint32+as+b PUBL=unit+2+holding+10+uint32+as+c";

for (const kind of ["modbus", "modbus-rtu", "modbus-serial", "modbus-ascii"] as const) {
  test(`${kind}: what clients read is published, without a request more`, async (t) => {
    const { device, told, publish, mux, ask } = await setUp(t, RULES, kind);
    const published = publish();
    const client = attachTo(mux);
    await ask(client, readPdu(10, 2));
    assert.deepEqual(told.splice(0), [
      ...["a", "b", "c"].map((name) => ({ name, available: false })),
      { name: "a", text: String(trueValue(1)), available: true },
    ]);
    await ask(client, readPdu(11, 3));
    assert.deepEqual(told.splice(0), [{ name: "b", text: String(trueValue(2)), available: true }]);
    await ask(client, readPdu(11, 2));
    await ask(client, words(4, 10, 2));
    await ask(client, writePdu(10, 7));
    assert.deepEqual(told, []);
    assert.equal(device.requests.length, 5);
    assert.deepEqual(
      published.status.map(({ name, value, state }) => [name, value, state]),
      [
        ["a", trueValue(1), "good"],
        ["b", trueValue(2), "good"],
        ["c", undefined, "waiting"],
      ],
    );
    published.stop();
  });
}

test("the unit is that of the device, the framing that of the device, too; polls speak both", async (t) => {
  const options = `DPRO=modbus-serial UMAP=7:1 POLL=10 ${RULES}`;
  const { clock, device, told, publish, mux, ask } = await setUp(t, options, "modbus", "modbus-serial");
  const published = publish();
  await ask(attachTo(mux), readPdu(10, 2), 7);
  assert.deepEqual(
    told.filter(({ text }) => text !== undefined),
    [{ name: "a", text: String(trueValue(1)), available: true }],
  );
  await pass(clock, 10_500, 500);
  await until(async () => {
    await pass(clock, 10);
    return published.status.every(({ state }) => state === "good");
  }, "all values");
  const asked = device.requests.map((bytes) => unwrap("modbus-serial", bytes)).map(({ unit, pdu }) => [unit, ...pdu]);
  assert.deepEqual(asked, [
    [1, 3, 0, 10, 0, 2],
    [1, 3, 0, 10, 0, 4],
    [2, 3, 0, 10, 0, 2],
  ]);
  published.stop();
});

test("an answer with another unit says nothing; one with another id, or a wrong header, where the device writes all of them so", async (t) => {
  const { device, told, publish, mux, ask } = await setUp(t, "PUBL=unit+1+holding+10+uint16+as+a");
  const published = publish();
  const client = attachTo(mux);
  let [odd, value] = [(_message: Buffer): void => {}, 0];
  device.answering = (_answer, link, bytes) => {
    const { id, unit } = unwrap("modbus", bytes);
    const message = wrap("modbus", { id, unit, pdu: Buffer.of(3, 2, 0, value) });
    odd(message);
    link.send(message);
  };
  const valuesOf = async (count: number, change: typeof odd): Promise<unknown[]> => {
    odd = change;
    for (let asked = 0; asked < count; asked += 1) {
      value += 1;
      await ask(client, readPdu(10, 1));
      published.status.map((status) => seen.push(status.value));
    }
    return seen.splice(0);
  };
  const seen: unknown[] = [];
  assert.deepEqual(await valuesOf(5, (message) => message.writeUInt8(9, 6)), Array(5).fill(undefined), "another unit");
  const longer = (message: Buffer): void => void message.writeUInt16BE(12, 4);
  assert.deepEqual((await valuesOf(11, longer)).slice(-2), [undefined, 16], "a wrong length");
  assert.deepEqual(await valuesOf(1, () => {}), [17]);
  assert.deepEqual((await valuesOf(11, longer)).slice(-1), [17]);
  const ownId = (message: Buffer): void => void message.writeUInt16BE(40_000 + value, 0);
  assert.deepEqual(await valuesOf(1, ownId), [17], "another id");
  published.stop();
  assert.ok(told.every(({ text }) => text === undefined || ["16", "17"].includes(text)));
});

test("an exception, and an answer from the cache, say nothing", async (t) => {
  const { clock, model, told, publish, mux, ask } = await setUp(t, `${RULES} CACH=500`);
  const published = publish();
  const client = attachTo(mux);
  model.exception = 2;
  await ask(client, readPdu(10, 2));
  model.exception = undefined;
  told.splice(0);
  await ask(client, readPdu(10, 2));
  clock.advance(400);
  await ask(client, readPdu(10, 2));
  assert.deepEqual(
    told.map(({ text }) => text),
    [String(trueValue(2))],
  );
  assert.ok((published.status[0]?.ageMs ?? 0) >= 400, "its age is that of the answer of the device");
  published.stop();
});

/** What clients do: who, and which registers of which unit; or time passes. */
const STEP = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      client: fc.nat(2),
      unit: fc.integer({ min: 1, max: 2 }),
      start: fc.integer({ min: 8, max: 14 }),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ms: fc.integer({ min: 100, max: 3000 }) }) },
);

test("law: every value that is published is the device's at one of its answers, and the device gets the requests that it gets without", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(STEP, { minLength: 5, maxLength: 15 }),
      fc.constantFrom("", "CACH=700", "MERG=4 CACH=700"),
      async (steps, options) => {
        const run = async (isPublishing: boolean) => {
          const { clock, device, model, told, publish, mux, ask } = await setUp(t, `${RULES} ${options}`);
          const published = isPublishing ? publish() : undefined;
          const clients = [attachTo(mux), attachTo(mux), attachTo(mux)];
          const wrong: Publication[] = [];
          for (const step of steps) {
            if ("ms" in step) await pass(clock, step.ms, 500);
            else await ask(clients[step.client] as AttachedClient, readPdu(step.start, step.count), step.unit);
            const isTrue = ({ text }: Publication): boolean =>
              text === undefined ||
              Array.from({ length: model.version }, (_, at) => String(trueValue(at + 1))).includes(text);
            wrong.push(...told.splice(0).filter((publication) => !isTrue(publication)));
          }
          published?.stop();
          const asked = device.requests.map((bytes) => unwrap("modbus", bytes).pdu.toString("hex"));
          mux.close("done");
          return { asked, wrong };
        };
        const [plain, publishing] = [await run(false), await run(true)];
        assert.deepEqual(publishing.wrong, []);
        assert.deepEqual(publishing.asked, plain.asked);
      },
    ),
    { numRuns: 4 },
  );
});

test("poll: the daemon asks for what nobody has asked for, in one request, and leaves the link as it was", async (t) => {
  const { clock, device, told, publish, mux, ask } = await setUp(t, `${RULES} POLL=10`);
  const published = publish();
  await pass(clock, 9_900, 1000);
  assert.equal(device.requests.length, 0);
  await pass(clock, 200);
  await until(() => told.filter(({ available }) => available).length === 3, "all values");
  assert.deepEqual(
    device.requests.map((bytes) => unwrap("modbus", bytes)).map(({ unit, pdu }) => [unit, pdu.toString("hex")]),
    [
      [1, readPdu(10, 4).toString("hex")],
      [2, readPdu(10, 2).toString("hex")],
    ],
  );
  await until(() => mux.idle, "the poller to have left");
  const poller = mux.attach({ origin: sharedOrigin(POLLER), id: POLLER, name: POLLER });
  assert.deepEqual([mux.idle, mux.status.clientCount], [false, 0], "it is no client that is connected");
  poller.destroy();
  assert.equal(mux.status.answers, 2);
  const client = attachTo(mux);
  await pass(clock, 8000, 1000);
  await ask(client, readPdu(10, 4));
  await ask(client, readPdu(10, 2), 2);
  await pass(clock, 8000, 1000);
  assert.equal(device.requests.length, 4, "somebody asks");
  published.stop();
  await pass(clock, 60_000, 10_000);
  assert.equal(device.requests.length, 4, "it is over");
});

test("poll: it waits behind all that clients ask for, and goes then", async (t) => {
  const { clock, device, publish, mux } = await setUp(t, `${RULES} POLL=10 TIME=60`);
  const published = publish();
  const held: (() => void)[] = [];
  const { answering } = device;
  device.answering = (...args) => void held.push(() => answering(...args));
  const client = attachTo(mux);
  const send = (id: number) => client.end.write(wrap("modbus", { id, unit: 1, pdu: readPdu(50 + id) }));
  send(0);
  await until(() => held.length === 1, "the request of a client");
  await pass(clock, 12_000, 500);
  assert.equal(mux.status.waiting, 1, "the poll is due");
  for (let id = 1; id < 4; id += 1) send(id);
  while (held.length < 5) {
    const seen = held.length;
    held.at(-1)?.();
    await until(async () => {
      await pass(clock, 1);
      return held.length > seen;
    }, "the next request");
  }
  assert.deepEqual(
    device.requests.map((bytes) => unwrap("modbus", bytes).pdu.readUInt16BE(1)),
    [50, 51, 52, 53, 10],
  );
  published.stop();
});

for (const kind of ["modbus", "modbus-serial"] as const) {
  test(`poll, ${kind}: a register that the device is silent about keeps no client waiting for TIME`, async (t) => {
    const { clock, device, publish, mux, ask } = await setUp(t, `${RULES} POLL=10 TIME=60`, kind);
    const { answering } = device;
    const client = attachTo(mux);
    await ask(client, readPdu(50));
    device.answering = (answer, link, bytes) => {
      if (unwrap(kind, bytes).pdu.readUInt16BE(1) !== 10) answering(answer, link, bytes);
    };
    const published = publish();
    await pass(clock, 10_500, 500);
    await until(async () => {
      await pass(clock, 1);
      return device.requests.length === 2;
    }, "the poll");
    const since = clock.now();
    await ask(client, readPdu(51));
    assert.ok(clock.now() - since < 5000, `${clock.now() - since} ms`);
    published.stop();
  });
}

test("poll: a device that is away is asked more and more seldom, and again when it is back", async (t) => {
  const { clock, device, publish, mux, log } = await setUp(t, `${RULES} POLL=10`);
  const { port } = device;
  await device.stop();
  const published = publish();
  await pass(clock, 120_000, 1000);
  const { noPath, linkLost } = mux.status;
  assert.ok(noPath + linkLost >= 2 && noPath + linkLost <= 5, `${noPath} and ${linkLost} failures in two minutes`);
  assert.ok(mux.idle);
  assert.match(log.lines.join("\n"), /no link to the device/);
  const again = await Simulator.open(modbusProtocol("modbus"), { port });
  await pass(clock, 65_000, 1000);
  await until(() => again.requests.length >= 2, "both units to be asked again");
  published.stop();
  await again.stop();
});

test("a reload keeps what is known", async (t) => {
  const { told, publish, mux, ask } = await setUp(t, RULES);
  const before = publish();
  await ask(attachTo(mux), readPdu(10, 4));
  before.stop();
  told.splice(0);
  const after = publish(before);
  assert.deepEqual(told, [
    { name: "a", text: String(trueValue(1)), available: true },
    { name: "b", text: String(trueValue(1)), available: true },
    { name: "c", available: false },
  ]);
  after.stop();
});
