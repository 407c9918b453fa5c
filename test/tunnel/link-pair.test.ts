// Two of our own links, joined in memory: the test decides when what one has written reaches the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backlogChanged, NO_BACKLOG } from "#src/core/limits/idle-deadlines.js";
import { INITIAL_CREDIT } from "#src/core/tunnel/receive-credit.js";
import { LinkPair, nextPass, type PairClient } from "../support/link-pair.js";

/** A pair that knows of each other's abilities, and a client. */
async function introduced() {
  const pair = new LinkPair();
  await pair.introduce();
  const [here, there] = pair.open(0);
  return { pair, here, there };
}

test("a FIN passes at once, behind the bytes before it; the other direction stays open", async () => {
  const { pair, here, there } = await introduced();
  here.channel.write("question");
  here.channel.end();
  await pair.settle();
  assert.deepEqual([there.text, there.told, here.told], ["question", ["eof"], ["finished"]]);
  there.channel.write("answer");
  await pair.settle();
  assert.deepEqual([here.text, here.told], ["answer", ["finished"]]);
  there.channel.end();
  await pair.settle();
  assert.deepEqual(
    [here.told, there.told],
    [
      ["finished", "eof"],
      ["eof", "finished"],
    ],
  );
  here.channel.destroy();
  there.channel.destroy();
  await pair.settle();
  assert.deepEqual(
    pair.links.map((link) => link.freeId()),
    [0, 0],
  );
});

test("a FIN of a client whose peer has not said HELLO yet passes as soon as it has", async () => {
  const pair = new LinkPair();
  const [here, there] = pair.open(0);
  pair.links[0].startPinging();
  here.channel.write("question");
  here.channel.end();
  await nextPass();
  assert.deepEqual(here.told, ["finished"]);
  await pair.settle();
  assert.deepEqual([there.text, there.told], ["question", ["eof"]]);
  pair.clock.advance(60_000);
  await pair.settle();
  assert.deepEqual(there.told, ["eof"], "no CLOSE follows");
});

test("a FIN waits for bytes that wait for credit", async () => {
  const { pair, here, there } = await introduced();
  there.channel.pause();
  here.channel.write(Buffer.alloc(INITIAL_CREDIT + 1, "x"));
  here.channel.end();
  await pair.settle();
  assert.deepEqual([here.told, here.channel.unsent, there.channel.pending], [[], 1, INITIAL_CREDIT]);
  there.channel.resume();
  await pair.settle();
  await pair.settle();
  assert.deepEqual([there.text.length, here.told, there.told], [INITIAL_CREDIT + 1, ["finished"], ["eof"]]);
});

test("a reset reaches the other side behind the bytes before it, and counts as a cut, before or behind a FIN", async () => {
  for (const hasEnded of [false, true]) {
    const { pair, here, there } = await introduced();
    there.channel.pause();
    here.channel.write("half");
    if (hasEnded) here.channel.end();
    await nextPass();
    here.channel.reset();
    await pair.settle();
    assert.deepEqual(there.told, []);
    there.channel.resume();
    assert.deepEqual([there.text, there.told], ["half", ["cut"]]);
    await pair.settle();
    assert.deepEqual([pair.links[0].freeId(), pair.links[1].freeId()], [0, 0]);
  }
});

test("CLOSE without FIN, and CLOSE of a side that sends no answer any more, close the other side behind the bytes before it", async () => {
  for (const hasEnded of [false, true]) {
    const { pair, here, there } = await introduced();
    here.channel.write("all of it");
    if (hasEnded) here.channel.end();
    await pair.settle();
    here.channel.destroy();
    await pair.settle();
    assert.deepEqual([there.text, there.told], ["all of it", hasEnded ? ["eof", "closed"] : ["closed"]]);
  }
});

test("CLOSE behind the FINs of both does not cut off a reader that is slower than that", async () => {
  const { pair, here, there } = await introduced();
  there.channel.pause();
  here.channel.write("all of it");
  for (const { channel } of [here, there]) channel.end();
  await pair.settle();
  here.channel.destroy();
  await pair.settle();
  assert.deepEqual(there.told, ["finished"]);
  there.channel.resume();
  assert.deepEqual([there.text, there.told], ["all of it", ["finished", "eof"]]);
});

test("one client that does not read holds up nobody, and only its own writer waits", async () => {
  const { pair, here, there } = await introduced();
  const [other, otherThere] = pair.open(1);
  there.channel.pause();
  for (const { channel } of [here, other]) channel.write(Buffer.alloc(20 * INITIAL_CREDIT, "x"));
  await pair.settle();
  assert.deepEqual([there.channel.pending, here.channel.unsent], [INITIAL_CREDIT, 19 * INITIAL_CREDIT]);
  assert.deepEqual([otherThere.text.length, other.channel.unsent], [20 * INITIAL_CREDIT, 0]);
  there.channel.resume();
  await pair.settle();
  assert.equal(there.text.length, 20 * INITIAL_CREDIT);
  assert.deepEqual(pair.told, []);
});

