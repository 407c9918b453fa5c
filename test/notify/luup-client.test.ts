import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, beforeEach, type TestContext, test } from "node:test";

import { LuupClient, type Requester } from "#src/notify/luup-client.js";
import type { DeliveryResult } from "#src/notify/notification-way.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { FakeLuup, likeOpenLuup, saying } from "../support/luup.js";
import { localNames } from "../support/names.js";
import { pause, quietFor, until } from "../support/wait.js";

let engine: FakeLuup;
let clock: ManualClock;
let log: MemoryLog;
let luup: LuupClient;
before(async () => {
  engine = await new FakeLuup().start();
});
beforeEach(async () => {
  await luup?.close();
  engine.answer = likeOpenLuup;
  engine.arrivals.length = 0;
  clock = new ManualClock();
  log = new MemoryLog();
  luup = new LuupClient(engine.url, clock, log, localNames(clock));
});
after(async () => {
  await luup.close();
  await engine.stop();
});

/** The outcome of a request. */
interface Sent {
  readonly requester: Requester;
  answer?: DeliveryResult;
  atFault?: boolean;
  sent: number;
  woken?: true;
}

/** Sends a request and returns its outcome. */
function send(device: number, name: string, via = luup): Sent {
  const requester: Requester = {
    path: `/data_request?DeviceNum=${device}&Pid=${name}`,
    device,
    action: `${device}/action`,
    isRetry: name.startsWith("again"),
    done: name.startsWith("done"),
    wayReturned() {
      result.woken = true;
    },
    sent() {
      result.sent += 1;
    },
    answered(answer, actionAtFault) {
      result.answer = answer;
      result.atFault = actionAtFault;
    },
  };
  const result: Sent = { requester, sent: 0 };
  via.send(requester);
  return result;
}

test("a request without an answer ends after 5 s and does not count against the engine", async () => {
  engine.answer = () => {};
  const result = send(5, "slow");
  await engine.received("slow", 1);
  clock.advance(4999);
  const outcome = () => result.answer?.outcome;
  assert.equal(outcome(), undefined);
  clock.advance(1);
  assert.equal(outcome(), "timed-out");
  assert.deepEqual(log.lines, []);
});

test("an answer without end is cut after 5 s, too", async () => {
  engine.answer = (_arrival, response) => {
    response.writeHead(200);
    response.write("{");
  };
  const result = send(5, "endless");
  await engine.received("endless", 1);
  await pause(50);
  clock.advance(5000);
  assert.equal(result.answer?.outcome, "timed-out");
});

test("a very long answer is read up to a limit, and counts as an answer", async () => {
  engine.answer = (_arrival, response) => {
    const piece = "x".repeat(65_536);
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  };
  const result = send(5, "flood");
  await until(() => result.answer !== undefined, "the answer");
  assert.equal(result.answer?.outcome, "delivered");
});

test("at most 64 requests at a time, 16 of one device", async () => {
  engine.answer = () => {};
  for (let n = 0; n < 40; n += 1) send(1, "one");
  await engine.received("one", 16);
  for (let n = 0; n < 100; n += 1) send(100 + n, "many");
  await engine.received("many", 48);
  await quietFor(200);
  assert.equal(engine.of("one").length, 16);
  assert.equal(engine.of("many").length, 48);
});

test("two devices whose requests all hang leave room for the others", async () => {
  engine.answer = () => {};
  for (let n = 0; n < 40; n += 1) for (const device of [1, 2]) send(device, "hung");
  await engine.received("hung", 32);
  engine.answer = likeOpenLuup;
  const results = Array.from({ length: 20 }, (_, n) => send(10 + n, "fine"));
  await until(() => results.every(({ answer }) => answer?.outcome === "delivered"), "the others");
  assert.equal(engine.of("hung").length, 32);
});

test("the status shows the queue, retries, failures and durations", async () => {
  engine.answer = () => {};
  for (let n = 0; n < 20; n += 1) send(1, "hung");
  await engine.received("hung", 16);
  assert.deepEqual([luup.status.waiting, luup.status.inFlight, luup.status.sent], [4, 16, 16]);
  clock.advance(5000); // they time out, and the others have their turn
  await engine.received("hung", 20);
  engine.answer = saying("ERROR: Invalid Service");
  const result = send(2, "again");
  await until(() => result.answer !== undefined, "the answer");
  const { waiting, repeating, inFlight, sent, retried, failed, delay, answer } = luup.status;
  assert.deepEqual([waiting, repeating, inFlight, sent, retried, failed], [16, 16, 4, 21, 1, 17]);
  const classes = (status: typeof delay) =>
    status.classes.filter(({ count }) => count > 0).map(({ upToMs, count }) => [upToMs, count]);
  assert.deepEqual(classes(delay), [
    [1, 17],
    [5000, 4],
  ]);
  assert.deepEqual(classes(answer), [
    [1, 1],
    [5000, 16],
  ]);
});

