import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { telegram } from "../support/protocols.js";
import { ACTION, DONE, EVENT, type Joined, read, reply, TestLine } from "../support/telegram-line.js";

const SHARE_MS = 500;

/** Asks by one connection, whose server answers. */
function learn({ client, server }: Joined, value: string, point = 12): void {
  const before = server.text.length;
  client.send(read(point));
  assert.equal(server.text.slice(before), read(point), "the server is asked");
  server.send(reply(point, value));
}

/** Whether a read by this connection is answered from memory, and by what. */
function recalls({ client, server }: Joined, point = 12): string | undefined {
  const [asked, got] = [server.text.length, client.text.length];
  client.send(read(point));
  const answer = client.text.slice(got);
  assert.equal(server.text.slice(asked), answer === "" ? read(point) : "");
  return answer === "" ? undefined : answer;
}

test("a read is answered from the answer of another client, as long as it is fresh", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  learn(one, "1");
  assert.equal(one.client.text, reply(12, "1"));
  assert.equal(recalls(two), reply(12, "1"));
  assert.equal(recalls(one), reply(12, "1"));
  assert.equal(recalls(two, 13), undefined, "another data point");
  test.clock.advance(SHARE_MS - 1);
  assert.equal(recalls(two), reply(12, "1"));
  assert.equal(test.line.status.cacheHits, 3);
  test.clock.advance(1);
  assert.equal(recalls(two), undefined);
});

const VOID: [what: string, happens: (one: Joined, two: Joined) => void][] = [
  ["an action of the same client", ({ client }) => client.send(ACTION)],
  ["an action of another one", (_, { client }) => client.send(ACTION)],
  ["its confirmation on another connection", (_, { server }) => server.send(DONE)],
  ["an event", (_, { server }) => server.send(EVENT)],
  ["what is no telegram, to the server", (_, { client }) => client.send("x")],
  ["what is no telegram, from the server", (_, { server }) => server.send(`x${EVENT}`)],
  ["a read with a wrong checksum", (_, { client }) => client.send("<S0020030837F02D12AA>")],
];
for (const [what, happens] of VOID) {
  test(`answers are void after ${what}`, () => {
    const test = new TestLine({ shareMs: SHARE_MS });
    const [one, two, three] = [test.join(), test.join(), test.join()];
    learn(one, "1");
    happens(one, two);
    assert.equal(recalls(three), undefined);
  });
}

test("white space between telegrams changes nothing", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const one = test.join();
  learn(one, "1");
  one.client.send("\r\n");
  one.server.send("\r\n");
  assert.equal(recalls(one), reply(12, "1"));
});

test("a write voids when it goes out, not when it waits for its turn; a read behind it is not answered before", () => {
  const test = new TestLine({ shareMs: 60_000, rate: 1 });
  const [one, two] = [test.join(), test.join()];
  learn(one, "1");
  two.client.send(ACTION + read(12));
  assert.equal(recalls(one), reply(12, "1"));
  assert.equal(two.client.text, "");
  test.clock.advance(1000);
  assert.equal(two.server.text, ACTION);
  test.clock.advance(1000);
  assert.equal(two.server.text, ACTION + read(12));
});

test("a read from memory waits for no turn and takes none", () => {
  const test = new TestLine({ shareMs: 60_000, rate: 1 });
  const one = test.join();
  learn(one, "1");
  one.client.send(read(12) + read(13) + read(12));
  assert.equal(one.client.text, reply(12, "1").repeat(2));
  test.clock.advance(1000);
  assert.equal(one.server.text, read(12) + read(13));
  assert.equal(one.client.text, reply(12, "1").repeat(3), "but it keeps its order behind what waits");
});

test("an answer that was asked for before a write is not kept after it", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  one.client.send(read(12));
  two.client.send(ACTION);
  one.server.send(reply(12, "old"));
  assert.equal(recalls(one), undefined);
});

test("a wrong checksum is not answered from memory, nor kept", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const one = test.join();
  one.client.send(read(12));
  one.server.send("<R0020030837F02D12valueAA>");
  assert.equal(recalls(one), undefined);
  one.server.send(reply(12, "1"));
  const wrong = "<S0020030837F02D12AA>";
  one.client.send(wrong);
  assert.ok(one.server.text.endsWith(wrong));
});

test("a read of all modules is always asked", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const one = test.join();
  const all = String(telegram("S0000000000F02D12"));
  one.client.send(all);
  one.server.send(reply(12, "1", "0000000000"));
  one.client.send(all);
  assert.equal(one.server.text, all + all);
});

test("a client that does not read is answered by the server, behind what is before it", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  learn(one, "1");
  two.client.setBusy(true);
  two.server.send(reply(13, "long"));
  assert.equal(recalls(two), undefined);
  two.client.setBusy(false);
  assert.equal(two.client.text, reply(13, "long"));
});

test("half a telegram of the server is kept until it is whole: an answer from memory goes before it", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  learn(one, "1");
  const other = reply(14, "x");
  two.client.send(read(14));
  two.server.send(other.slice(0, 7));
  assert.equal(two.client.text, "");
  assert.equal(recalls(two), reply(12, "1"));
  two.server.send(other.slice(7));
  assert.equal(two.client.text, reply(12, "1") + other);
});

test("amid bytes that are no telegram nothing is put in between", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  two.server.send(`<${"x".repeat(1500)}`);
  learn(one, "1");
  assert.equal(recalls(two), undefined);
  two.server.send(`y>${reply(12, "1")}`);
  assert.equal(recalls(two), undefined, "junk of the server has made it void");
});

for (const [how, ends] of [
  ["FIN", ({ server }: Joined) => server.fin()],
  ["a reset", ({ server }: Joined) => server.cut(new Error("reset"))],
] as const) {
  test(`half a telegram of the server is passed on at ${how}`, () => {
    const joined = new TestLine({ shareMs: SHARE_MS }).join();
    joined.server.send(`${EVENT}<half`);
    assert.equal(joined.client.text, EVENT);
    ends(joined);
    assert.equal(joined.client.text, `${EVENT}<half`);
    assert.ok(joined.client.ended);
  });
}

test("with BSIZ no byte is lost when a busy client's server ends amid a telegram", () => {
  const { client, server } = new TestLine({ shareMs: SHARE_MS }).join({ blockSize: 5 });
  client.setBusy(true);
  server.send(`${EVENT}<half`);
  server.cut(new Error("reset"));
  client.setBusy(false);
  assert.equal(client.text, `${EVENT}<half`);
});

const which = fc.nat(2);
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("read" as const), which, n: fc.nat(1) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("answer" as const), which, n: fc.nat(3) }) },
  fc.record({ kind: fc.constant("write" as const), which, n: fc.nat() }),
  fc.record({ kind: fc.constant("event" as const), which, n: fc.nat(3) }),
  fc.record({ kind: fc.constant("busy" as const), which, n: fc.nat(1) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("time" as const), which, n: fc.nat(300) }) },
);

/** One connection as the model sees it. */
class Modelled {
  readonly joined: Joined;
  /** Reads that the server has got: their data point, and how many changes there had been. */
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

test("law: an answer from memory is fresh, younger than any change, and between whole messages; nothing else is changed", () => {
  let hits = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), fc.constantFrom(0, 50), (steps, rate) => {
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

/** A line with its functions at hand. */
function bound(options: { rate?: number; shareMs?: number }) {
  const test = new TestLine(options);
  return { clock: test.clock, join: test.join.bind(test) };
}
