import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { MuxLine } from "#src/core/config/settings.js";
import { MuxLines } from "#src/mux/mux-lines.js";
import { FakePublisher } from "../support/fake-publisher.js";
import { statusOf } from "../support/gathered.js";
import { readPdu } from "../support/modbus.js";
import { modbusProtocol, registerValue } from "../support/modbus-device.js";
import { attachTo, modbusMessage, muxRoute, pass, settle } from "../support/mux-parts.js";
import { servicesHere } from "../support/services.js";
import { Simulator } from "../support/simulator.js";
import { until } from "../support/wait.js";

async function setUp(t: TestContext) {
  const here = servicesHere(t);
  const device = await Simulator.open(modbusProtocol("modbus"));
  const mqtt = new FakePublisher();
  const context = { ...here.generation.context, mqtt: () => mqtt };
  const lines = new MuxLines(context);
  t.after(async () => {
    lines.close("the test has ended");
    await device.stop();
  });
  const line = (options: string, name?: string): MuxLine => {
    const route = muxRoute(`PROT=modbus ${options}`, `127.0.0.1:${device.port}`);
    return { port: 5020, route, ...(name !== undefined && { name }) } as MuxLine;
  };
  const configure = async (...next: MuxLine[]): Promise<void> => {
    await lines.load(next);
    lines.configure(next, context);
  };
  const read = async (of: MuxLine, address: number, count: number): Promise<void> => {
    const client = attachTo(lines.of(of));
    client.end.write(modbusMessage(1, readPdu(address, count)));
    await until(async () => {
      await pass(here.clock, 1); // pauses of the link
      return client.got.length > 0;
    }, "the answer");
    client.end.destroy();
  };
  return { ...here, context, device, mqtt, lines, line, configure, read };
}

const POWER = "PUBL=unit+1+holding+10+uint16+as+power+unit+W";
const PUMP = "PUBL=unit+1+holding+11+bit+0+as+pump";

test("values are kept by the broker, with a topic that says whether they are true, and Home Assistant hears of each", async (t) => {
  const { mqtt, lines, line, configure, read } = await setUp(t);
  const inverter = line(`${POWER} ${PUMP}`, "in verter");
  await configure(inverter);
  assert.deepEqual(mqtt.take(), ["!in_verter/power/available offline", "!in_verter/pump/available offline"]);
  assert.deepEqual(
    [...mqtt.sensors],
    [
      {
        line: "in verter",
        name: "power",
        topic: "in_verter/power",
        availability: "in_verter/power/available",
        unit: "W",
      },
      {
        line: "in verter",
        name: "pump",
        topic: "in_verter/pump",
        availability: "in_verter/pump/available",
        isBinary: true,
      },
    ],
  );
  await read(inverter, 10, 2);
  assert.deepEqual(mqtt.take(), [
    `!in_verter/power ${registerValue(1, 10)}`,
    "!in_verter/power/available online",
    `!in_verter/pump ${registerValue(1, 11) % 2 === 1}`,
    "!in_verter/pump/available online",
  ]);
  assert.deepEqual(
    statusOf(lines)[0]?.values?.map(({ name, value, unit }) => [name, value, unit]),
    [
      ["power", registerValue(1, 10), "W"],
      ["pump", registerValue(1, 11) % 2 === 1, undefined],
    ],
  );
});

test("a reload takes away what is gone, and leaves the rest as it is", async (t) => {
  const { mqtt, line, lines, configure, read } = await setUp(t);
  await configure(line(`${POWER} ${PUMP}`));
  await read(line(`${POWER} ${PUMP}`), 10, 2);
  const [power] = mqtt.sensors;
  mqtt.take();
  await configure(line(POWER));
  assert.deepEqual(mqtt.take(), [
    "!5020/pump ",
    "!5020/pump/available ",
    `!5020/power ${registerValue(1, 10)}`,
    "!5020/power/available online",
  ]);
  assert.deepEqual([...mqtt.sensors], [power], "it was not taken away and announced again");
  await configure(line(""));
  assert.deepEqual(mqtt.take(), ["!5020/power ", "!5020/power/available "]);
  assert.deepEqual([mqtt.sensors.size, statusOf(lines)[0]?.values], [0, undefined]);
  await read(line(""), 10, 2);
  assert.deepEqual(mqtt.take(), []);
});

test("the end of the daemon ends the polls, and leaves what is known at the broker", async (t) => {
  const { clock, device, mqtt, line, lines, configure } = await setUp(t);
  await configure(line(`${POWER} POLL=10`));
  mqtt.take();
  lines.stopPublishing();
  clock.advance(20_000);
  await settle();
  assert.deepEqual([device.links.length, mqtt.take(), mqtt.sensors.size], [0, [], 1]);
});

test("a line without published values loads nothing", async (t) => {
  const { line, configure, lines } = await setUp(t);
  await configure(line(""));
  assert.equal("values" in (statusOf(lines)[0] ?? {}), false);
});

test("while another process has the device, the daemon does not ask it; values are published as they pass", async (t) => {
  const { clock, device, mqtt, lines, line, context, read } = await setUp(t);
  let letGo: (() => void) | undefined;
  const free = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const polled = line(`${POWER} POLL=10`);
  await lines.load([polled]);
  lines.configure([polled], { ...context, deviceIsFree: () => free });
  await pass(clock, 60_000, 5000);
  assert.equal(device.links.length, 0);
  letGo?.();
  await pass(clock, 11_000, 1000);
  await until(() => mqtt.take().includes("!5020/power/available online"), "the first poll");
  lines.stopPublishing();
  await read(polled, 10, 1);
  await pass(clock, 60_000, 5000);
  assert.deepEqual([device.requests.length, mqtt.take()], [2, []]);
  lines.configure([polled], context);
  assert.deepEqual(mqtt.take(), ["!5020/power/available offline"], "it serves again");
});
