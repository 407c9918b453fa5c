import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { queueJob } from "#src/scheduling/round-robin.js";
import { keepBusy } from "../support/cpu.js";
import { until } from "../support/wait.js";

test("jobs run in the order in which they were queued; a job queued again goes behind the others", async () => {
  const log: string[] = [];
  const again = (name: string, times: number): void =>
    queueJob(() => {
      log.push(name);
      if (times > 1) again(name, times - 1);
    });
  again("a", 3);
  again("b", 1);
  again("c", 2);
  await until(() => log.length === 6, "all of them");
  assert.equal(log.join(""), "abcaca");
});

test("a job that asks twice has one turn", async () => {
  let turns = 0;
  const job = (): void => {
    turns += 1;
  };
  queueJob(job);
  queueJob(job);
  for (let pass = 0; pass < 3; pass += 1) await nextPass();
  assert.equal(turns, 1);
});

test("other work runs between long jobs", async () => {
  const log: string[] = [];
  for (const name of ["a", "b", "c"]) {
    queueJob(() => {
      keepBusy(4);
      log.push(name);
    });
  }
  for (let pass = 0; pass < 6; pass += 1) {
    log.push("-");
    await nextPass();
  }
  assert.doesNotMatch(log.join(""), /[abc]{2}/);
  assert.match(log.join(""), /a-+b-+c/);
});
