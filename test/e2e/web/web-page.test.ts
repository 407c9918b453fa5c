import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { readExposition } from "../../support/exposition.js";
import { freePort } from "../../support/free-port.js";
import { Client, Device, greet, relayed, reload } from "../../support/net.js";
import { descriptorsAtRest, faults } from "../../support/process.js";
import { downward, upward } from "../../support/shown.js";
import { until } from "../../support/wait.js";
import { ask, EventStream, startWeb, startWebProcess } from "../../support/web.js";

const TELEGRAM = "<S0000000000F01D00FA>";

let device: Device;
before(async () => {
  device = await Device.open();
});
after(() => device.close());

/** The value of a metric that has no labels, or these. */
async function metric(web: number, name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const { body } = await ask(web, "/metrics");
  const series = readExposition(body).get(name)?.series ?? [];
  return series.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels))?.value;
}

test("the page, its files, status and metrics are there, each with its type and to be kept by nobody", async (t) => {
  const { web, daemon } = await startWeb(t);
  const types: [string, string][] = [
    ["/", "text/html; charset=utf-8"],
    ["/page.css", "text/css; charset=utf-8"],
    ["/page.js", "text/javascript; charset=utf-8"],
    ["/status", "application/json"],
    ["/metrics", "text/plain; version=0.0.4; charset=utf-8"],
  ];
  for (const [path, type] of types) {
    const got = await ask(web, path);
    assert.equal(got.status, 200, path);
    assert.equal(got.headers["content-type"], type);
    assert.equal(got.headers["x-content-type-options"], "nosniff");
    assert.equal(got.headers["cache-control"], "no-store");
    assert.match(String(got.headers["content-security-policy"]), /^default-src 'none'; .*frame-ancestors 'self'/);
    assert.ok(!Object.keys(got.headers).some((name) => name.startsWith("access-control-")));
    const head = await ask(web, path, { method: "HEAD" });
    assert.deepEqual([head.status, head.body, head.headers["content-type"]], [200, "", type]);
  }
  assert.equal((await ask(web, "/messages", { method: "HEAD" })).headers["content-type"], "text/event-stream");
  const { body: html } = await ask(web, "/");
  const scripts = [(await ask(web, "/page.js")).body, html];
  const named = scripts.flatMap((text) => [...text.matchAll(/(?:from "|src="|href=")(?:\.\/)?([^"#]+)"/g)]);
  assert.ok(named.length >= 6);
  for (const [, file] of named) assert.equal((await ask(web, `/${file}`)).status, 200, file);
  assert.deepEqual(faults(daemon.log()), []);
});

test("the status is what STAT JSON tells, and nothing in it is secret", async (t) => {
  const { web, daemon } = await startWeb(
    t,
    "[host]\nvera=http://me:pa55word@127.0.0.1:1\n[alert]\nurl=http://you:pa55word@127.0.0.1:1/?token=pa55word\n",
  );
  const { client, pid } = await greet(daemon.port);
  client.write("STAT JSON\n");
  const told = JSON.parse(await client.line());
  const { body } = await ask(web, "/status");
  const shown = JSON.parse(body);
  assert.deepEqual(Object.keys(shown), Object.keys(told));
  assert.deepEqual(shown.listeners, told.listeners);
  assert.deepEqual(
    shown.connections.map(({ id }: { id: string }) => id),
    [pid],
  );
  for (const path of ["/status", "/metrics"]) assert.doesNotMatch((await ask(web, path)).body, /pa55word/);
  client.destroy();
});

test("what is not there is 404, what would change something is 405", async (t) => {
  const { web } = await startWeb(t);
  for (const path of [
    "/nothing",
    "/page.html",
    "/../package.json",
    "/..%2fpackage.json",
    "//status",
    "/status/",
    "*",
  ]) {
    assert.equal((await ask(web, path)).status, 404, path);
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]) {
    const got = await ask(web, "/status", { method });
    assert.deepEqual([got.status, got.headers.allow], [405, "GET, HEAD"], method);
  }
});

test("a request for another name than an address or localhost is refused, whatever it asks for", async (t) => {
  const { web } = await startWeb(t);
  for (const path of ["/", "/status", "/metrics", "/messages", "/nothing"]) {
    const got = await ask(web, path, { headers: { host: `rebound.example:${web}` } });
    assert.equal(got.status, 403, path);
    assert.doesNotMatch(got.body, /uptime/);
  }
  for (const host of [`localhost:${web}`, "[::1]", "192.168.0.20"]) {
    assert.equal((await ask(web, "/status", { headers: { host } })).status, 200, host);
  }
});

test("pages from elsewhere see nothing and hold nothing; who follows a link sees the page", async (t) => {
  const { web } = await startWeb(t);
  const foreign = [
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
    { origin: "http://127.0.0.1:1" },
    { referer: "http://evil.example/" },
  ];
  for (const headers of foreign) {
    for (const path of ["/status", "/metrics", "/messages"]) {
      for (const method of ["GET", "HEAD"]) {
        assert.equal((await ask(web, path, { method, headers })).status, 403, `${path} ${JSON.stringify(headers)}`);
      }
    }
    assert.equal((await ask(web, "/", { headers })).status, 200);
  }
  const own = [
    { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", referer: `http://127.0.0.1:${web}/` },
    { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
    { origin: `http://127.0.0.1:${web}` },
  ];
  for (const headers of own) assert.equal((await ask(web, "/status", { headers })).status, 200);
  assert.equal(await metric(web, "sockproxyd_watchers"), 0);
});

test("messages of monitored and unmonitored connections are seen, all or those of a port or a connection", async (t) => {
  const port = await freePort();
  const { web, daemon } = await startWeb(t, `[direct]\n${port}=127.0.0.1:${device.port} MONI=conbus\n`);
  const plain = await relayed(daemon.port, device);
  const all = await EventStream.open(t, web, "?view=line");
  const ofPort = await EventStream.open(t, web, `?listener=${port}`);
  const ofPlain = await EventStream.open(t, web, `?connection=${plain.pid}&view=hex`);
  const monitored = await Client.open(port);
  const remote = await device.client(device.clients.length);
  monitored.write(TELEGRAM);
  assert.equal(await remote.take(TELEGRAM.length), TELEGRAM);
  const expected = upward(TELEGRAM);
  assert.deepEqual(await ofPort.received(2), expected);
  plain.client.write("hello\n");
  plain.remote.write("<hello>\n");
  assert.equal((await ofPlain.received(4)).length, 4);
  assert.ok(
    (await ofPlain.received(4)).every((line) => line.includes("|")),
    "in hexadecimal",
  );
  assert.deepEqual((await all.received(6)).sort(), [...expected, ...upward("hello"), ...downward("<hello>")].sort());
  assert.equal(ofPort.messages.length, 2);
  const [event = {}] = ofPlain.events;
  assert.deepEqual([event["connection"], event["listener"], event["protocol"]], [plain.pid, daemon.port, "hex"]);
  assert.match(String(event["time"]), /^\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/);
  monitored.reset();
  plain.client.reset();
  await until(() => all.events.filter(({ event: name }) => name === "disconnect").length === 2, "both ends");
  assert.equal((await ask(web, "/messages?listener=1")).status, 400);
});

test("what has passed before anybody looks is shown to whoever looks then", async (t) => {
  const { web, daemon } = await startWeb(t);
  const session = await relayed(daemon.port, device);
  session.client.write("hello\n");
  await session.remote.line();
  session.remote.write("welcome\n");
  await session.client.line();
  const stream = await EventStream.open(t, web, `?connection=${session.pid}&view=line&last=9`);
  assert.deepEqual(await stream.received(4), [...upward("hello"), ...downward("welcome")]);
  session.client.write("live\n");
  assert.deepEqual((await stream.received(6)).slice(4), upward("live"));
  const log = await EventStream.openPath(t, web, "/log");
  await until(() => log.text.includes("opened on proxy port"), "the line of the connection");
  session.client.reset();
});

test("readers are no connections of the proxy, and what has passed is counted to the byte", async (t) => {
  const { web, daemon } = await startWeb(t, "[access]\nmax-connections=1\n");
  const streams: EventStream[] = [];
  for (let count = 0; count < 16; count += 1) streams.push(await EventStream.open(t, web));
  assert.equal((await ask(web, "/messages")).status, 503);
  const before = (await metric(web, "sockproxyd_connections_total")) ?? 0;
  const session = await relayed(daemon.port, device);
  assert.equal(JSON.parse((await ask(web, "/status")).body).connections.length, 1);
  assert.equal(await metric(web, "sockproxyd_watchers"), 16);
  session.client.write("12345");
  session.remote.write("123");
  await session.client.take(3);
  await session.remote.take(5);
  const counted = async () => [
    await metric(web, "sockproxyd_connections_open", { listener: `proxy port ${daemon.port}` }),
    ((await metric(web, "sockproxyd_connections_total")) ?? 0) - before,
    await metric(web, "sockproxyd_received_bytes_total"),
    await metric(web, "sockproxyd_sent_bytes_total"),
  ];
  assert.deepEqual(await counted(), [1, 1, 3, 5]);
  session.client.reset();
  await until(async () => (await counted())[0] === 0, "the session to be over");
  assert.deepEqual(await counted(), [0, 1, 3, 5]);
  const next = await relayed(daemon.port, device);
  next.remote.write("1");
  await next.client.take(1);
  assert.deepEqual(await counted(), [1, 2, 4, 5]);
  next.client.reset();
  streams[0]?.response.destroy();
  await until(async () => (await metric(web, "sockproxyd_watchers")) === 15, "one to have left");
  await EventStream.open(t, web);
});

test("[access] clients and watch hold: for all, for messages", async (t) => {
  const { web, daemon, config } = await startWeb(t, "", "address=*\n");
  const from = (localAddress: string, path = "/status") =>
    ask(web, path, { localAddress }).then(({ status }) => status);
  assert.equal(await from("127.0.0.9"), 200);
  config.write(`[web]\nport=${web}\naddress=*\n[access]\nclients=127.0.0.1\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  await assert.rejects(from("127.0.0.9"));
  await assert.rejects(from("127.0.0.9"));
  assert.equal(await from("127.0.0.1"), 200);
  const said = new RegExp(
    `WARN {2}\\[- 127\\.0\\.0\\.9 > -\\] rejected by web port ${web}: 127\\.0\\.0\\.9 may not`,
    "g",
  );
  await until(() => said.test(daemon.log()), "the log to tell");
  assert.equal(daemon.log().match(said)?.length, 1);
});

test("a reload opens the page, moves it, closes it; event streams of the old place end", async (t) => {
  const { web, daemon, config } = await startWeb(t);
  const stream = await EventStream.open(t, web);
  assert.equal(await reload(daemon.port), "OK RELD");
  assert.equal(stream.ended, false); // it stays where it is
  const half = await Client.open(web);
  half.write("GET / HTTP/1.1\r\n");
  const next = await freePort();
  config.write(`[web]\nport=${next}\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  await until(() => stream.ended, "the stream to end");
  await until(() => half.ended || half.closed, "half a request to be cut", 10_000);
  half.destroy();
  await assert.rejects(ask(web, "/status"), { code: "ECONNREFUSED" });
  assert.equal((await ask(next, "/status")).status, 200);
  config.write("");
  assert.equal(await reload(daemon.port), "OK RELD");
  await assert.rejects(ask(next, "/status"), { code: "ECONNREFUSED" });
  config.write(`[web]\nport=${web}\n[direct]\n${web}=127.0.0.1:1\n`);
  assert.match(await reload(daemon.port), /^ERR RELD \[web\] port: \d+ is the port \[direct\] \d+ listens on$/);
  assert.deepEqual(
    faults(daemon.log()).filter((line) => !line.includes("configuration not taken")),
    [],
  );
});

test("a port in use is tried again, and said to have a problem, while the daemon serves", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  await until(() => taken.listening, "a port to be taken");
  const { port } = taken.address() as { port: number };
  const { daemon, config } = await startWeb(t);
  config.write(`[web]\nport=${port}\n`);
  assert.equal(await reload(daemon.port), "OK RELD");
  const { client } = await greet(daemon.port);
  client.write("STAT JSON\n");
  assert.match(
    await client.line(),
    /"kind":"web","name":"web port \d+"[^}]*"problem":"cannot listen on [^"]*already in use/,
  );
  client.destroy();
  taken.close();
  await until(
    () =>
      ask(port, "/status").then(
        ({ status }) => status === 200,
        () => false,
      ),
    "the page",
  );
  assert.equal(daemon.log().match(/WARN .*already in use; the daemon tries again/g)?.length, 1);
});

test("the daemon stops promptly with streams open, of which each sees what becomes of the connections", async (t) => {
  const { web, daemon } = await startWeb(t);
  const stream = await EventStream.open(t, web);
  const stuck = await EventStream.open(t, web);
  stuck.response.pause();
  const half = await Client.open(web);
  half.write("GET / HTTP/1.1\r\nHost: ");
  const session = await relayed(daemon.port, device);
  session.client.end();
  const began = performance.now();
  session.remote.end();
  assert.equal(await daemon.stop(), 0);
  assert.ok(performance.now() - began < 9000);
  await until(() => stream.ended, "the stream to end");
  assert.equal(stream.events.at(-1)?.["event"], "disconnect");
  half.destroy();
  session.client.destroy();
  assert.deepEqual(faults(daemon.log()), []);
});

test("a page that is not configured is not there", async (t) => {
  const { daemon, config, web } = await startWebProcess(t);
  config.write("[web]\naddress=127.0.0.1\n");
  assert.equal(await reload(daemon.port), "OK RELD");
  const rest = await descriptorsAtRest(daemon);
  await assert.rejects(ask(web, "/"), { code: "ECONNREFUSED" });
  assert.equal(await descriptorsAtRest(daemon), rest);
});
