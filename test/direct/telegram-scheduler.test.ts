import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { cutAt } from "../core/framing/run.js";
import { ACTION, read, TestLine } from "../support/telegram-line.js";

const many = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => read((from + index) % 100));

test("without RATE and CACH a server gets no telegram end", () => {
  const { line } = new TestLine({});
  const { server } = new TestLine({}).join();
  assert.equal(line.wrap(server), server);
  assert.notEqual(new TestLine({ rate: 1 }).line.wrap(server), server);
  assert.notEqual(new TestLine({ shareMs: 1 }).line.wrap(server), server);
});

test("the first telegram leaves at once, the others evenly spaced", () => {
  const { clock, line, join } = bound({ rate: 4 });
  const { client, server } = join();
  client.send(many(4).join(""));
  const begin = clock.now();
  assert.deepEqual(line.status, { waiting: 3, waitingClients: 1, sent: 1, cacheHits: 0 });
  clock.advance(5000);
  assert.deepEqual(
    server.written.map(({ text, at }) => [text, at - begin]),
    many(4).map((text, index) => [text, index * 250]),
  );
  assert.deepEqual(line.status, { waiting: 0, waitingClients: 0, sent: 4, cacheHits: 0 });
  client.send(many(2).join(""));
  clock.advance(249);
  assert.equal(server.written.length, 5, "an idle time earns no burst");
});

test("clients take turns, one telegram each", () => {
  const { clock, join } = bound({ rate: 10 });
  const order: string[] = [];
  const clients = ["A", "B", "C"].map((name) => {
    const { client, server } = join();
    server.onWritten = () => order.push(name);
    return client;
  });
  clients[0]?.send(many(6).join(""));
  clients[1]?.send(many(3).join(""));
  clock.advance(200);
  clients[2]?.send(many(2).join(""));
  clock.advance(10_000);
  assert.equal(order.join(""), "AABABCABCAA");
});

test("bytes outside telegrams pass with their neighbours and need no turn", () => {
  const { clock, join } = bound({ rate: 1 });
  const { client, server } = join();
  client.send(`x${ACTION}\r\n${ACTION}\r\n`);
  assert.equal(server.text, `x${ACTION}\r\n`);
  clock.advance(1000);
  assert.equal(server.text, `x${ACTION}\r\n${ACTION}\r\n`);
});

test("half a telegram passes when it is too long for one, and at a FIN", () => {
  const { join } = bound({ rate: 1 });
  const { client, server } = join();
  client.send(`<${"x".repeat(1000)}`);
  assert.equal(server.text, "");
  client.send("y".repeat(100));
  assert.equal(server.text.length, 1101);
  client.send("<half");
  assert.equal(server.text.length, 1101);
  client.fin();
  assert.ok(server.text.endsWith("<half") && server.ended);
});

test("nobody reads a client whose telegrams wait", () => {
  const { clock, join } = bound({ rate: 10 });
  const { client, server, relay } = join();
  client.send(many(3).join(""), many(3, 3).join(""));
  assert.ok(client.isPaused);
  assert.equal(relay.remote.unsent, 2 * read(0).length);
  clock.advance(250);
  assert.equal(server.text, many(3).join(""));
  clock.advance(50);
  assert.equal(server.text, many(4).join(""), "the next chunk is read when nothing waits");
  clock.advance(5000);
  assert.equal(server.text, many(6).join(""));
  assert.ok(!client.isPaused);
});

test("a server that reads nothing costs the others no turn and gets nothing meanwhile", () => {
  const { clock, join } = bound({ rate: 10 });
  const [one, two] = [join(), join()];
  one.server.setBusy(true);
  one.client.send(many(5).join(""));
  two.client.send(many(11).join(""));
  clock.advance(1099);
  assert.equal(one.server.written.length, 1);
  assert.equal(two.server.written.length, 10);
  one.server.setBusy(false);
  clock.advance(10_000);
  assert.equal(one.server.text, many(5).join(""));
  assert.ok(!one.client.isPaused && !two.client.isPaused);
});

test("a client that leaves gives its place up", () => {
  const { clock, line, join } = bound({ rate: 1 });
  const [one, two, three] = [join(), join(), join()];
  one.client.send(many(2).join(""));
  two.client.send(many(5).join(""));
  three.client.send(many(1).join(""));
  two.client.cut(new Error("reset"));
  assert.ok(two.server.gone);
  assert.equal(line.status.waiting, 2);
  clock.advance(2000);
  assert.equal(one.server.written.length + three.server.written.length, 3);
  one.server.cut(new Error("reset"));
  assert.equal(one.over, "reset by remote (reset)");
  assert.equal(two.server.text, "");
});

