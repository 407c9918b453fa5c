import assert from "node:assert/strict";
import { test } from "node:test";
import { telegram } from "../support/protocols.js";
import { ACTION, DONE, EVENT, type Joined, read, reply, TestLine } from "../support/telegram-line.js";

const SHARE_MS = 500;

/** Sends a read on one connection; the server answers. */
function learn({ client, server }: Joined, value: string, point = 12): void {
  const before = server.text.length;
  client.send(read(point));
  assert.equal(server.text.slice(before), read(point), "the server is asked");
  server.send(reply(point, value));
}

/** The answer of the cache to a read on this connection, if any. */
function recalls({ client, server }: Joined, point = 12): string | undefined {
  const [asked, got] = [server.text.length, client.text.length];
  client.send(read(point));
  const answer = client.text.slice(got);
  assert.equal(server.text.slice(asked), answer === "" ? read(point) : "");
  return answer === "" ? undefined : answer;
}

test("a read is answered with another client's answer while that is fresh", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  learn(one, "1");
  assert.equal(one.client.text, reply(12, "1"));
  assert.equal(recalls(two), reply(12, "1"));
  assert.equal(recalls(one), reply(12, "1"));
  assert.equal(recalls(two, 13), undefined, "another datapoint");
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
  ["bytes to the server that are no telegram", (_, { client }) => client.send("x")],
  ["bytes from the server that are no telegram", (_, { server }) => server.send(`x${EVENT}`)],
  ["a read with a wrong checksum", (_, { client }) => client.send("<S0020030837F02D12AA>")],
];
for (const [what, happens] of VOID) {
  test(`cached answers are void after ${what}`, () => {
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

test("a write voids the cache when it leaves, not while it waits for its turn; a read behind it waits, too", () => {
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

test("a read from the cache waits for no turn and takes none", () => {
  const test = new TestLine({ shareMs: 60_000, rate: 1 });
  const one = test.join();
  learn(one, "1");
  one.client.send(read(12) + read(13) + read(12));
  assert.equal(one.client.text, reply(12, "1").repeat(2));
  test.clock.advance(1000);
  assert.equal(one.server.text, read(12) + read(13));
  assert.equal(one.client.text, reply(12, "1").repeat(3), "but it keeps its order behind what waits");
});

test("an answer to a read before a write is not cached after it", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  one.client.send(read(12));
  two.client.send(ACTION);
  one.server.send(reply(12, "old"));
  assert.equal(recalls(one), undefined);
});

test("a telegram with a wrong checksum is neither answered from the cache nor cached", () => {
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

test("a read of all modules always reaches the server", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const one = test.join();
  const all = String(telegram("S0000000000F02D12"));
  one.client.send(all);
  one.server.send(reply(12, "1", "0000000000"));
  one.client.send(all);
  assert.equal(one.server.text, all + all);
});

test("a client that does not read is answered by the server, in order", () => {
  const test = new TestLine({ shareMs: SHARE_MS });
  const [one, two] = [test.join(), test.join()];
  learn(one, "1");
  two.client.setBusy(true);
  two.server.send(reply(13, "long"));
  assert.equal(recalls(two), undefined);
  two.client.setBusy(false);
  assert.equal(two.client.text, reply(13, "long"));
});

test("half a telegram of the server waits until it is whole: an answer from the cache goes first", () => {
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

test("no cached answer goes between bytes that are no telegram", () => {
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
  test(`half a telegram of the server passes at ${how}`, () => {
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
