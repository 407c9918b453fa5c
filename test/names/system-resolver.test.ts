import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { SystemResolver } from "#src/names/system-resolver.js";
import { ManualClock } from "../support/clock.js";
import { until } from "../support/wait.js";

/** It takes the option that the daemon gives it. */
const MODERN = '[ "$1" = --no-addrconfig ] && shift';

/** A resolver by a manual clock, for which `getent` is this shell script; without one there is none. */
function fixture(t: TestContext, script?: string, first = MODERN) {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-getent-`);
  const path = process.env["PATH"];
  if (script !== undefined) {
    writeFileSync(`${folder}/getent`, `#!/bin/sh\n${first}\n${script}\n`);
    chmodSync(`${folder}/getent`, 0o755);
  }
  process.env["PATH"] = script === undefined ? folder : `${folder}:${path}`;
  const clock = new ManualClock();
  const resolver = new SystemResolver(clock);
  t.after(() => {
    resolver.close();
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });
  return { clock, resolver };
}

const FOUR = 'if [ "$1" = ahostsv4 ]; then echo "10.0.0.1 STREAM hub"; exit; fi';

test("both families, by the program of the system", async (t) => {
  const { clock, resolver } = fixture(t, `${FOUR}\necho "fd00::1 STREAM hub"`);
  const found = [...((await resolver.ask("hub")) ?? [])].map(({ address }) => address).sort();
  assert.deepEqual(found, ["10.0.0.1", "fd00::1"]);
  assert.equal(clock.pending, 0);
});

test("a family that hangs holds up the other one for 50 ms", async (t) => {
  const { clock, resolver } = fixture(t, `${FOUR}\nexec sleep 60`);
  const answer = resolver.ask("hub");
  assert.equal(resolver.ask("hub"), answer, "one lookup at a time");
  let found: unknown;
  void answer.then((addresses) => {
    found = addresses;
  });
  await until(() => {
    clock.advance(10);
    return found !== undefined;
  }, "the address");
  assert.deepEqual(found, [{ address: "10.0.0.1", family: 4 }]);
});

const DEAD = 'case "$*" in *dead*) exec sleep 60;; esac';

test("a name that hangs is given up after 6 s", async (t) => {
  const { clock, resolver } = fixture(t, `${DEAD}\n${FOUR}\nexit 2`);
  const dead = resolver.ask("dead");
  clock.advance(5999);
  assert.deepEqual(await resolver.ask("other"), [{ address: "10.0.0.1", family: 4 }]);
  clock.advance(1);
  assert.equal(await dead, undefined);
});

test("of very many names that hang, each has 1 s, and the newest name has the next turn", async (t) => {
  const { clock, resolver } = fixture(t, `${DEAD}\n${FOUR}\nexit 2`);
  const dead = Array.from({ length: 300 }, (_, index) => resolver.ask(`dead${index}`));
  const displaced = await Promise.all(dead.slice(8, 300 - 256));
  assert.deepEqual(new Set(displaced), new Set([undefined]), "no room for them");
  const good = resolver.ask("good");
  clock.advance(1000);
  assert.equal(await dead[0], undefined);
  assert.deepEqual(await good, [{ address: "10.0.0.1", family: 4 }]);
});

test("a program that is killed says nothing of the name", async (t) => {
  const { resolver } = fixture(t, "kill -9 $$");
  assert.equal(await resolver.ask("hub"), undefined);
});

test("the end gives them up", async (t) => {
  const { clock, resolver } = fixture(t, "exec sleep 60");
  const answer = resolver.ask("dead");
  resolver.close();
  assert.equal(await answer, undefined);
  assert.equal(clock.pending, 0);
});

test("a system without that program uses a thread", async (t) => {
  const { resolver } = fixture(t);
  assert.deepEqual([...((await resolver.ask("localhost")) ?? [])].at(0)?.address, "127.0.0.1");
  assert.deepEqual([...((await resolver.ask("localhost")) ?? [])].at(0)?.address, "127.0.0.1");
});
