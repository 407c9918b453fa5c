import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { ACTION, EVENT, type Joined, read, reply, TestLine } from "../support/telegram-line.js";

const SHARE_MS = 500;

const which = fc.nat(2);
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("read" as const), which, n: fc.nat(1) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("answer" as const), which, n: fc.nat(3) }) },
  fc.record({ kind: fc.constant("write" as const), which, n: fc.nat() }),
  fc.record({ kind: fc.constant("event" as const), which, n: fc.nat(3) }),
  fc.record({ kind: fc.constant("busy" as const), which, n: fc.nat(1) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("time" as const), which, n: fc.nat(300) }) },
);

/** One connection of the model. */
class Modelled {
  readonly joined: Joined;
  /** Reads that the server has got: their datapoint, and how many changes there had been. */
  readonly asked: { readonly point: number; readonly changes: number }[] = [];
  /** All that the server has sent, and where its telegrams end. */
  said = "";
  readonly ends = new Set([0]);
  /** What the client has got of it. */
  heard = "";
  /** The server is being listened to: what is written now is its own. */
  hearing = false;
  /** So much of it has come. */
  cutAt = 0;
  #isWhole: () => void = () => {};

  constructor(joined: Joined) {
    this.joined = joined;
  }

  /** The server sends a telegram, with its end held back for a while when `n` is odd. `isWhole`: called when all of it comes. */
  say(text: string, n: number, isWhole: () => void): void {
    this.#isWhole = isWhole;
    this.said += text;
    this.ends.add(this.said.length);
    this.cutAt = n % 2 === 0 ? this.said.length : this.said.length - 4;
    if (n % 2 === 0) isWhole();
    this.deliver(text.slice(0, text.length - (this.said.length - this.cutAt)));
  }

  /** Sends what was held back. Returns whether the server can go on: its bytes would be heard at once. */
  finish(): boolean {
    if (this.joined.server.isPaused) return false;
    const rest = this.said.slice(this.cutAt);
    this.cutAt = this.said.length;
    if (rest === "") return true;
    this.#isWhole();
    this.deliver(rest);
    return !this.joined.server.isPaused;
  }

  deliver(text: string): void {
    this.hearing = true;
    this.joined.server.send(text);
    this.hearing = false;
  }
}

test("law: an answer from the cache is fresh, newer than every change, and between whole messages; nothing else changes", async () => {
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), fc.constantFrom(0, 50), async (steps, rate) => {
      await setImmediate(); // each run has a turn of its own
      const { clock, join } = bound({ shareMs: SHARE_MS, rate });
      const values: { point: number; changes: number; at: number }[] = [];
      let changes = 0;
      const all = [0, 1, 2].map(() => {
        const model = new Modelled(join());
        const { client, server } = model.joined;
        server.onWritten = (chunk) => {
          const point = /F02D(\d\d)/.exec(chunk.toString("latin1"))?.[1];
          if (point === undefined) changes += 1;
          else model.asked.push({ point: Number(point), changes });
        };
        client.onWritten = (chunk) => {
          const text = chunk.toString("latin1");
          if (model.hearing) {
            model.heard += text;
            return;
          }
          hits += 1;
          const [, point, id] = /^<R0020030837F02D(\d\d)(\d+)[A-P]{2}>$/.exec(text) ?? assert.fail(text);
          const value = values[Number(id)];
          assert.equal(value?.point, Number(point));
          assert.equal(value?.changes, changes, "it is not from before a change");
          assert.ok(clock.now() - (value?.at ?? 0) < SHARE_MS, "it is fresh");
          assert.ok(model.ends.has(model.heard.length), "it is between two messages");
        };
        return model;
      });
      for (const { kind, which, n } of steps) {
        const model = all[which] as Modelled;
        if (kind === "read") model.joined.client.send(read(n));
        else if (kind === "write") model.joined.client.send(ACTION);
        else if (kind === "time") clock.advance(n);
        else if (kind === "busy") {
          model.hearing = true; // the server's bytes may have waited for this
          model.joined.client.setBusy(n === 1);
          model.hearing = false;
        } else if (kind === "event") {
          if (!model.finish()) continue;
          model.say(EVENT, n, () => {
            changes += 1;
          });
        } else {
          const asked = model.finish() ? model.asked.shift() : undefined;
          if (asked === undefined) continue;
          const value = { ...asked, at: 0 };
          values.push(value);
          model.say(reply(asked.point, values.length - 1), n, () => {
            value.at = clock.now();
          });
        }
      }
      for (const model of all) {
        model.hearing = true;
        model.joined.client.setBusy(false);
        model.finish();
        assert.equal(model.heard, model.said);
      }
    }),
    { numRuns: 1000, includeErrorInReport: true },
  );
  assert.ok(hits > 500, `${hits} answers from memory in all runs`);
});

/** A `[direct]` line on a clock that the test moves. */
function bound(options: { rate?: number; shareMs?: number }) {
  const test = new TestLine(options);
  return { clock: test.clock, join: test.join.bind(test) };
}
