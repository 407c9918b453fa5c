import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairQueue, type Verdict } from "#src/core/mux/fair-queue.js";

const any = (): Verdict => "take";

function drain<I>(queue: FairQueue<string, I>): string[] {
  const out: string[] = [];
  for (;;) {
    const next = queue.take(true, any);
    if (next === undefined) return out;
    out.push(`${next.owner}${next.item}`);
  }
}

test("an owner with many items lets others go in between", () => {
  const queue = new FairQueue<string, number>();
  for (const n of [1, 2, 3, 4]) queue.push("a", n);
  queue.push("b", 1);
  queue.push("c", 1);
  queue.push("b", 2);
  assert.deepEqual(drain(queue), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

test("an owner that may not go now keeps its place, and is judged again when it is called", () => {
  const queue = new FairQueue<string, number>();
  queue.push("a", 1);
  queue.push("b", 1);
  queue.push("b", 2);
  assert.deepEqual(
    queue.take(true, (owner) => (owner === "b" ? "take" : "not now")),
    { owner: "b", item: 1 },
  );
  queue.reconsider("a");
  assert.deepEqual(drain(queue), ["a1", "b2"]);
});

test("an owner is judged once, until it is called or there is room", () => {
  const queue = new FairQueue<string, number>();
  const asked: string[] = [];
  const ask = (hasRoom: boolean, verdict: Verdict) =>
    queue.take(hasRoom, (owner) => {
      asked.push(owner);
      return verdict;
    });
  for (const owner of ["a", "b", "c"]) queue.push(owner, 1);
  ask(false, "no room");
  ask(false, "no room");
  assert.deepEqual([asked.splice(0), queue.ownersWithoutRoom], [["a", "b", "c"], 3]);
  ask(true, "no room");
  assert.deepEqual(asked.splice(0), ["a"], "there is no room even for the first");
  ask(true, "not now");
  ask(true, "not now");
  queue.push("c", 2);
  assert.deepEqual([asked.splice(0), queue.ownersWithoutRoom], [["a", "b", "c"], 0]);
  queue.reconsider("c");
  queue.reconsider("nobody");
  ask(true, "not now");
  assert.deepEqual(asked, ["c"]);
});

test("an item put back is the first of all, and of its owner", () => {
  const queue = new FairQueue<string, number>();
  queue.push("a", 1);
  queue.push("b", 2);
  queue.pushFront("b", 1);
  assert.equal(queue.size, 3);
  assert.deepEqual(drain(queue), ["b1", "a1", "b2"]);
});

test("items are changed where they stand, and given up with their owner", () => {
  const queue = new FairQueue<string, number>();
  const first = queue.push("a", 1);
  queue.push("b", 1);
  queue.push("a", 2);
  first.value = 10;
  assert.deepEqual([...queue.remove("b")], [1]);
  assert.deepEqual([...queue.remove("b")], []);
  assert.equal(queue.size, 2);
  assert.equal(queue.sizeOf("b"), 0);
  assert.deepEqual(drain(queue), ["a10", "a2"]);
});

test("each item comes out once, in the order of its owner, and no owner comes twice while another waits", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 }), (owners) => {
      const queue = new FairQueue<string, number>();
      for (const [index, owner] of owners.entries()) queue.push(owner, index);
      assert.equal(queue.size, owners.length);
      const waits = new Map<string, number>();
      for (const owner of owners) waits.set(owner, (waits.get(owner) ?? 0) + 1);
      const taken: { owner: string; item: number }[] = [];
      const passedOver = new Map<string, number>();
      for (let next = queue.take(true, any); next !== undefined; next = queue.take(true, any)) {
        const last = taken.filter(({ owner }) => owner === next?.owner).at(-1);
        assert.ok(last === undefined || last.item < next.item, "an owner's items keep their order");
        taken.push(next);
        passedOver.delete(next.owner);
        waits.set(next.owner, (waits.get(next.owner) ?? 0) - 1);
        for (const [owner, count] of waits) {
          if (owner === next.owner || count === 0) continue;
          passedOver.set(owner, (passedOver.get(owner) ?? 0) + 1);
          assert.ok((passedOver.get(owner) ?? 0) < 4, "each of the others goes once at most before it is one's turn");
        }
      }
      assert.deepEqual(
        taken.map(({ item }) => item).sort((one, two) => one - two),
        owners.map((_, index) => index),
      );
    }),
  );
});

