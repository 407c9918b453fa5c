import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostAddress } from "#src/core/names/host-address.js";
import type { Search, Seeker } from "#src/names/name-search.js";
import type { Outcome } from "#src/sockets/connecting.js";
import { HostRace } from "#src/sockets/host-race.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { ManualClock } from "../support/clock.js";

const V4: HostAddress = { address: "10.0.0.1", family: 4 };
const V6: HostAddress = { address: "fd00::1", family: 6 };
const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });

/** A race whose addresses and attempts are up to the test. */
function fixture(descriptors = 10, denied: readonly string[] = []) {
  const clock = new ManualClock();
  const budget = new DescriptorBudget(descriptors * 2); // half of it is the daemon's own
  const attempts = new Map<string, Outcome<string>>();
  const told: string[] = [];
  let seeker: Seeker | undefined;
  const search: Search = { refresh: () => void told.push("refresh"), cancel: () => void told.push("search cancelled") };
  const names = {
    search(_host: string, wants: Seeker): Search {
      seeker = wants;
      return search;
    },
  };
  const race = new HostRace<string>(
    {
      host: "hub",
      denialReason: (address) => (denied.includes(address) ? "denied" : undefined),
      attempt(address, outcome) {
        attempts.set(address, outcome);
        return { cancel: () => void told.push(`${address} cancelled`) };
      },
    },
    { clock, names, descriptors: budget },
    { connected: (result) => void told.push(`connected ${result}`), failed: ({ message }) => void told.push(message) },
  );
  return {
    ...{ clock, budget, told, race },
    found: (...addresses: HostAddress[]) => seeker?.found(addresses),
    ended: (isKept = false, error?: Error) => seeker?.ended(isKept, error),
    attempt: ({ address }: HostAddress) => attempts.get(address),
    started: () => [...attempts.keys()],
  };
}

test("the first connection wins; the losers are cancelled, and give their descriptors back", () => {
  const { found, attempt, clock, told, budget, started } = fixture();
  found(V6, V4);
  assert.deepEqual(started(), [V6.address]);
  clock.advance(250);
  assert.deepEqual([started().length, budget.used], [2, 1]);
  attempt(V4)?.connected("four");
  assert.deepEqual(told, ["search cancelled", "fd00::1 cancelled", "connected four"]);
  assert.deepEqual([budget.used, clock.pending], [0, 0]);
  attempt(V6)?.failed(refused);
  assert.equal(told.length, 3, "a loser says nothing");
});

test("of several failures the last one counts", () => {
  const { found, ended, attempt, told, budget } = fixture();
  found(V6, V4);
  ended();
  attempt(V6)?.failed(new Error("no route"));
  attempt(V4)?.failed(refused);
  assert.deepEqual(told, ["search cancelled", "refused"]);
  assert.equal(budget.used, 0);
});

test("no descriptor for a second attempt: it waits for the first one to fail", () => {
  const { found, attempt, clock, started, budget } = fixture(0);
  found(V6, V4);
  clock.advance(1000);
  assert.deepEqual(started(), [V6.address]);
  attempt(V6)?.failed(new Error("no route"));
  clock.advance(250);
  assert.deepEqual(started(), [V6.address, V4.address]);
  assert.equal(budget.used, 0);
});

describe("addresses that may not be connected to", () => {
  test("are left out", () => {
    const { found, started } = fixture(10, [V6.address]);
    found(V6, V4);
    assert.deepEqual(started(), [V4.address]);
  });

  test("are the reason where there are no others", () => {
    const { found, ended, told } = fixture(10, [V4.address]);
    found(V4);
    ended();
    assert.deepEqual(told, ["search cancelled", "denied"]);
  });
});

test("kept addresses that lead nowhere are asked for anew; without addresses the reason is that of the names", () => {
  const kept = fixture();
  kept.found(V4);
  kept.ended(true);
  kept.attempt(V4)?.failed(refused);
  assert.deepEqual(kept.told, ["refresh"]);
  kept.found(V4, V6);
  kept.attempt(V6)?.connected("six");
  assert.deepEqual(kept.told, ["refresh", "search cancelled", "connected six"]);
  const none = fixture();
  none.ended(false, new Error("no such name"));
  assert.deepEqual(none.told, ["search cancelled", "no such name"]);
});

test("a race that is given up tells nothing, and says until then why it has not won", () => {
  const { found, attempt, race, told, clock, budget } = fixture();
  assert.match(race.lastError.message, /no address of hub/);
  found(V6, V4);
  assert.equal(race.lastError.message, `no answer from ${V6.address}`);
  attempt(V6)?.failed(refused);
  assert.equal(race.lastError, refused);
  race.cancel();
  assert.deepEqual(told, ["search cancelled", "10.0.0.1 cancelled"]);
  assert.deepEqual([clock.pending, budget.used], [0, 0]);
});
