import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ConnectionLog } from "#src/connection/connection-log.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { FakeEnd } from "../support/fake-end.js";
import { servicesHere } from "../support/services.js";

test("every line begins with the connection's id, its client and its target, once that is known", (t) => {
  const { generation, log } = servicesHere(t);
  const own = new ConnectionLog(generation.context, "a1", 2504, new FakeEnd());
  own.info("opened");
  assert.deepEqual(log.lines, [], "it has said nothing yet");
  own.target = "device:23";
  own.warn("a warning");
  own.fault(new TypeError("a fault on purpose"));
  assert.deepEqual(log.lines.slice(0, 2), [
    "INFO [a1 127.0.0.1:10001 > -] opened",
    "WARN [a1 127.0.0.1:10001 > device:23] a warning",
  ]);
  assert.match(log.lines[2] ?? "", /^ERROR \[a1 127\.0\.0\.1:10001 > device:23\] .*TypeError: a fault on purpose/);
});

test("lines for debugging are made only when the log wants them", (t) => {
  const { generation, log } = servicesHere(t);
  const client = new FakeEnd();
  const own = new ConnectionLog(generation.context, "a1", 2504, client);
  own.passed(5, "remote", "client", client);
  assert.equal(log.lines.length, 0);
  log.debugging = true;
  own.passed(5, "remote", "client", client);
  client.setBusy(true);
  client.write("seven..");
  own.passed(7, "remote", "client", client);
  assert.deepEqual(
    log.lines.map((line) => line.replace(/.*\] /, "")),
    ["read 5 bytes from remote, written to client", "read 7 bytes from remote, client is busy, 7 bytes wait"],
  );
});

test("the text of an event is made only for a connection that somebody watches", (t) => {
  const { generation } = servicesHere(t);
  const own = new ConnectionLog(generation.context, "a1", 2504, new FakeEnd());
  const request = { target: { host: "device", port: 23 }, options: DEFAULT_OPTIONS };
  own.show(request, "CONNECT", () => assert.fail("nobody watches"));
  assert.deepEqual(own.source(request), {
    ...{ connection: "a1", listener: 2504, client: "127.0.0.1:10001", server: "device:23" },
  });
});

/** The log of a connection that has been opened and connected. */
function opened(t: TestContext) {
  const here = servicesHere(t);
  const own = new ConnectionLog(here.generation.context, "a1", 2504, new FakeEnd());
  own.info("opened on a port");
  own.target = "device:23";
  own.info("connected");
  return { ...here, own };
}

const OPENED = "INFO [a1 127.0.0.1:10001 > -] opened on a port";
const CONNECTED = "INFO [a1 127.0.0.1:10001 > device:23] connected";
const CLOSED = "INFO [a1 127.0.0.1:10001 > device:23] closed: by client; 0 s";

describe("the first lines wait until the connection is worth them", () => {
  const client = new FakeEnd();
  const releases: [what: string, release: (own: ConnectionLog) => void, line?: string][] = [
    ["bytes pass", (own) => own.passed(1, "client", "remote", client)],
    ["the client has said something", (own) => own.release()],
    ["something is wrong", (own) => own.warn("a warning"), "WARN [a1 127.0.0.1:10001 > device:23] a warning"],
  ];
  for (const [what, release, line] of releases) {
    test(what, (t) => {
      const { own, log, clock } = opened(t);
      assert.deepEqual(log.lines, []);
      release(own);
      assert.equal(own.closed("by client; 0 s", true), false);
      assert.deepEqual(log.lines, [OPENED, CONNECTED, ...(line === undefined ? [] : [line]), CLOSED]);
      assert.equal(clock.pending, 0);
    });
  }

  test("the other side has ended it, or this one", (t) => {
    const { own, log } = opened(t);
    assert.equal(own.closed("by remote; 0 s", false), false);
    assert.deepEqual(log.lines, [OPENED, CONNECTED, CLOSED.replace("client;", "remote;")]);
  });

  test("it has been there for two seconds: the lines say how old they are", (t) => {
    const { generation, clock, log } = servicesHere(t);
    const own = new ConnectionLog(generation.context, "a1", 2504, new FakeEnd());
    own.info("opened on a port");
    clock.advance(1950);
    own.target = "device:23";
    own.info("connected");
    clock.advance(49);
    assert.deepEqual(log.lines, []);
    clock.advance(1);
    assert.deepEqual(log.lines, [`${OPENED} (2.0 s ago)`, CONNECTED]);
    own.info("another line");
    assert.equal(log.lines.length, 3);
  });
});

test("a client that has sent FIN without a byte stays silent, however long its remote takes to close", (t) => {
  const { generation, clock, log } = servicesHere(t);
  const client = Object.assign(new FakeEnd(), { hasEnded: true });
  const own = new ConnectionLog(generation.context, "a1", 2504, client);
  own.info("opened on a port");
  clock.advance(60_000);
  assert.deepEqual([log.lines, clock.pending], [[], 0]);
  own.passed(1, "remote", "client", client);
  assert.deepEqual(log.lines, [`${OPENED} (60.0 s ago)`]);
});

test("a client that comes and goes without a byte is one line for debugging", (t) => {
  const quiet = opened(t);
  assert.equal(quiet.own.closed("by client; 0 s", true), true);
  const loud = opened(t);
  loud.log.debugging = true;
  assert.equal(loud.own.closed("by client; 0 s", true), true);
  quiet.clock.advance(10_000);
  assert.deepEqual(quiet.log.lines, []);
  const text = "opened on a port; connected; closed: by client; 0 s";
  assert.deepEqual(loud.log.lines, [`DEBUG [a1 127.0.0.1:10001 > device:23] came and went without a byte: ${text}`]);
});

test("one timer does for all silent connections, and each has its own time", (t) => {
  const { generation, clock, log } = servicesHere(t);
  const open = (id: string): ConnectionLog => {
    const own = new ConnectionLog(generation.context, id, 2504, new FakeEnd());
    own.info("opened");
    return own;
  };
  open("a1");
  clock.advance(1000);
  const second = open("a2");
  clock.advance(500);
  open("a3");
  assert.equal(clock.pending, 1);
  second.release();
  const ids = (): string[] => log.lines.map((line) => line.slice(6, 8));
  clock.advance(500);
  assert.deepEqual(ids(), ["a2", "a1"]);
  clock.advance(1500);
  assert.deepEqual([ids(), clock.pending], [["a2", "a1", "a3"], 0]);
});
