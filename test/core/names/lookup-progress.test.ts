import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Family, HostAddress } from "#src/core/names/host-address.js";
import { type Answer, LookupProgress, type Source } from "#src/core/names/lookup-progress.js";

const NONE: Answer = { kind: "none" };
const UNKNOWN: Answer = { kind: "unknown" };
const SILENCE: Answer = { kind: "silence" };
const V4: HostAddress = { address: "10.0.0.1", family: 4 };
const V6: HostAddress = { address: "fd00::1", family: 6 };
const found = (...addresses: HostAddress[]): Answer => ({ kind: "found", addresses, ttlMs: 60_000 });
const A = found(V4);
const AAAA = found(V6);

/** A lookup that began at 0. `at` says what is due at a time, behind the answers that come then. */
function lookup(name = "hub.test", quiet: readonly Family[] = []) {
  const progress = new LookupProgress(name, 0, new Set(quiet));
  return (now: number, answers: readonly (readonly [Source, Answer])[] = []): string => {
    for (const [source, answer] of answers) progress.said(source, answer, now);
    const due: string[] = [];
    for (;;) {
      const step = progress.next(now);
      if (step.kind === "deliver") due.push(step.addresses.map(({ address }) => address).join("+"));
      else if (step.kind === "over") return [...due, step.outcome].join(" ");
      else if (step.kind !== "wait") due.push(step.kind);
      else return [...due, ...(step.until === undefined ? ["wait"] : [`until ${step.until}`])].join(" ");
    }
  };
}

describe("each family answers by itself", () => {
  test("IPv6 is delivered at once, IPv4 when it comes", () => {
    const at = lookup();
    assert.equal(at(0), "until 1000");
    assert.equal(at(5, [[6, AAAA]]), "fd00::1 wait");
    assert.equal(at(3000, [[4, A]]), "10.0.0.1 found");
  });

  test("IPv4 waits 50 ms for IPv6, and no longer", () => {
    const at = lookup();
    assert.equal(at(5, [[4, A]]), "until 55");
    assert.equal(at(54), "until 55");
    assert.equal(at(55), "10.0.0.1 wait");
    assert.equal(at(3000, [[6, AAAA]]), "fd00::1 found");
  });

  test("IPv6 that comes within these 50 ms is preferred", () => {
    const at = lookup();
    assert.equal(at(5, [[4, A]]), "until 55");
    assert.equal(at(40, [[6, AAAA]]), "fd00::1 10.0.0.1 found");
  });

  for (const answer of [NONE, UNKNOWN, SILENCE]) {
    test(`IPv4 does not wait where IPv6 is answered by "${answer.kind}", before or after`, () => {
      const before = lookup();
      before(1, [[6, answer]]);
      assert.equal(before(5, [[4, A]]), "10.0.0.1 found");
      const after = lookup();
      after(5, [[4, A]]);
      assert.equal(after(7, [[6, answer]]), "10.0.0.1 found");
    });
  }

  test("a family that had no answer the last time is not waited for", () => {
    const at = lookup("hub.test", [6]);
    assert.equal(at(5, [[4, A]]), "10.0.0.1 enough wait");
    assert.equal(at(900, [[6, AAAA]]), "fd00::1 found");
  });
});

describe("the system is asked", () => {
  for (const name of ["hub", "hub.local", "HUB.LOCAL."]) {
    test(`at once for ${name}`, () => {
      const at = lookup(name);
      assert.equal(at(0), "ask-system wait");
      assert.equal(at(80, [["system", A]]), "10.0.0.1 wait");
      assert.equal(at(90, [[4, UNKNOWN]]), "found");
    });
  }

  test("and is enough where the servers had no answer the last time", () => {
    const at = lookup("hub.local", [4, 6]);
    assert.equal(at(0), "ask-system wait");
    assert.equal(at(80, [["system", A]]), "10.0.0.1 enough wait");
  });

  test("after 1 s when the servers have found nothing", () => {
    const at = lookup();
    assert.equal(at(999), "until 1000");
    assert.equal(at(1000), "ask-system wait");
    assert.equal(at(1500, [["system", found(V6, V4)]]), "fd00::1+10.0.0.1 wait");
    assert.equal(
      at(8000, [
        [4, SILENCE],
        [6, SILENCE],
      ]),
      "found",
    );
  });

  test("not where one family is found: the other one may never be answered", () => {
    const at = lookup();
    at(5, [[4, A]]);
    assert.equal(at(60), "10.0.0.1 wait");
    assert.equal(at(1000), "wait");
    assert.equal(at(8000, [[6, SILENCE]]), "found");
  });

  test("at once where the servers say that the name does not exist, or cannot say", () => {
    const unknown = lookup();
    assert.equal(
      unknown(5, [
        [4, UNKNOWN],
        [6, UNKNOWN],
      ]),
      "ask-system wait",
    );
    assert.equal(unknown(9, [["system", NONE]]), "unknown");
    const failed = lookup();
    assert.equal(
      failed(5, [
        [4, SILENCE],
        [6, SILENCE],
      ]),
      "ask-system wait",
    );
    assert.equal(failed(9, [["system", NONE]]), "silent");
  });

  test("a name that does not exist is unknown after 3.5 s, whoever is silent", () => {
    const at = lookup();
    assert.equal(at(5, [[4, UNKNOWN]]), "until 55", "the other family may be answered");
    assert.equal(at(55), "ask-system until 3555");
    assert.equal(at(3555), "unknown");
  });
});

test("a family that fails says nothing about the name", () => {
  const at = lookup();
  assert.equal(
    at(5, [
      [4, SILENCE],
      [6, NONE],
    ]),
    "ask-system wait",
  );
  assert.equal(at(9, [["system", NONE]]), "silent");
  const none = lookup();
  none(5, [
    [4, NONE],
    [6, NONE],
  ]);
  assert.equal(none(9, [["system", NONE]]), "unknown");
});
