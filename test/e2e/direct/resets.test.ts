// Who gets a FIN at the end of a connection, and who a reset: a part must not be taken for the whole.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type CutPlan, type CutResult, cutTransfer } from "../../support/cut-transfer.js";
import { startDirect } from "../../support/direct.js";
import { Client, Device, relayed } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { until } from "../../support/wait.js";

const MIB = 1_048_576;
const RESET = "Connection reset by peer";

/** Cuts a transfer through a direct port. */
async function through(t: TestContext, plan: CutPlan, options = ""): Promise<CutResult> {
  return cutTransfer(plan, async (port) => (await startDirect(t, `127.0.0.1:${port} ${options}`)).port);
}

describe("a transfer that is cut by a reset", { concurrency: 4, skip: missing("python3") }, () => {
  const somewhere = Math.floor(Math.random() * 50 * MIB);
  const plans: [string, CutPlan, string?][] = [
    ["nothing", { up: false, cut: 0, delivered: true }],
    ["a few bytes", { up: false, cut: 1000, delivered: false }],
    [`${somewhere} bytes`, { up: false, cut: somewhere, delivered: true }],
    [`${somewhere} bytes, of the client`, { up: true, cut: somewhere, delivered: true }],
    ["3 MiB that the reader reads later", { up: false, cut: 3 * MIB, delivered: true, pause: 0.7 }],
    ["3 MiB in blocks", { up: false, cut: 3 * MIB, delivered: true, pause: 0.3 }, "BLKS=1000"],
    [
      "8 MiB, though the reader writes all the time to the sender that is gone",
      { up: false, cut: 8 * MIB, delivered: true, pause: 0.7, chatter: true },
    ],
    [
      "8 MiB of the client, though the server writes all the time",
      { up: true, cut: 8 * MIB, delivered: true, pause: 0.7, chatter: true },
    ],
  ];
  for (const [what, plan, options] of plans) {
    test(`everything that came before reaches the reader, then the reset: ${what}`, async (t) => {
      assert.deepEqual(await through(t, plan, options), { got: plan.cut, whole: true, end: RESET });
    });
  }

  test("what the sender's kernel has not delivered is missing, and the reader learns it", async (t) => {
    const { got, whole, end } = await through(t, { up: false, cut: 40 * MIB, delivered: false, pause: 0.3 });
    assert.deepEqual([whole, end], [true, RESET]);
    assert.ok(got <= 40 * MIB);
  });

  test("CONN ends it by FIN, behind everything", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const { daemon } = await startDirect(t, `127.0.0.1:${device.port}`);
    const plan = { up: false, cut: 3 * MIB, delivered: true, pause: 0.3, setup: ["CONN TARGET"] };
    assert.deepEqual(await cutTransfer(plan, () => daemon.port), { got: 3 * MIB, whole: true, end: "EOF" });
  });
});

/** A direct line, and both ends of a connection through it. */
async function joined(t: TestContext, options = "") {
  const device = await Device.open();
  const line = await startDirect(t, `127.0.0.1:${device.port} ${options}`);
  const client = await Client.open(line.port);
  t.after(() => {
    client.destroy();
    device.close();
  });
  return { ...line, client, remote: await device.client(), device };
}

/** How a side learned of the end. */
async function endOf(side: Client): Promise<string> {
  await until(() => side.closed || side.ended, "the end");
  return side.ended ? "FIN" : (side.error?.code ?? "closed");
}

/** Whether a side that has read FIN was reset since. Node hears of that when it writes. */
function refuses(side: Client): boolean {
  side.write("x");
  return side.error !== undefined;
}

describe("limits", { concurrency: 4 }, () => {
  test("idle-timeout resets both sides of a direct port", async (t) => {
    const { client, remote } = await joined(t, "IDLE=0.2");
    assert.deepEqual([await endOf(client), await endOf(remote)], ["ECONNRESET", "ECONNRESET"]);
  });

  for (const first of ["client", "remote"] as const) {
    test(`half-close, behind the FIN of the ${first}: both sides of a direct port are reset`, async (t) => {
      const sides = await joined(t, "HALF=0.3");
      const other = first === "client" ? sides.remote : sides.client;
      sides[first].write("!");
      await other.take(1);
      sides[first].end();
      await until(() => other.ended, "the FIN to pass");
      await until(() => sides[first].error !== undefined, "the reset");
      await until(() => refuses(other), "the other one");
      assert.match(
        sides.daemon.log(),
        new RegExp(`closed: by ${first}, and the (client|remote) was silent for 0.3 s;`),
      );
      const [json = ""] = (await sides.ask("STAT JSON")).split("\n");
      assert.equal(JSON.parse(json).traffic.resets, 1);
    });
  }

  test("HALF on CONN: the client gets FIN, the remote a reset", async (t) => {
    const { daemon, device } = await joined(t);
    const { client, remote } = await relayed(daemon.port, device, "HALF=0.3");
    client.end();
    await until(() => remote.ended && client.ended, "the FINs");
    await until(() => refuses(remote), "the reset");
    assert.equal(client.error, undefined);
  });

  test("a daemon that stops resets both sides of a direct port, and ends a client whose remote has ended", async (t) => {
    const cut = await joined(t);
    cut.remote.write("half a");
    assert.equal(await cut.client.take(6), "half a");
    const whole = await Client.open(cut.port);
    const ended = await cut.device.client(1);
    ended.write("whole");
    ended.end();
    assert.equal(await whole.take(5), "whole");
    await cut.daemon.stop();
    assert.deepEqual([await endOf(cut.client), await endOf(cut.remote)], ["ECONNRESET", "ECONNRESET"]);
    assert.equal(await endOf(whole), "FIN");
    whole.destroy();
  });
});
