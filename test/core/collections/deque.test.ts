import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Deque, type Place } from "#src/core/collections/deque.js";

const operation = fc.oneof(
  fc.constantFrom("push", "pushFront", "take", "clear"),
  fc.record({ remove: fc.nat(20) }),
  fc.record({ change: fc.nat(20) }),
);

test("law: a deque holds the same as an array after any operations", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const deque = new Deque<number>();
      let model: Place<number>[] = [];
      const places: Place<number>[] = [];
      for (const [index, done] of operations.entries()) {
        if (done === "push") model.push(deque.push(index));
        else if (done === "pushFront") model.unshift(deque.pushFront(index));
        else if (done === "take") assert.equal(deque.take(), model.shift()?.value);
        else if (done === "clear") {
          deque.clear();
          model = [];
        } else if ("remove" in done) {
          const place = places[done.remove]; // it may have left already
          if (place !== undefined) deque.remove(place);
          model = model.filter((other) => other !== place);
        } else {
          const place = model[done.change];
          if (place !== undefined) place.value += 1000;
        }
        for (const place of model) if (!places.includes(place)) places.push(place);
        assert.deepEqual(
          [...deque],
          model.map(({ value }) => value),
        );
        assert.deepEqual([deque.size, deque.first], [model.length, model[0]?.value]);
      }
    }),
  );
});
