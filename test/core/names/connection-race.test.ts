import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConnectionRace, type RaceStep } from "#src/core/names/connection-race.js";
import type { HostAddress } from "#src/core/names/host-address.js";

const DELAY_MS = 250;
const PATIENCE_MS = 2000;

const four = (last: number): HostAddress => ({ address: `10.0.0.${last}`, family: 4 });
const six = (last: number): HostAddress => ({ address: `fd00::${last}`, family: 6 });

/** All that may start at this time. */
function starts(race: ConnectionRace, now: number): string[] {
  const out: string[] = [];
  for (let step = race.next(now); step.kind === "start"; step = race.next(now)) out.push(step.address.address);
  return out;
}

test("families take turns, and each attempt has 250 ms before the next one joins it", () => {
  const race = new ConnectionRace(DELAY_MS);
  race.found([six(1), six(2), four(1), four(2)]);
  const at = (now: number) => starts(race, now);
  assert.deepEqual(
    [at(0), at(249), at(250), at(500), at(750)],
    [["fd00::1"], [], ["10.0.0.1"], ["fd00::2"], ["10.0.0.2"]],
  );
});

test("of many addresses, the last one begins when three quarters of the time are over", () => {
  const race = new ConnectionRace(DELAY_MS, 4000);
  const addresses = Array.from({ length: 40 }, (_, index) => four(index));
  race.found(addresses);
  const begun = Array.from({ length: 601 }, (_, step) => starts(race, step * 5)).flat();
  assert.equal(begun.length, addresses.length);
  const few = new ConnectionRace(DELAY_MS, 200);
  few.found([six(1), four(1)]);
  assert.deepEqual([starts(few, 0).length, starts(few, 74).length, starts(few, 75).length], [1, 0, 1]);
});

test("a failure lets the next one begin at once", () => {
  const race = new ConnectionRace(DELAY_MS);
  race.found([six(1), four(1)]);
  assert.deepEqual(starts(race, 0), ["fd00::1"]);
  race.failed("unanswered", 10);
  assert.deepEqual(starts(race, 10), ["10.0.0.1"]);
});

test("an address that comes later joins the race; one that comes twice does not", () => {
  const race = new ConnectionRace(DELAY_MS);
  race.found([four(1)]);
  assert.deepEqual(starts(race, 0), ["10.0.0.1"]);
  assert.deepEqual(race.next(100), { kind: "wait" });
  race.found([six(1), four(1)]);
  assert.deepEqual(race.next(100), { kind: "wait", until: 250 });
  assert.deepEqual(starts(race, 250), ["fd00::1"]);
  assert.deepEqual(race.next(9999), { kind: "wait" });
});

test("addresses that were kept and lead nowhere are asked for anew, once", () => {
  const race = new ConnectionRace(DELAY_MS);
  race.found([four(1)]);
  race.expect("refresh");
  assert.deepEqual(starts(race, 0), ["10.0.0.1"]);
  assert.deepEqual(race.next(100), { kind: "wait", until: 250 }, "it may still connect");
  assert.deepEqual(race.next(250), { kind: "refresh" });
  assert.deepEqual(race.next(250), { kind: "wait" });
  race.failed("unanswered", 300);
  race.expect("nothing");
  assert.deepEqual(race.next(300), { kind: "over" });
});

test("a host that has refused is not waited for as long as the other family may take; one that is not reached is", () => {
  const outcome = (how: "answered" | "unanswered"): RaceStep => {
    const race = new ConnectionRace(DELAY_MS);
    race.found([four(1)]);
    starts(race, 0);
    race.failed(how, 10);
    race.next(10);
    return race.next(10 + PATIENCE_MS);
  };
  assert.deepEqual(outcome("answered"), { kind: "over" });
  assert.deepEqual(outcome("unanswered"), { kind: "wait" });
});

/** What happens to a race, one thing after the other. */
type Happening =
  | { readonly kind: "found"; readonly addresses: readonly HostAddress[] }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "fail"; readonly how: "answered" | "unanswered" };

const address = fc.oneof(fc.nat(9).map(four), fc.nat(9).map(six));
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.array(address, { minLength: 1, maxLength: 5 }).map((addresses) => ({ kind: "found", addresses }) as const),
  fc.nat(400).map((ms) => ({ kind: "pass", ms }) as const),
  fc.constantFrom("answered" as const, "unanswered" as const).map((how) => ({ kind: "fail", how }) as const),
);

test("law: each address starts once; none joins early; families take turns; nothing is over while something may come", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const race = new ConnectionRace(DELAY_MS);
      const [known, started] = [new Map<string, HostAddress>(), [] as HostAddress[]];
      let [now, running, earliest] = [0, 0, 0];
      const settle = (): RaceStep => {
        for (;;) {
          const step = race.next(now);
          if (step.kind !== "start") return step;
          const left = [...known.values()].filter((each) => !started.includes(each));
          assert.ok(running === 0 || now >= earliest, "it joins early");
          const other = left.some(({ family }) => family !== started.at(-1)?.family);
          if (started.length > 0 && other) assert.notEqual(step.address.family, started.at(-1)?.family);
          const first = known.get(step.address.address);
          assert.ok(first !== undefined && !started.includes(first), "it starts once");
          started.push(first);
          running += 1;
          earliest = now + DELAY_MS;
        }
      };
      for (const each of happenings) {
        if (each.kind === "found") {
          for (const one of each.addresses) if (!known.has(one.address)) known.set(one.address, one);
          race.found(each.addresses);
        } else if (each.kind === "pass") now += each.ms;
        else if (running > 0) {
          running -= 1;
          earliest = now;
          race.failed(each.how, now);
        }
        const step = settle();
        assert.equal(race.running, running);
        if (step.kind === "over") assert.equal(running, 0);
        if (running === 0 && started.length < known.size) assert.fail("an address waits, and nothing runs");
      }
      race.expect("nothing");
      for (; started.length < known.size || running > 0; settle()) {
        now += DELAY_MS;
        if (running > 0) race.failed("unanswered", now);
        running = race.running;
        earliest = now;
      }
      assert.deepEqual(race.next(now), { kind: "over" });
    }),
  );
});
