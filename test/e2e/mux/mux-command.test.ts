// sockproxyd mux
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { MAIN, portAnswers } from "../../support/daemon.js";
import { Asker } from "../../support/exchange.js";
import { freePort } from "../../support/free-port.js";
import { readPdu } from "../../support/modbus.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { type Program, run } from "../../support/plugin/programs.js";
import { echo } from "../../support/protocols.js";
import { never, Simulator } from "../../support/simulator.js";

const modbus = modbusProtocol("modbus");

/** Starts `sockproxyd mux …`. The end of the test stops it. */
function command(t: TestContext, ...args: string[]): Program {
  const program = run(process.execPath, MAIN, ...args);
  t.after(() => program.kill());
  return program;
}

/** Starts `sockproxyd mux …` and waits until it listens. */
async function commandListening(t: TestContext, port: number, ...args: string[]): Promise<Program> {
  const program = command(t, ...args);
  await portAnswers(port).catch((error) => {
    throw new Error(`${error}: ${program.stderr()}`);
  });
  return program;
}

describe("the command mux", { concurrency: 4 }, () => {
  for (const words of [["mux"], ["mux", "server"]]) {
    test(`${words.join(" ")}: the original example; SIGTERM ends it with 0`, async (t) => {
      const device = await Simulator.open(echo);
      t.after(() => device.stop());
      const port = await freePort();
      const target = `127.0.0.1:${device.port}`;
      const program = await commandListening(t, port, ...words, "-p", "echo", "-t", target, "-l", String(port));
      const [one, other] = [await Asker.open(port, echo), await Asker.open(port, echo)];
      assert.equal(await one.outcome(1), "right");
      assert.equal(await other.outcome(2), "right");
      assert.equal(device.links.length, 1);
      program.child.kill("SIGTERM");
      assert.equal(await program.ended(), 0);
    });
  }

  test("the long flags, Go's durations, and those of the fork", async (t) => {
    const device = await Simulator.open(modbus, { limit: 2 });
    t.after(() => device.stop());
    const port = await freePort();
    const flags =
      `--applicationProtocol modbus --targetServer 127.0.0.1:${device.port} --listen ${port} --timeout 1 --delay 400ms ` +
      "--retry-delay 1s --max-connections 2 --reconnect-backoff 1s --health-check-interval 30s --queue-size 3 -v -d";
    await commandListening(t, port, "mux", "server", ...flags.split(" "));
    const client = await ModbusClient.connect(port);
    const asked = performance.now();
    assert.equal(await client.read(1, 1), registerValue(1, 1));
    assert.ok((device.links[0]?.requests[0]?.at ?? 0) - asked >= 350, "--delay");
    device.answering = never;
    const since = performance.now();
    const calls = await Promise.all(Array.from({ length: 10 }, (_, n) => client.call(1, readPdu(n))));
    const ms = performance.now() - since;
    assert.ok(ms >= 900 && ms < 10_000, `--timeout: ${ms} ms`);
    assert.ok(calls.includes("830b") && calls.includes("8306"), `--queue-size: ${calls}`);
    assert.equal(device.mostLinks, 2, "--max-connections");
  });

  test("--health-check-interval, --timeout and the flags' =", async (t) => {
    const device = await Simulator.open(echo);
    t.after(() => device.stop());
    const port = await freePort();
    const flags = `-p=echo -t=127.0.0.1:${device.port} -l=${port} --timeout=2 --delay=0s --health-check-interval=1m30s`;
    await commandListening(t, port, "mux", ...flags.split(" "));
    const client = await Asker.open(port, echo);
    assert.equal(await client.outcome(1), "right");
  });

  test("mux list: the protocols, in the format of the original", async (t) => {
    const program = command(t, "mux", "list");
    assert.equal(await program.ended(), 0);
    const names = [...program.stdout().matchAll(/^\* (\S+)$/gm)].map((match) => match[1]).sort();
    const all = [
      "conbus",
      "echo",
      "http",
      "iso8583",
      "modbus",
      "modbus-ascii",
      "modbus-rtu",
      "modbus-serial",
      "mpu",
      "solarman",
    ];
    assert.deepEqual(names, all);
    assert.match(program.stdout(), /^usage for example: \S.* -p echo$/m);
  });

  const WRONG: readonly string[][] = [
    ["-p", "nonsense"],
    ["-t", "nohost"],
    ["--timeout", "x"],
    ["--delay", "5 apples"],
    ["--max-connections", "-1"],
    ["--no-such-flag"],
  ];
  for (const flags of WRONG) {
    test(`mux ${flags.join(" ")}: refused with a message`, async (t) => {
      const port = await freePort();
      const program = command(t, "mux", "-l", String(port), ...flags);
      assert.notEqual(await program.ended(), 0);
      const text = program.stderr() + program.stdout();
      const word = flags.at(-1) ?? "";
      assert.ok(text.includes(word.replace(/^--/, "")), text);
    });
  }
});
