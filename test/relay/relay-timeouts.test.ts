import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CONN_ENDS, type EndRules, LINE_ENDS } from "#src/core/limits/end-rules.js";
import { NO_BACKLOG, type PeerBacklog } from "#src/core/limits/idle-deadlines.js";
import type { PeerState } from "#src/core/net/proc-net-tcp.js";
import { Relay, type RelayEnding, type RelayOptions } from "#src/relay/relay.js";
import { NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import type { End } from "#src/sockets/end.js";
import { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";

/** A relay between two ends without sockets; the test supplies the rows of the socket table. */
class Scene {
  readonly clock = new ManualClock();
  readonly client = new FakeEnd();
  readonly remote = new FakeEnd();
  readonly backlogs = new Map<End, PeerBacklog>();
  clientState: PeerState = "present";
  /** How often the relay has read the socket table. */
  looks = 0;
  clientChecks = 0;
  backlogFault: Error | undefined;
  fault: unknown;
  /** The reason why the relay ended. */
  over: string | undefined;
  ending: RelayEnding | undefined;

  constructor(options: Partial<RelayOptions> = {}, ends: EndRules = CONN_ENDS) {
    const rules = { blockSize: 0, receiveTimeoutMs: 0, quietMs: 0, ...options };
    new Relay(this.client, this.remote, rules, ends, this.clock, {
      writtenToClient() {},
      writtenToRemote() {},
      clientDrained() {},
      remoteEnded() {},
      clientState: async () => {
        this.clientChecks += 1;
        return this.clientState;
      },
      backlogOf: async (end) => {
        this.looks += 1;
        if (this.backlogFault !== undefined) throw this.backlogFault;
        return this.backlogs.get(end) ?? NO_BACKLOG;
      },
      clientFinished() {},
      relayEnded: (ending) => {
        this.over = ending.reason;
        this.ending = ending;
      },
      resetRemote: (remote) => remote.reset(),
      fault: (error) => {
        this.fault = error;
      },
    }).start(NO_EARLY_BYTES);
  }

  /** Sets the unacknowledged and unread bytes of the peer of an end. */
  leaves(end: End, unacknowledged: number, unread = 0): void {
    this.backlogs.set(end, { unacknowledged, unread });
  }

  /** Lets time pass in small steps, so that promises settle in between. */
  async pass(ms: number, stepMs = 100): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await this.turn();
    }
  }

  /** Lets the event loop go round. */
  async turn(): Promise<void> {
    for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("behind a FIN", () => {
  for (const [who, slow, ending] of [
    ["a remote", "remote", "client"],
    ["a client", "client", "remote"],
  ] as const) {
    test(`${who} that acknowledges slowly is not cut, and then has 5 s`, async () => {
      const scene = new Scene();
      scene[ending].send("a long text");
      scene[ending].fin();
      for (let left = 20; left >= 0; left -= 1) {
        scene.leaves(scene[slow], left);
        await scene.pass(4000); // which is the time between two looks at the most, and less than anybody may be quiet
        assert.equal(scene.over, undefined, `${left} bytes left`);
      }
      await scene.pass(2500);
      assert.match(scene.over ?? "still there", /^by /);
    });

    test(`${who} on this machine that reads slowly what it has acknowledged, too`, async () => {
      const scene = new Scene();
      scene[ending].send("a long text");
      scene[ending].fin();
      for (let left = 5; left >= 0; left -= 1) {
        scene.leaves(scene[slow], 0, left);
        await scene.pass(4000);
        assert.equal(scene.over, undefined, `${left} bytes left`);
      }
    });

    test(`${who} that has acknowledged everything and reads nothing has 5 s`, async () => {
      const scene = new Scene();
      scene[ending].send("text");
      scene[ending].fin();
      scene.leaves(scene[slow], 0, 4);
      await scene.pass(4900);
      assert.equal(scene.over, undefined);
      await scene.pass(400);
      assert.match(scene.over ?? "still there", /^by /);
    });

    test(`${who} that stops acknowledging, but is there, has an hour`, async () => {
      const scene = new Scene();
      scene[ending].send("text");
      scene[ending].fin();
      scene.leaves(scene[slow], 4);
      await scene.pass(3_590_000, 10_000);
      assert.equal(scene.over, undefined);
      await scene.pass(20_000, 10_000);
      assert.match(scene.over ?? "still there", /^by (client|remote), and the last bytes were not taken for 3600 s$/);
    });
  }

  test("a client that reads an answer slowly has the time, though the last byte left long ago", async () => {
    const scene = new Scene();
    scene.client.fin();
    await scene.pass(3000);
    scene.remote.send("a long answer");
    for (let left = 10; left >= 0; left -= 1) {
      scene.leaves(scene.client, left);
      await scene.pass(1000);
    }
    await scene.pass(3000);
    assert.equal(scene.over, undefined);
    await scene.pass(2000);
    assert.equal(scene.over, "by client, and the remote was silent for 5 s");
  });

  test("the socket table is read rarely, and for few connections", async () => {
    const scene = new Scene({ receiveTimeoutMs: 60_000 });
    for (let n = 0; n < 50; n += 1) {
      scene.remote.send("message");
      await scene.pass(1000);
    }
    assert.equal(scene.looks, 0, "nobody has closed");
    scene.client.fin();
    await scene.pass(4000);
    assert.equal(scene.looks, 2, "one look at both: they have taken everything");
    scene.remote.fin();
    assert.equal(scene.over, "by client");
    await scene.pass(10_000);
    assert.equal(scene.looks, 2);
  });
});

describe("half-close", () => {
  test("on a line, a remote may think for 59 s about a question behind which the client has sent FIN", async () => {
    const scene = new Scene({}, LINE_ENDS);
    scene.client.send("question");
    scene.client.fin();
    await scene.pass(59_000, 500);
    scene.remote.send("answer");
    await scene.pass(59_000, 500);
    assert.deepEqual([scene.client.text, scene.over], ["answer", undefined]);
    await scene.pass(1500);
    assert.equal(scene.over, "by client, and the remote was silent for 60 s");
    assert.deepEqual([scene.ending?.toClient, scene.remote.wasReset, scene.client.ended], ["reset", true, false]);
  });

  for (const [what, rules, seconds] of [
    ["CONN: 5 s", {}, 5],
    ["HALF says it", { halfCloseMs: 12_000 }, 12],
  ] as const) {
    test(`${what}; a client that goes on behind the remote's FIN is not cut, however slow it is`, async () => {
      const scene = new Scene(rules);
      scene.remote.fin();
      for (let byte = 0; byte < 10; byte += 1) {
        scene.client.send("x");
        await scene.pass(seconds * 1000 - 1000, 500);
      }
      assert.equal(scene.over, undefined);
      await scene.pass(2000);
      assert.equal(scene.over, `by remote, and the client was silent for ${seconds} s`);
      assert.equal(scene.ending?.toClient, "end");
    });
  }

  test("0 is no limit", async () => {
    const scene = new Scene({ halfCloseMs: 0 });
    scene.client.fin();
    await scene.pass(86_400_000, 600_000);
    assert.equal(scene.over, undefined);
  });

  test("a remote that takes nothing for a minute and then goes on is not cut", async () => {
    const scene = new Scene();
    scene.client.send("much");
    scene.client.fin();
    scene.leaves(scene.remote, 4);
    await scene.pass(60_000, 500);
    assert.equal(scene.over, undefined);
    scene.leaves(scene.remote, 0);
    scene.remote.send("answer");
    scene.remote.fin();
    assert.equal(scene.over, "by client");
  });
});

describe("a process that stood still", () => {
  for (const [what, rules] of [
    ["RTIM", { receiveTimeoutMs: 2000 }],
    ["IDLE", { quietMs: 2000 }],
  ] as const) {
    test(`${what}: a sign of life that comes equally late counts first`, async () => {
      const scene = new Scene(rules);
      await scene.pass(1500);
      scene.remote.send("x");
      scene.clock.after(1000, () => scene.remote.send("sign of life"));
      scene.clock.standStill(3000);
      scene.clock.advance(0); // the limit's timer is the first of both: it was set for the byte before
      await scene.turn();
      assert.equal(scene.over, undefined);
      await scene.pass(1900);
      assert.equal(scene.over, undefined);
      await scene.pass(200);
      assert.match(scene.over ?? "still there", new RegExp(`^${what}: `));
    });
  }
});

describe("a client that nobody reads, because the remote reads nothing", () => {
  /** A relay whose remote takes nothing, with a client of which the kernel says this. */
  function stalled(state: PeerState, ends = CONN_ENDS): Scene {
    const scene = new Scene({}, ends);
    scene.remote.setBusy(true);
    scene.client.send("much");
    scene.clientState = state;
    return scene;
  }

  test("is closed once its connection has vanished", async () => {
    const scene = stalled("gone");
    await scene.pass(4900);
    assert.equal(scene.over, undefined);
    await scene.pass(200);
    assert.equal(scene.over, "by client, and the remote takes nothing");
  });

  test("has an hour when it has sent FIN: the remote may go on", async () => {
    const scene = stalled("ended");
    await scene.pass(3_590_000, 10_000);
    assert.equal(scene.over, undefined);
    await scene.pass(30_000, 10_000);
    assert.equal(scene.over, "by client, and the last bytes were not taken for 3600 s");
  });

  test("on a line, has an hour when it has reset: the remote gets what came before", async () => {
    const scene = stalled("gone", LINE_ENDS);
    await scene.pass(3_590_000, 10_000);
    assert.equal(scene.over, undefined);
    await scene.pass(30_000, 10_000);
    assert.equal(scene.over, "by client, and the last bytes were not taken for 3600 s");
    assert.deepEqual([scene.remote.wasReset, scene.ending?.toClient], [true, "reset"]);
  });

  test("is looked up every 5 s", async () => {
    const scene = stalled("present");
    await scene.pass(30_000);
    assert.equal(scene.clientChecks, 6);
  });

  test("stays while it is connected, and is not looked up once the remote has read everything", async () => {
    const scene = stalled("present");
    await scene.pass(60_000);
    scene.remote.setBusy(false);
    scene.clientState = "gone";
    await scene.pass(60_000);
    assert.equal(scene.over, undefined);
  });
});

test("a fault while reading the socket table is a fault of the relay", async () => {
  const scene = new Scene();
  scene.backlogFault = new Error("no table");
  scene.client.fin();
  await scene.pass(300);
  assert.equal(scene.fault, scene.backlogFault);
});
