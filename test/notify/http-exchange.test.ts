import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Client } from "undici";
import { type ExchangeResult, HttpExchange } from "#src/notify/http-exchange.js";
import { judgeLuup } from "#src/notify/luup-client.js";
import { httpConnector } from "#src/sockets/http-connector.js";
import { systemClock } from "#src/system/clock.js";
import { ManualClock } from "../support/clock.js";
import { type Answerer, FakeLuup, likeOpenLuup, saying } from "../support/luup.js";
import { localNames } from "../support/names.js";
import { until } from "../support/wait.js";

let engine: FakeLuup;
before(async () => {
  engine = await new FakeLuup().start();
});
after(() => engine.stop());
const clients: Client[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.destroy()));
});

function connect(): Client {
  const client = new Client(engine.url, { connect: httpConnector(5000, { clock: systemClock, names: localNames() }) });
  clients.push(client);
  return client;
}

/** One exchange with the engine; time is the test's. */
function exchange({ client = connect(), isKept = false } = {}) {
  const clock = new ManualClock();
  const results: (ExchangeResult & { readonly isStale: boolean })[] = [];
  let sent = 0;
  const handler = new HttpExchange(clock, judgeLuup, {
    isConnectionKept: () => isKept,
    sent: () => {
      sent += 1;
    },
    finished: (result, isStale) => results.push({ ...result, isStale }),
  });
  client.dispatch({ method: "GET", path: "/data_request?Pid=p" }, handler);
  return {
    clock,
    sent: () => sent,
    async result() {
      await until(() => results.length > 0, "the result");
      assert.equal(results.length, 1);
      assert.equal(clock.pending, 0, "the time limit is off");
      return results[0];
    },
  };
}

const reset: Answerer = (_arrival, _response, request) => request.socket.destroy();
const cases: [string, Answerer, ExchangeResult & { readonly isStale: boolean }][] = [
  [
    "the answer of openLuup",
    likeOpenLuup,
    { outcome: "delivered", hasResponse: true, wasSent: true, text: "delivered", isStale: false },
  ],
  [
    "status 200 with an error",
    saying("ERROR: Invalid Service"),
    {
      outcome: "rejected",
      hasResponse: true,
      wasSent: true,
      text: "status 200, ERROR: Invalid Service",
      isStale: false,
    },
  ],
  [
    "status 404",
    saying("", 404),
    { outcome: "rejected", hasResponse: true, wasSent: true, text: "status 404", isStale: false },
  ],
  [
    "status 500",
    saying("", 500),
    { outcome: "failed", hasResponse: true, wasSent: true, text: "status 500", isStale: false },
  ],
  [
    "a connection that is cut",
    reset,
    { outcome: "failed", hasResponse: false, wasSent: true, text: "other side closed", isStale: false },
  ],
];
for (const [what, answer, expected] of cases) {
  test(`${what}: ${expected.outcome}`, async () => {
    engine.answer = answer;
    const { sent, result } = exchange();
    assert.deepEqual(await result(), expected);
    assert.equal(sent(), 1);
  });
}

test("a kept connection that is cut before a response is stale", async () => {
  engine.answer = reset;
  assert.equal((await exchange({ isKept: true }).result())?.isStale, true);
});

test("a kept connection that is cut amid a response is not: the action has run", async () => {
  engine.answer = (_arrival, response, request) => {
    response.writeHead(200);
    response.write("half", () => request.socket.destroy());
  };
  const result = await exchange({ isKept: true }).result();
  assert.deepEqual([result?.outcome, result?.isStale], ["failed", false]);
});

test("no answer within 5 s: timed out, and the connection is closed", async () => {
  let arrived = false;
  engine.answer = () => {
    arrived = true;
  };
  const { clock, result } = exchange();
  await until(() => arrived, "the request");
  clock.advance(4999);
  assert.equal(clock.pending, 1);
  clock.advance(1);
  assert.deepEqual(await result(), {
    ...{ outcome: "timed-out", hasResponse: false, wasSent: true, text: "no answer within 5 s", isStale: false },
  });
  await until(() => engine.connections === 0, "the connection to close");
});

test("a request that is late for its own limit does not leave", async () => {
  engine.arrivals.length = 0;
  const { clock, sent, result } = exchange();
  clock.advance(5000); // the connection is not there yet
  assert.equal((await result())?.outcome, "timed-out");
  await clients[0]?.close(); // it waits for the connection, and for what becomes of the request
  assert.deepEqual([sent(), engine.arrivals.length], [0, 0]);
});

test("an answer without end is read for a mebibyte and judged by its beginning", async () => {
  engine.answer = (_arrival, response) => {
    response.writeHead(200);
    const flood = (): void => {
      while (response.write(Buffer.alloc(65_536, "x")));
    };
    response.on("drain", flood).on("error", () => {});
    response.write("ERROR: Invalid Service", flood);
  };
  const result = await exchange().result();
  assert.equal(result?.outcome, "rejected");
  assert.match(result?.text ?? "", /^status 200, ERROR: Invalid Service/);
});