test("when all clients have left no timer runs", () => {
  const { clock, join } = bound({ rate: 1 });
  const { client } = join();
  client.send(many(5).join(""));
  client.cut(new Error("reset"));
  assert.equal(clock.pending, 0);
});

for (const how of ["with the first bytes", "while the others wait"] as const) {
  test(`FIN of the client ${how} follows the waiting telegrams, however long they take`, async () => {
    const line = new TestLine({ rate: 0.5 });
    const text = many(60).join("");
    const early = how === "with the first bytes";
    const joined = line.join(early ? { early: text, fin: true } : {});
    if (!early) {
      joined.client.send(text);
      joined.client.fin();
      joined.state = "ended";
    }
    await line.pass(117_000);
    assert.equal(joined.server.ended, false);
    await line.pass(2000);
    assert.equal(joined.server.text, text);
    assert.ok(joined.server.ended);
    await line.pass(10_000);
    assert.match(joined.over ?? "", /^by client, and the remote was silent for 5 s$/);
  });
}

test("clients that wait for a turn longer than the relay's limits are not cut", async () => {
  const line = new TestLine({ rate: 0.5 });
  const all = Array.from({ length: 40 }, () => line.join({ early: many(2).join(""), fin: true }));
  await line.pass(170_000);
  for (const { server } of all) assert.equal(server.text, many(2).join(""));
});

test("the server's FIN does not cut telegrams that wait for their turn", async () => {
  const line = new TestLine({ rate: 0.5 });
  const { client, server } = line.join();
  client.send(many(60).join(""));
  server.fin();
  await line.pass(120_000);
  assert.equal(server.text, many(60).join(""));
});

test("a server that is there and reads nothing has an hour, as without RATE", async () => {
  const line = new TestLine({ rate: 0.5 });
  const joined = line.join();
  joined.server.setBusy(true);
  joined.client.send(many(60).join(""));
  joined.client.fin();
  joined.state = "ended";
  await line.pass(3_590_000, 10_000);
  assert.equal(joined.over, undefined);
  await line.pass(60_000, 10_000);
  assert.equal(joined.over, "by client, and the last bytes were not taken for 3600 s");
  assert.equal(line.line.status.waiting, 0);
});

test("a client that has reset its connection while its telegrams wait is noticed", async () => {
  const line = new TestLine({ rate: 0.5 });
  const joined = line.join();
  joined.client.send(many(600).join(""));
  joined.state = "gone";
  await line.pass(30_000);
  assert.equal(joined.over, "by client, and the remote takes nothing");
  assert.equal(line.line.status.waiting, 0);
});

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.nat(99).map((point) => read(point)) },
  fc.constantFrom(ACTION, "\r\n", "x", "<", ">", "<half", "<>", "<S1>", `<${"z".repeat(1200)}>`),
);
const stream = fc.tuple(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 6 }));
const steps = fc.array(fc.tuple(fc.nat(3), fc.nat(700)), { maxLength: 12 });

test("law: all bytes of the clients arrive unchanged and in order, with the FIN behind them, never faster than the rate", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(0, 7, 64),
      fc.array(stream, { minLength: 1, maxLength: 4 }),
      steps,
      async (rate, blockSize, streams, actions) => {
        const { clock, join } = bound({ rate });
        const left: number[] = [];
        const all = streams.map(([pieces, places]) => {
          const joined = join({ blockSize });
          const text = pieces.join("");
          joined.server.onWritten = (chunk) => {
            if (/^<[^<>]*>$/.test(chunk.toString("latin1")) && chunk.length <= 1024) left.push(clock.now());
          };
          return { ...joined, text, chunks: cutAt(Buffer.from(text, "latin1"), places) };
        });
        for (const { client, chunks } of all) client.send(...chunks);
        for (const [which, ms] of actions) {
          all[which]?.server.setBusy(ms % 2 === 0);
          clock.advance(ms);
        }
        for (const { client, server } of all) {
          server.setBusy(false);
          client.fin();
        }
        for (let second = 0; second < 60; second += 1) {
          await setImmediate(); // a turn may have ended meanwhile
          clock.advance(1000);
        }
        for (const { server, text } of all) {
          assert.equal(server.text, text);
          assert.ok(server.ended);
        }
        for (const from of left) assert.ok(left.filter((at) => at >= from && at < from + 1000).length <= rate);
      },
    ),
    { numRuns: 300, includeErrorInReport: true },
  );
});

/** A `[direct]` line on a clock that the test moves. */
function bound(options: { rate?: number; shareMs?: number }) {
  const test = new TestLine(options);
  return { clock: test.clock, line: test.line, join: test.join.bind(test) };
}
