import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionLog } from "#src/connection/connection-log.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { FakeEnd } from "../support/fake-end.js";
import { servicesHere } from "../support/services.js";

test("every line begins with the connection's id, its client and its target, once that is known", (t) => {
  const { generation, log } = servicesHere(t);
  const own = new ConnectionLog(generation.context, "a1", 2504, new FakeEnd());
  own.info("opened");
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