/** The same, in the simplest words: owners in the order of their turns, all of them asked each time. */
class Model {
  #parties: { owner: string; items: number[] }[] = [];

  push(owner: string, item: number): void {
    const party = this.#parties.find((each) => each.owner === owner);
    if (party === undefined) this.#parties.push({ owner, items: [item] });
    else party.items.push(item);
  }

  putBack(owner: string, item: number): void {
    const items = this.#parties.find((each) => each.owner === owner)?.items ?? [];
    this.remove(owner);
    this.#parties.unshift({ owner, items: [item, ...items] });
  }

  take(mayGo: (owner: string) => boolean): { owner: string; item: number } | undefined {
    const party = this.#parties.find(({ owner }) => mayGo(owner));
    if (party === undefined) return undefined;
    this.remove(party.owner);
    const [item = 0, ...rest] = party.items;
    if (rest.length > 0) this.#parties.push({ owner: party.owner, items: rest });
    return { owner: party.owner, item };
  }

  remove(owner: string): void {
    this.#parties = this.#parties.filter((each) => each.owner !== owner);
  }
}

test("the result is the same as if all owners were judged each time", () => {
  const owner = fc.constantFrom("a", "b", "c", "d", "e");
  const operation = fc.oneof(
    { weight: 4, arbitrary: fc.record({ push: owner }) },
    { weight: 1, arbitrary: fc.record({ putBack: owner }) },
    { weight: 1, arbitrary: fc.record({ remove: owner }) },
    { weight: 2, arbitrary: fc.record({ turn: owner }) }, // one that may not go may, or the other way round
    { weight: 2, arbitrary: fc.record({ needsRoom: owner }) }, // likewise
    { weight: 6, arbitrary: fc.record({ take: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
      const queue = new FairQueue<string, number>();
      const model = new Model();
      const [kept, roomy] = [new Set<string>(), new Set<string>()];
      const toggle = (set: Set<string>, one: string): void => {
        if (!set.delete(one)) set.add(one);
        queue.reconsider(one);
      };
      for (const [item, done] of operations.entries()) {
        if ("push" in done) {
          queue.push(done.push, item);
          model.push(done.push, item);
        } else if ("putBack" in done) {
          queue.pushFront(done.putBack, item);
          model.putBack(done.putBack, item);
        } else if ("remove" in done) {
          queue.remove(done.remove);
          model.remove(done.remove);
        } else if ("turn" in done) {
          toggle(kept, done.turn);
        } else if ("needsRoom" in done) {
          toggle(roomy, done.needsRoom);
        } else {
          const room = done.take;
          const taken = queue.take(room, (one) => {
            if (kept.has(one)) return "not now";
            return room || !roomy.has(one) ? "take" : "no room";
          });
          assert.deepEqual(
            taken,
            model.take((one) => !kept.has(one) && (room || !roomy.has(one))),
          );
        }
      }
    }),
  );
});

test("an item that yields goes when no other one may", () => {
  const queue = new FairQueue<string, string>();
  for (const owner of ["a", "b", "c"]) queue.push(owner, owner);
  const order: (string | undefined)[] = [];
  for (let n = 0; n < 4; n += 1) order.push(queue.take(true, (owner) => (owner === "c" ? "take" : "yield"))?.owner);
  assert.deepEqual(order, ["c", "a", "b", undefined]);
  queue.push("a", "again");
  assert.equal(queue.take(false, () => "yield")?.item, "again");
});