test("a failed requester is woken when the engine answers again; one that has given up is not", async () => {
  const { port } = engine;
  await engine.stop();
  const [failed, gaveUp] = [send(1, "failed"), send(2, "done")];
  await until(() => failed.answer !== undefined && gaveUp.answer !== undefined, "both to fail");
  await engine.start(port);
  send(3, "first");
  await until(() => failed.woken === true, "it to be woken");
  assert.equal(gaveUp.woken, undefined);
  assert.equal(log.lines.length, 2, log.lines.join("\n"));
});

test("errors of an action do not count against the engine: no requester is woken, and the log is silent", async () => {
  engine.answer = (arrival, response, request) =>
    (arrival.device === "1" ? saying("broken", 503) : likeOpenLuup)(arrival, response, request);
  for (let round = 0; round < 5; round += 1) {
    const [broken, fine] = [send(1, "broken"), send(2, "fine")];
    await until(() => broken.answer !== undefined && fine.answer !== undefined, "both answers");
    assert.equal(broken.answer?.outcome, "failed");
    assert.equal(broken.woken, undefined);
  }
  assert.deepEqual(log.lines, []);
});

test("waiting requests leave in order as soon as there is room", async () => {
  engine.answer = () => {};
  for (let n = 0; n < 20; n += 1) send(1, `n${n}`);
  await engine.received("n15", 1);
  engine.answer = likeOpenLuup;
  clock.advance(5000);
  await engine.received("n19", 1);
  assert.deepEqual(
    engine.arrivals.slice(16).map(({ pid }) => pid),
    ["n16", "n17", "n18", "n19"],
  );
});

test("a dead keep-alive connection is replaced at once; a new connection that is reset is not", async () => {
  engine.answer = (_arrival, _response, request) => void request.socket.resetAndDestroy();
  const fresh = send(5, "fresh");
  await until(() => fresh.answer !== undefined, "the reset");
  assert.equal(fresh.answer?.outcome, "failed");
  assert.equal(engine.of("fresh").length, 1);

  engine.answer = likeOpenLuup;
  const first = send(5, "first");
  await until(() => first.answer !== undefined, "the answer");
  let resets = 0;
  engine.answer = (arrival, response, request) => {
    resets += 1;
    if (resets === 1) request.socket.resetAndDestroy();
    else likeOpenLuup(arrival, response, request);
  };
  const kept = send(5, "kept");
  await until(() => kept.answer !== undefined, "the answer");
  assert.equal(kept.answer?.outcome, "delivered");
  assert.equal(engine.of("kept").length, 2);
});

