// The doctor: devices that take their time, and its command line.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Unreachable } from "#src/doctor/checks/reach-check.js";
import { examineAnimal, testDoctor } from "../doctor/examination.js";
import { ConfigFile } from "../support/config.js";
import { MAIN } from "../support/daemon.js";
import { MODBUS_KINDS } from "../support/modbus.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { pymodbusServer } from "../support/mux-programs/programs.js";
import { missingPymodbus } from "../support/peers.js";
import { until } from "../support/wait.js";
import { Animal, type Habit } from "../zoo/animals/animal.js";
import { accepts, ignores, leavesIdle, needsAfterConnect } from "../zoo/animals/habits.js";
import { STORIES } from "../zoo/stories.js";

/** Runs `sockproxyd` with these words. */
function run(...words: string[]): {
  child: ChildProcess;
  done: Promise<{ status: number | null; text: string; errors: string }>;
} {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let [text, errors] = ["", ""];
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const done = once(child, "close").then(([status]) => ({ status: status as number | null, text, errors }));
  return { child, done };
}

async function device(t: { after(action: () => Promise<void>): void }, ...habits: Habit[]): Promise<Animal> {
  const animal = await Animal.open(modbusProtocol("modbus"), ...habits);
  t.after(() => animal.stop());
  return animal;
}

describe("the doctor at length", { concurrency: 16 }, () => {
  testDoctor(true);

  for (const kind of MODBUS_KINDS) {
    test(`pymodbus, ${kind}`, { skip: missingPymodbus() }, async (t) => {
      const port = await pymodbusServer(t, kind);
      const { status, text, errors } = await run("doctor", "modbus", `127.0.0.1:${port}`, "--idle", "0").done;
      assert.equal(status, 0, errors);
      assert.match(text, new RegExp(`^protocol=${kind}$`, "m"));
      assert.match(text, /^ {2}registers +125 registers at once/m);
    });
  }

  /** Animals of Modbus in all stories, each once, by the framing that they speak. */
  const animals = new Map(
    STORIES.filter(({ options }) => options.includes("PROT=modbus")).map((story) => {
      const [, framing = ""] = /DPRO=(\S+)/.exec(story.options) ?? /PROT=(\S+)/.exec(story.options) ?? [];
      return [`${story.device}: ${story.behaviour}, ${framing}`, { story, framing }] as const;
    }),
  );
  for (const [name, { story, framing }] of animals) {
    test(name, async (t) => {
      const examined = examineAnimal(t, await story.animal(), 1000);
      if (story.beyondDoctor) await assert.rejects(examined, Unreachable);
      else assert.equal((await examined).framing, framing);
    });
  }

  test("--json: one line, for a device that answers and for one that does not", async (t) => {
    const animal = await device(t);
    const words = ["doctor", "modbus", `127.0.0.1:${animal.port}`, "--idle", "0", "--json"];
    const seen = await run(...words).done;
    assert.deepEqual([seen.status, seen.errors], [0, ""]);
    const report = JSON.parse(seen.text);
    assert.deepEqual([report.doctor, report.seen.framing, report.advice[0].option], [1, "modbus", "protocol"]);
    await animal.stop();
    const gone = await run(...words).done;
    assert.deepEqual([gone.status, Object.keys(JSON.parse(gone.text))], [1, ["doctor", "target", "unit", "error"]]);
  });

  test("nobody there: status 1, and what to try", async (t) => {
    const animal = await device(t);
    await animal.stop();
    const { status, errors } = await run("doctor", "modbus", `127.0.0.1:${animal.port}`).done;
    assert.equal(status, 1);
    assert.match(errors, /127\.0\.0\.1:\d+: connection refused: is it switched on, and is that its address and port\?/);
  });

  test("a silent device: status 1, and what to try", async (t) => {
    const animal = await device(
      t,
      ignores(() => true),
    );
    const { status, errors } = await run("doctor", "modbus", `127.0.0.1:${animal.port}`).done;
    assert.equal(status, 1);
    assert.match(errors, /no answer for unit 1 in any framing: --unit names another unit/);
  });

  test("wrong words: status 2; --help: status 0", async () => {
    for (const words of [[], ["modbus"], ["bacnet", "x:1"], ["modbus", "x"], ["modbus", "x:1", "--unit", "256"]]) {
      assert.equal((await run("doctor", ...words).done).status, 2, words.join(" "));
    }
    const { status, text } = await run("doctor", "--help").done;
    assert.equal(status, 0);
    assert.match(text, /^Usage: sockproxyd doctor modbus host:port/);
  });

  test("Ctrl-C closes the connections and ends it", async (t) => {
    const animal = await device(t);
    const { child, done } = run("doctor", "modbus", `127.0.0.1:${animal.port}`, "--idle", "30s");
    await until(() => animal.links.length > 8, "the examination to be under way");
    child.kill("SIGINT");
    const { status, errors } = await done;
    assert.equal(status, 130);
    assert.match(errors, /interrupted/);
    await until(() => animal.open.length === 0, "all connections to be over");
  });
});

// what it says is measured in time: so this one comes alone, behind the others
test("a device with whims: status 0, and the section passes --check", async (t) => {
  const animal = await device(t, accepts(1), needsAfterConnect(1000), leavesIdle(5000));
  const { status, text, errors } = await run("doctor", "modbus", `127.0.0.1:${animal.port}`, "--unit", "3").done;
  assert.equal(status, 0, errors);
  assert.match(text, /^ {2}connections +takes one at a time$/m);
  assert.match(text, /^ {2}after connect +requests within 1\d\d\d ms of a connect get no answer$/m);
  assert.match(text, /^ {2}idle +cuts a connection that has been idle for [45]\.\d s$/m);
  assert.match(text, /^delay=1[2-5]00ms$/m);
  assert.match(text, /^link-idle=[34]s$/m);
  const section = text.slice(text.indexOf("[mux "));
  const checked = await run("-c", new ConfigFile(section).path, "--check").done;
  assert.equal(checked.status, 0, checked.errors);
  for (const { bytes } of animal.requests) assert.ok([3, 4].includes(bytes.readUInt8(7)), "it only reads");
});
