import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairQueue } from "#src/core/mux/fair-queue.js";
import type { Request } from "#src/core/mux/protocol.js";
import { FairScheduler } from "#src/mux/fair-scheduler.js";
import type { MuxClient } from "#src/mux/mux-client.js";
import { ClientRequest, PendingRequest, type QueueItem } from "#src/mux/pending-request.js";
import { WaitingReads } from "#src/mux/waiting-reads.js";
import { ManualClock } from "../support/clock.js";
import { readPdu, writePdu } from "../support/modbus.js";
import { modbusMessage, muxRoute, requestOf, settle, TestMuxClient } from "../support/mux-parts.js";

/** A scheduler on one link with room for one request at a time; each read that goes out takes the waiting ones with it. */
function setUp(options: string) {
  const clock = new ManualClock();
  const { mux } = muxRoute(options);
  const { protocol } = mux;
  const sent: { readonly clientRequest: ClientRequest; readonly pending: PendingRequest }[] = [];
  let isBusy = true;
  const scheduler = new FairScheduler({
    clock,
    options: () => mux,
    hasRoom: () => !isBusy,
    roomFor: () => (isBusy ? "none" : "room"),
    keyOf: ({ key }) => key,
    lostMs: () => 0,
    excusedMs: () => 0,
    isCoalescing: () => false,
    start: (clientRequest, pending) => {
      isBusy = true;
      scheduler.started(clientRequest, pending);
      scheduler.joinWaiting(pending, () => true);
      sent.push({ clientRequest, pending });
    },
    needsConnection() {},
    settled() {},
    queueFull() {},
  });
  const join = (): TestMuxClient => {
    const test = new TestMuxClient(protocol, clock, { gone: () => scheduler.remove(test.client) });
    scheduler.add(test.client);
    test.client.resume();
    return test;
  };
  /** Lets the next request go out; tells how many clients wait for its answer. */
  const next = async (): Promise<number> => {
    isBusy = false;
    scheduler.dispatch();
    await settle(); // the scheduler may put work off
    isBusy = true;
    return sent.at(-1)?.pending.waiters.size ?? 0;
  };
  const answer = (): void => {
    for (const each of [...(sent.at(-1)?.pending.waiters ?? [])]) scheduler.finished(each);
  };
  return { scheduler, protocol, sent, join, next, answer };
}

const [READ, OTHER, WRITE] = [readPdu(1), readPdu(2), writePdu(1, 1)];

test("identical reads of anybody share the answer to the one that goes out first", async () => {
  const { scheduler, protocol, sent, join, next } = setUp("PROT=modbus");
  const [a, b, c] = [join(), join(), join()];
  for (const [{ client }, pdu] of [
    [a, READ],
    [b, READ],
    [b, OTHER],
    [b, READ],
    [c, OTHER],
  ] as const) {
    scheduler.request(client, requestOf(protocol, modbusMessage(1, pdu)));
  }
  assert.equal(await next(), 3);
  assert.equal(await next(), 2);
  assert.deepEqual([sent.length, scheduler.waiting], [2, 0]);
  await settle();
});

test("a read behind a write of its own client shares no answer from before the write", async () => {
  const { scheduler, protocol, sent, join, next, answer } = setUp("PROT=modbus");
  const [a, b] = [join(), join()];
  scheduler.request(a.client, requestOf(protocol, modbusMessage(1, READ)));
  scheduler.request(b.client, requestOf(protocol, modbusMessage(2, WRITE)));
  scheduler.request(b.client, requestOf(protocol, modbusMessage(3, READ)));
  assert.equal(await next(), 1);
  answer();
  await next();
  assert.equal(sent.at(-1)?.clientRequest.request.reads, false);
  scheduler.request(a.client, requestOf(protocol, modbusMessage(4, READ)));
  await next();
  assert.deepEqual(
    [sent.at(-1)?.clientRequest.client, sent.at(-1)?.pending.waiters.size],
    [a.client, 1],
    "the write is under way",
  );
  for (const each of [sent[1]?.clientRequest, sent[2]?.clientRequest]) scheduler.finished(each as ClientRequest);
  assert.equal(await next(), 1);
});