test("the log shows an unreachable engine once, and its return once", async () => {
  const outcomes: (string | undefined)[] = [];
  const ask = async (): Promise<void> => {
    const result = send(5, "x");
    await until(() => result.answer !== undefined, "the answer");
    outcomes.push(result.answer?.outcome);
  };
  const { port } = engine;
  await engine.stop();
  await ask();
  await ask();
  await engine.start(port);
  await ask();
  await ask();
  assert.deepEqual(outcomes, ["failed", "failed", "delivered", "delivered"]);
  assert.equal(log.lines.length, 2, log.lines.join("\n"));
  assert.match(log.lines[0] ?? "", /^WARN Luup at http:\S+ does not take notifications \(.*ECONNREFUSED/);
  assert.match(log.lines[1] ?? "", /^WARN Luup at http:\S+ takes notifications again$/);
});

test("the status says for how long the engine has taken none, and what waits to be repeated", async () => {
  const trouble = () => {
    const { waiting, repeating, untakenMs, away, failing } = luup.status;
    const atFault = failing
      .filter(({ fault }) => fault === "action")
      .map(({ action, ms, why }) => `${action} ${ms} ${why}`);
    return [waiting, repeating, untakenMs, away?.ms, atFault];
  };
  const asked = async (device: number): Promise<Sent> => {
    const result = send(device, "x");
    await until(() => result.answer !== undefined, "the answer");
    return result;
  };
  assert.deepEqual(trouble(), [0, 0, undefined, undefined, []]);
  const { port } = engine;
  await engine.stop();
  const unreached = await asked(5);
  clock.advance(60_000);
  assert.deepEqual(trouble(), [1, 1, 60_000, 60_000, []]);
  assert.match(luup.status.away?.why ?? "", /ECONNREFUSED/);
  await engine.start(port);
  engine.answer = saying("broken", 500);
  await asked(6);
  clock.advance(1000);
  assert.deepEqual(trouble(), [2, 2, 61_000, undefined, ["6/action 1000 status 500, broken"]]);
  engine.answer = likeOpenLuup;
  await asked(6);
  clock.advance(500);
  assert.deepEqual(trouble(), [2, 2, 500, undefined, ["6/action 1500 status 500, broken"]]);
  luup.send(unreached.requester);
  assert.deepEqual([luup.status.repeating, luup.status.inFlight], [1, 1], "what is sent again waits no more");
  await until(() => luup.status.waiting === 1 && luup.status.inFlight === 0, "its repetition");
});

test("nothing waits behind an answer that is final, nor for somebody who sends nothing more", async () => {
  for (const [name, answer] of [
    ["taken", likeOpenLuup],
    ["refused", saying("ERROR: Invalid Service")],
    ["done", saying("broken", 500)],
  ] as const) {
    engine.answer = answer;
    const result = send(5, name);
    assert.equal(luup.status.untakenMs, 0);
    await until(() => result.answer !== undefined, "the answer");
    clock.advance(1000);
    const { waiting, untakenMs } = luup.status;
    assert.deepEqual([waiting, untakenMs], [0, undefined], name);
  }
  assert.deepEqual(
    luup.status.failing.map(({ why }) => why),
    ["status 200, ERROR: Invalid Service"],
  );
});

test("a request is one write", async () => {
  const chunks: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {}); // it may be cut while it closes
    socket.on("data", (chunk) => {
      chunks.push(chunk.toString());
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const raw = new LuupClient(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock,
    log,
    localNames(clock),
  );
  const requester: Requester = {
    path: `/x?${"y".repeat(3000)}`,
    device: 1,
    action: "1/action",
    isRetry: false,
    done: false,
    wayReturned() {},
    sent() {},
    answered() {},
  };
  raw.send(requester);
  await until(() => chunks.length > 0, "the request");
  assert.match(chunks[0] ?? "", /^GET \/x\?y{3000} HTTP\/1\.1\r\n[\s\S]*\r\n\r\n$/);
  await raw.close();
  server.close();
});

test("requests given up at the end count against nobody", async () => {
  engine.answer = () => {};
  const result = send(5, "last");
  await engine.received("last", 1);
  await luup.close();
  await quietFor(20);
  assert.equal(result.answer, undefined);
  assert.deepEqual(log.lines, []);
});

/** An engine that answers every request with these bytes. */
async function raw(
  t: TestContext,
  answer: (socket: Socket) => void,
): Promise<{ url: string; requests: () => number; links: () => number }> {
  let [requests, links] = [0, 0];
  const server = createServer((socket) => {
    links += 1;
    socket.on("error", () => {}); // it is cut
    socket.on("data", () => {
      requests += 1;
      answer(socket);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests: () => requests, links: () => links };
}

const INTERIM = [
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
  "HTTP/1.0 102 Wait\n\n",
];
const DONE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const INTERIM_CASES: readonly (readonly [what: string, pieces: readonly string[]])[] = [
  ["100", [INTERIM[0] + DONE]],
  ["100, in a piece of its own", [INTERIM[0] ?? "", DONE]],
  ["several", [INTERIM.join("") + DONE]],
  ["several, byte by byte", [...(INTERIM.join("") + DONE)]],
];
for (const [what, pieces] of INTERIM_CASES) {
  test(`an interim response is skipped, the final one counts: ${what}`, async (t) => {
    const server = await raw(t, async (socket) => {
      for (const piece of pieces) {
        socket.write(piece);
        if (pieces.length > 1) await pause(1);
      }
    });
    const own = new LuupClient(server.url, clock, log, localNames(clock));
    t.after(() => own.close());
    for (let n = 0; n < 3; n += 1) {
      const result = send(5, "x", own);
      await until(() => result.answer !== undefined, "the answer");
      assert.equal(result.answer?.outcome, "delivered");
    }
    assert.deepEqual([server.requests(), server.links()], [3, 1], "each request once, over one connection");
    assert.deepEqual(log.lines, []);
  });
}

for (const [what, piece] of [
  ["interim answers", INTERIM.join("").repeat(100)],
  ["one interim answer", `HTTP/1.1 100 Continue\r\n${"X: y\r\n".repeat(1000)}`],
  ["a head", "X: y\r\n".repeat(1000)],
] as const) {
  test(`${what} without end: the connection is closed`, async (t) => {
    let closed = false;
    const server = await raw(t, (socket) => {
      socket.on("close", () => {
        closed = true;
      });
      if (what === "a head") socket.write("HTTP/1.1 200 OK\r\n");
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", more);
      more();
    });
    const own = new LuupClient(server.url, clock, log, localNames(clock));
    t.after(() => own.close());
    const result = send(5, "x", own);
    await until(() => closed, "the connection to be closed");
    await until(() => result.answer !== undefined, "the end of the request");
    assert.equal(result.answer?.outcome, "failed");
  });
}

test("an action that is always aborted while others are answered: their answers do not wake it, and the log is silent", async () => {
  engine.answer = (arrival, response, request) => {
    if (arrival.device === "1") request.socket.destroy();
    else likeOpenLuup(arrival, response, request);
  };
  const faults: boolean[] = [];
  for (let round = 0; round < 5; round += 1) {
    const [bad, good] = [send(1, "bad"), send(2, "good")];
    await until(() => bad.answer !== undefined && good.answer !== undefined, "both to end");
    assert.deepEqual([bad.answer?.outcome, good.answer?.outcome], ["failed", "delivered"]);
    if (round > 0) faults.push(bad.atFault === true && good.atFault === false && bad.woken === undefined);
    clock.advance(5000);
  }
  assert.deepEqual(faults, [true, true, true, true]);
  assert.deepEqual(log.lines, []);
});

test("the log shows an engine that comes and goes once a minute", async () => {
  const { port } = engine;
  for (let round = 0; round < 5; round += 1) {
    await engine.stop();
    const away = send(1, "away");
    await until(() => away.answer !== undefined, "it to fail");
    await engine.start(port);
    const back = send(2, "back");
    await until(() => back.answer?.outcome === "delivered" && away.woken === true, "it to be back");
    clock.advance(5000);
  }
  assert.equal(log.lines.length, 2, log.lines.join("\n"));
});

test("an engine that goes away under a kept connection is away: its return is told", async () => {
  const { port } = engine;
  const first = send(2, "first");
  await until(() => first.answer?.outcome === "delivered", "a kept connection");
  clock.advance(1000); // an engine that has just answered is there
  engine.answer = () => void engine.stop();
  const away = send(1, "away");
  await until(() => away.answer !== undefined, "it to fail");
  assert.equal(away.answer?.wasSent, false, "over the kept connection only");
  engine.answer = likeOpenLuup;
  await engine.start(port);
  const back = send(2, "back");
  await until(() => back.answer?.outcome === "delivered" && away.woken === true, "it to be back");
});

test("a request that is deleted before its turn does not go out", async () => {
  engine.answer = () => {};
  for (let n = 0; n < 16; n += 1) send(1, "first");
  await engine.received("first", 16);
  const late = send(1, "late");
  luup.cancel(late.requester);
  engine.answer = likeOpenLuup;
  clock.advance(5000);
  const next = send(1, "next");
  await until(() => next.answer !== undefined, "the next one");
  assert.deepEqual([engine.of("late").length, luup.status.waiting - luup.status.repeating], [0, 0]);
});

test("an HTTP client that cannot be loaded makes requests fail, and is loaded for the next one", async (t) => {
  let tries = 0;
  const own = new LuupClient(engine.url, clock, log, localNames(clock), () => {
    tries += 1;
    return tries === 1 ? Promise.reject(new Error("no such file")) : import("#src/notify/http-connections.js");
  });
  t.after(() => own.close());
  const [one, two] = [send(1, "one", own), send(2, "two", own)];
  await until(() => two.answer !== undefined, "them to fail");
  assert.deepEqual([one.answer?.outcome, one.answer?.wasSent, own.status.inFlight], ["failed", false, 0]);
  assert.match(log.lines.join("\n"), /^WARN Luup .* does not take notifications \(.*no such file\)/);
  const again = send(1, "again", own);
  await until(() => again.answer?.outcome === "delivered" && two.woken === true, "the next one");
});
