import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { ClientOrigin } from "#src/core/net/client-origin.js";
import { EventBus } from "#src/events/event-bus.js";
import { LogTail } from "#src/log/log-tail.js";
import type { Monitor, Watcher } from "#src/monitor/monitor.js";
import type { Controls } from "#src/web/actions.js";
import { EventFeed } from "#src/web/event-feed.js";
import { Gate } from "#src/web/gate.js";
import { sendReply } from "#src/web/http-reply.js";
import { Pages } from "#src/web/pages.js";
import { ManualClock } from "../support/clock.js";
import { daemonHere, MemoryLog } from "../support/in-process.js";
import { Client } from "../support/net.js";
import { from } from "../support/origin.js";
import { until } from "../support/wait.js";
import { ask, EventStream } from "../support/web.js";

const FOREIGN = { Origin: "http://elsewhere.example" };

/** Pages on a server, with the status of a daemon that runs in this process. */
async function serve(t: TestContext, { denialReason = undefined as string | undefined } = {}) {
  const { daemon } = await daemonHere();
  const watchers = new Set<Watcher>();
  const tail = new LogTail(() => 0);
  const monitor = {
    addWatcher: (watcher: Watcher) => watchers.add(watcher),
    removeWatcher: (watcher: Watcher) => watchers.delete(watcher),
    lastLines: () => ['{"message":"last"}'],
  } as unknown as Monitor;
  const access = { denialReason: () => denialReason };
  const clock = new ManualClock();
  const controls: Controls = {
    closeConnection: (id, reason) => {
      done.push(`close ${id}: ${reason}`);
      return id === "1" ? "closed" : "unknown";
    },
    setDebug() {},
    reload: async () => undefined,
  };
  const context = {
    ...{
      clock,
      monitor,
      tail,
      feed: new EventFeed(new EventBus(), clock),
      gate: new Gate(clock),
      controls,
      log: new MemoryLog(),
    },
    admission: () => ({ access }) as never,
    reporter: daemon.reporter,
    history: (since: number) => [`{"since":${since}}`],
  };
  const done: string[] = [];
  const pages = new Pages(context, () => {});
  let origin: ClientOrigin = from("127.0.0.1");
  const server = createServer(async (request, response) => {
    const reply = await pages.reply(request, response, origin);
    if (reply !== undefined) sendReply(reply, response, (error) => assert.fail(String(error)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    pages.endStreams();
    server.closeAllConnections();
    server.close();
    await daemon.stop("the test has ended");
  });
  return {
    ...{ pages, watchers, daemon, tail, done },
    port: (server.address() as AddressInfo).port,
    setOrigin(next: ClientOrigin) {
      origin = next;
    },
  };
}

test("the page and its files are served to everybody, another site's link included", async (t) => {
  const { port } = await serve(t);
  for (const path of ["/", "/page.js", "/?whatever"]) {
    assert.equal((await ask(port, path)).status, 200, path);
    assert.equal((await ask(port, path, { headers: FOREIGN })).status, 200, path);
  }
  assert.match((await ask(port, "/")).body, /^<!doctype html>/);
});

test("a name that is no address of this machine gets nothing, the page neither", async (t) => {
  const { port } = await serve(t);
  for (const path of ["/", "/status"]) {
    const { status, body } = await ask(port, path, { headers: { Host: "elsewhere.example" } });
    assert.equal(status, 403);
    assert.match(body, /^ask for this page by an address, not by a name; or \[web\] names/);
  }
});

test("/log and /messages begin with what has happened, as far as the reader wants it", async (t) => {
  const { port, tail } = await serve(t);
  for (const text of ["one", "two"]) tail.noted("info", text);
  const open = async (path: string, count: number): Promise<unknown[]> => {
    const stream = await EventStream.openPath(t, port, path);
    await until(() => stream.events.length >= count, "the last lines");
    return stream.events.map(({ text, message }) => text ?? message);
  };
  assert.deepEqual(await open("/log", 2), ["one", "two"]);
  assert.deepEqual(await open("/log?last=1", 1), ["two"]);
  assert.deepEqual(await open("/messages?last=5", 1), ["last"]);
  for (const path of ["/log?last=201", "/log?lines=1", "/messages?last=101", "/messages?last=-1"]) {
    assert.equal((await ask(port, path)).status, 400, path);
  }
});

test("status, metrics and messages are hidden from pages of other sites", async (t) => {
  const { port } = await serve(t);
  for (const path of ["/status", "/metrics", "/messages", "/log", "/history"]) {
    const { status, body } = await ask(port, path, { headers: FOREIGN });
    assert.deepEqual([status, body], [403, "pages of other sites may not read this\n"], path);
  }
});

test("/status is STAT JSON, /metrics is for Prometheus", async (t) => {
  const { port, daemon } = await serve(t);
  const status = await ask(port, "/status");
  assert.equal(status.headers["content-type"], "application/json");
  assert.equal(JSON.parse(status.body).version, daemon.status.version);
  const metrics = await ask(port, "/metrics");
  assert.match(String(metrics.headers["content-type"]), /version=0\.0\.4/);
  assert.match(metrics.body, /^sockproxyd_uptime_seconds \d/m);
});

test("/history is what the daemon has kept, from a step on", async (t) => {
  const { port } = await serve(t);
  assert.equal((await ask(port, "/history")).body, '{"since":0}');
  const { headers, body } = await ask(port, "/history?since=12");
  assert.deepEqual([headers["content-type"], body], ["application/json", '{"since":12}']);
  for (const query of ["since=-1", "since=", "since=x", "from=1"]) {
    assert.equal((await ask(port, `/history?${query}`)).status, 400, query);
  }
});

test("only GET and HEAD are answered, and only paths that there are", async (t) => {
  const { port } = await serve(t);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers } = await ask(port, "/status", { method });
    assert.deepEqual([status, headers["allow"]], [405, "GET, HEAD"], method);
  }
  for (const path of ["/x", "/status/", "//", "/../package.json", "/web/page.js"]) {
    assert.equal((await ask(port, path)).status, 404, path);
  }
});