test("a side learns that bytes wait on the other one, for fifteen seconds each time", async () => {
  const { pair, here, there } = await introduced();
  assert.deepEqual(here.channel.peerBacklog, NO_BACKLOG);
  there.channel.tellWaiting();
  await pair.settle();
  const first = here.channel.peerBacklog;
  there.channel.tellWaiting();
  await pair.settle();
  assert.ok(backlogChanged(first, NO_BACKLOG) && backlogChanged(here.channel.peerBacklog, first));
  pair.clock.advance(14_999);
  assert.notDeepEqual(here.channel.peerBacklog, NO_BACKLOG);
  pair.clock.advance(1);
  assert.deepEqual([here.channel.peerBacklog, there.channel.peerBacklog], [NO_BACKLOG, NO_BACKLOG]);
  there.channel.destroy();
  there.channel.tellWaiting();
  await pair.settle();
  assert.deepEqual(pair.told, []);
});

test("a reader that keeps a view of the read buffer has it for itself, then gets copies, and misses nothing", async () => {
  const { pair, here, there } = await introduced();
  there.slow = true;
  const text = Array.from({ length: 60_000 }, (_, index) => `${index},`).join("");
  here.channel.write(text);
  for (let round = 0; there.text.length < text.length; round += 1) {
    assert.ok(round < 1000, "it does not go on");
    await pair.settle();
    there.takeIt();
    await nextPass();
  }
  assert.equal(there.text, text);
});

type Step =
  | { readonly side: 0 | 1; readonly kind: "write" | "end" | "reset" | "destroy" | "pause" | "resume" | "take" }
  | {
      readonly side: 0 | 1;
      readonly kind: "deliver";
      readonly bytes: number;
    };

const side = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ side, kind: fc.constantFrom("write", "write", "pause", "resume", "take") }),
  },
  { weight: 2, arbitrary: fc.record({ side, kind: fc.constantFrom("end", "end", "reset", "destroy") }) },
  {
    weight: 6,
    arbitrary: fc.record({ side, kind: fc.constant("deliver" as const), bytes: fc.integer({ min: 1, max: 400_000 }) }),
  },
) as fc.Arbitrary<Step>;

/** Takes one step. Returns what has been written by it. */
function take(pair: LinkPair, clients: readonly PairClient[], step: Step, fill: string): string {
  const client = clients[step.side] as PairClient;
  const { channel } = client;
  switch (step.kind) {
    case "write":
      if (channel.unsent > 0 || channel.gone || channel.isClosedThere) return "";
      channel.write(fill);
      return fill;
    case "deliver":
      pair.deliver(step.side, step.bytes);
      return "";
    case "take":
      client.slow = !client.slow;
      client.takeIt();
      return "";
    default:
      channel[step.kind]();
      return "";
  }
}

test("for any order of writes and ends on both sides: bytes come in order, EOF behind all of them; both numbers are free in the end", async () => {
  const run = async (steps: readonly Step[], early: boolean): Promise<void> => {
    const pair = new LinkPair();
    pair.links[0].startPinging();
    if (!early) await pair.settle();
    const clients = pair.open(0);
    const written = ["", ""];
    const ended = [false, false];
    for (const [index, step] of steps.entries()) {
      if (step.kind === "write" && ended[step.side]) continue;
      if (step.kind === "end") ended[step.side] = true;
      written[step.side] += take(pair, clients, step, `${index},`.repeat(1 + ((index * 7919) % 40_000)));
      for (const [at, { text, told }] of clients.entries()) {
        const sent = written[1 - at] ?? "";
        assert.ok(sent.startsWith(text), "in order, and nothing else");
        if (told.includes("eof") && !told.includes("cut")) assert.equal(text.length, sent.length);
      }
      await nextPass();
    }
    for (const client of clients) {
      client.slow = false;
      client.takeIt();
    }
    await pair.settle();
    for (const { told } of clients) assert.ok(!told.some((what) => what.startsWith("fault")), told.join());
    for (const { channel } of clients) channel.destroy();
    await pair.settle();
    pair.clock.advance(2000); // a CLOSE that went before the HELLO is not confirmed
    assert.deepEqual(pair.told, []);
    assert.deepEqual([pair.links[0].freeId(), pair.links[1].freeId()], [0, 0]);
    assert.equal(pair.clock.pending, 0);
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), run), { numRuns: 60 });
});
