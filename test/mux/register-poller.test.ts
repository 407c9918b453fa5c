import assert from "node:assert/strict";
import { test } from "node:test";
import { PollPlan } from "#src/core/mux/publish/poll-plan.js";
import { ValueBoard } from "#src/core/mux/publish/value-board.js";
import type { RegisterRange } from "#src/core/mux/register-ranges.js";
import { RegisterPoller } from "#src/mux/register-poller.js";
import { ManualClock } from "../support/clock.js";
import { modbusMessage, muxRoute, registerPdu, TestMuxClient } from "../support/mux-parts.js";
import { ruleOf } from "../support/published.js";

function setUp(...rules: string[]) {
  const clock = new ManualClock();
  const options = muxRoute("PROT=modbus").mux;
  const board = new ValueBoard(rules.map(ruleOf), 10_000);
  const plan = new PollPlan(board.values, clock.now(), () => 0);
  const clients: TestMuxClient[] = [];
  const asked: RegisterRange[] = [];
  const refused: number[] = [];
  const poller = new RegisterPoller(plan, {
    clock,
    mux: {
      options,
      isDown: false,
      attach() {
        const next = new TestMuxClient(options.protocol, clock);
        clients.push(next);
        return next.client;
      },
      ask: (_client, range) => void asked.push(range),
    },
    refused: (_poll, exception) => void refused.push(exception),
    fault: (error) => assert.fail(String(error)),
  });
  /** The mux gives the last client this answer, and closes it, for it has said FIN. */
  const answer = (pdu: Buffer): void => {
    const client = clients.at(-1)?.client;
    assert.equal(client?.mayBeGone, true);
    client?.deliver(modbusMessage(0, pdu));
    client?.close(undefined);
  };
  return { clock, plan, poller, clients, asked, refused, answer };
}

test("one range is asked for after the other, each by a client that leaves with its answer", () => {
  const { clock, poller, clients, asked, answer } = setUp(
    "unit 1 holding 1 uint16 as a",
    "unit 1 holding 9 uint16 as b",
  );
  clock.advance(10_000);
  assert.deepEqual(
    asked.map(({ start }) => start),
    [1],
  );
  answer(registerPdu(1));
  assert.deepEqual(
    asked.map(({ start }) => start),
    [1, 9],
  );
  answer(registerPdu(1));
  assert.deepEqual(
    clients.map(({ client }) => client.gone),
    [true, true],
  );
  clock.advance(9_999);
  assert.equal(clients.length, 2);
  clock.advance(1);
  assert.equal(clients.length, 3);
  poller.stop();
});

test("a client that is closed without an answer is no reason to ask at once again", () => {
  const { clock, plan, poller, clients } = setUp("unit 1 holding 1 uint16 as a", "unit 1 holding 9 uint16 as b");
  clock.advance(10_000);
  clients[0]?.client.cut("whatever");
  assert.equal(plan.dueAt, clock.now() + 10_000);
  clock.advance(9_999);
  assert.equal(clients.length, 1);
  poller.stop();
});

test("what the device does not read is told with its exception; what a gateway says about a unit is no refusal", () => {
  const { clock, poller, refused, answer } = setUp("unit 1 holding 1 uint16 as a", "unit 2 holding 1 uint16 as b");
  clock.advance(10_000);
  answer(Buffer.of(0x83, 2));
  answer(Buffer.of(0x83, 0x0b));
  assert.deepEqual(refused, [2]);
  poller.stop();
});

test("when it stops, nothing goes on", () => {
  const { clock, poller, clients, asked } = setUp("unit 1 holding 1 uint16 as a");
  clock.advance(10_000);
  poller.stop();
  assert.equal(clients[0]?.client.gone, true);
  clock.advance(100_000);
  assert.deepEqual([clients.length, asked.length, clock.pending], [1, 1, 0]);
});