test("actions: the token that /actions tells, and no page of another site", async (t) => {
  const { port, setOrigin, done } = await serve(t);
  const { token, ...offer } = JSON.parse((await ask(port, "/actions")).body);
  assert.deepEqual(offer, { allowed: true, debug: false });
  const close = (connection: string, headers: Record<string, string> = {}): ReturnType<typeof ask> => {
    const body = JSON.stringify({ connection });
    const all = { "Content-Type": "application/json", "X-Token": token, ...headers };
    return ask(port, "/close", { method: "POST", headers: all, body });
  };
  const closed = await close("1", { Origin: `http://127.0.0.1:${port}`, "Sec-Fetch-Site": "same-origin" });
  assert.deepEqual([closed.status, closed.body], [200, '{"text":"connection 1 is closed"}\n']);
  assert.deepEqual(done, ["close 1: closed on the web page by 127.0.0.1"]);
  assert.equal((await close("2")).status, 404);
  assert.equal(done.length, 2);
  const refused = [
    close("1", FOREIGN),
    close("1", { "Sec-Fetch-Site": "same-site" }),
    close("1", { "X-Token": "" }),
    close("1", { "X-Token": token.slice(1) }),
    close("1", { "X-Forwarded-For": "127.0.0.1" }),
    close("1", { Host: "elsewhere.example" }),
  ];
  for (const reply of await Promise.all(refused)) assert.equal(reply.status, 403);
  const get = await ask(port, "/close");
  assert.deepEqual([get.status, get.headers["allow"]], [405, "POST"]);
  setOrigin({ ...from("127.0.0.1"), hops: 1 });
  assert.equal((await close("1")).status, 403, "through a port of this daemon");
  setOrigin(from("192.168.0.7"));
  assert.equal((await close("1")).status, 403);
  assert.equal(JSON.parse((await ask(port, "/actions")).body).token, undefined);
  assert.equal(done.length, 2);
});

test("/messages is an event stream until its reader leaves; HEAD begins none", async (t) => {
  const { port, watchers } = await serve(t);
  const head = await ask(port, "/messages", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-type"], watchers.size], [200, "text/event-stream", 0]);
  const stream = await EventStream.open(t, port, "?view=hex");
  assert.equal(stream.response.headers["content-type"], "text/event-stream");
  assert.equal(stream.response.headers.connection, "close");
  const [watcher] = watchers;
  assert.deepEqual([watchers.size, watcher?.filter, watcher?.view?.name], [1, { kind: "all" }, "hex"]);
  stream.response.destroy();
  await until(() => watchers.size === 0, "the stream to end");
});

test("/messages: a wrong query, and a reader that may not watch, are told why not", async (t) => {
  const { port, watchers } = await serve(t);
  const wrong = await ask(port, "/messages?views=hex");
  assert.equal(wrong.status, 400);
  assert.match(wrong.body, /^unknown parameter "views"/);
  const denied = await serve(t, { denialReason: "not from there" });
  for (const path of ["/messages", "/log"]) {
    const { status, body } = await ask(denied.port, path);
    assert.deepEqual([status, body], [403, "messages are not shown: not from there\n"], path);
  }
  assert.equal(watchers.size + denied.watchers.size, 0);
});

test("16 streams, and no more until one has ended; close ends all", async (t) => {
  const { port, watchers, pages } = await serve(t);
  const streams: EventStream[] = [];
  for (let count = 0; count < 16; count += 1) streams.push(await EventStream.open(t, port));
  const { status, body } = await ask(port, "/messages");
  assert.deepEqual([status, body], [503, "16 are watching already\n"]);
  streams[0]?.response.destroy();
  await until(() => watchers.size === 15, "one to end");
  streams.push(await EventStream.open(t, port));
  pages.endStreams();
  await until(() => streams.every(({ ended }) => ended), "all to end");
  assert.equal(watchers.size, 0);
});

test("a connection ends behind the reply to a request whose body nobody reads", async (t) => {
  const { port } = await serve(t);
  const endless = await Client.open(port);
  endless.write("POST /status HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n");
  assert.match(await endless.rest(), /^HTTP\/1\.1 405 .*\r\nConnection: close\r\n/s);
});

test("a query may have further question marks", async (t) => {
  const { port } = await serve(t);
  assert.equal((await ask(port, "/healthz?line=a?b")).body, '{"status":"unknown","reasons":["no line \\"a?b\\""]}\n');
});