test("without ids a client's answers keep their order: only what stands in front is answered along", async () => {
  const { scheduler, protocol, sent, join, next, answer } = setUp("PROT=conbus");
  const read = (point: string): Request => ({ ...requestOf(protocol, Buffer.from(`<S0012345678F02D${point}AA>`)) });
  const [first, second] = [
    { ...read("00"), reads: true, key: "first" },
    { ...read("01"), reads: true, key: "second" },
  ];
  const [a, b] = [join(), join()];
  for (const request of [first, first, second, first]) scheduler.request(a.client, request);
  for (const request of [second, first]) scheduler.request(b.client, request);
  assert.equal(await next(), 2, "both of the first client, and no other: a question of the second one is in front");
  answer();
  assert.equal(await next(), 2);
  answer();
  assert.equal(await next(), 2);
  assert.deepEqual(sent.length, 3);
});

test("a queue that a join empties takes the next messages of its client", async () => {
  const { scheduler, protocol, join, next } = setUp("PROT=modbus QLEN=1");
  const [a, b] = [join(), join()];
  let checked = 0;
  b.client.check = () => {
    checked += 1;
  };
  for (const { client } of [a, b]) scheduler.request(client, requestOf(protocol, modbusMessage(1, READ)));
  assert.equal(await next(), 2);
  assert.equal(checked, 1);
});

test("each request is answered once, and no read shares an answer from before a write that its client sent before", async () => {
  const action = fc.record({ client: fc.nat(2), what: fc.constantFrom("first", "second", "write", "go", "answer") });
  for (const options of ["PROT=modbus", "PROT=conbus"]) {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const { scheduler, sent, join, next } = setUp(options);
        const clients = [join(), join(), join()];
        const asked = new Map<Request, { readonly at: number; readonly client: number }>();
        const order: Request[][] = [[], [], []];
        let open = new Set<ClientRequest>();
        const answerAll = (): void => {
          for (const each of open) scheduler.finished(each);
          open = new Set();
        };
        const go = async (): Promise<void> => {
          const before = sent.length;
          await next();
          for (const { clientRequest, pending } of sent.slice(before)) {
            for (const waiter of pending.waiters) {
              open.add(waiter);
              const { at, client } = asked.get(waiter.request) as { at: number; client: number };
              const mine = order[client] as Request[];
              const place = mine.indexOf(waiter.request);
              assert.ok(place >= 0, "answered once");
              assert.equal(waiter.request.key, clientRequest.request.key);
              if (options === "PROT=conbus") assert.equal(place, 0, "in order");
              assert.ok(
                mine.slice(0, place).every(({ reads }) => reads),
                `nothing passes a write (asked at ${at})`,
              );
              mine.splice(place, 1);
            }
          }
        };
        for (const [at, { client, what }] of actions.entries()) {
          if (what === "go") await go();
          else if (what === "answer") answerAll();
          else {
            const request: Request = {
              bytes: Buffer.from(what),
              ...(what === "write" ? { reads: false } : { reads: true, key: what }),
            };
            asked.set(request, { at, client });
            (order[client] as Request[]).push(request);
            scheduler.request((clients[client] as TestMuxClient).client, request);
          }
        }
        for (let left = 0; left < 100 && order.flat().length > 0; left += 1) {
          answerAll();
          await go();
        }
        assert.deepEqual(order, [[], [], []]);
      }),
      { numRuns: 40 },
    );
  }
});

test("a read that waits is still found after hundreds of others have come and gone", () => {
  const queue = new FairQueue<MuxClient, QueueItem>();
  const reads = new WaitingReads(queue, ({ key }) => key);
  const { client } = new TestMuxClient(muxRoute("PROT=modbus").mux.protocol, new ManualClock(), {});
  const wait = (key: string): ClientRequest => {
    const clientRequest = new ClientRequest(client, { bytes: Buffer.alloc(0), reads: true, key }, 0, 0);
    clientRequest.place = queue.push(client, { kind: "request", clientRequest });
    reads.add(clientRequest);
    return clientRequest;
  };
  const patient = wait("patient");
  for (let count = 0; count < 500; count += 1) reads.remove(wait(String(count)));
  assert.equal(reads.mayHave(new PendingRequest(patient)), true);
  reads.remove(patient);
  assert.equal(reads.mayHave(new PendingRequest(patient)), false);
});
