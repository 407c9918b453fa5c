import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { RELAYED } from "#src/core/monitor/hops.js";
import type { View } from "#src/core/monitor/view.js";
import { lineView } from "#src/core/monitor/views/line-view.js";
import { findView } from "#src/core/monitor/views/views.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { LineQueue } from "#src/monitor/line-queue.js";
import { Monitor, type Watcher } from "#src/monitor/monitor.js";
import { Subscriber } from "#src/monitor/subscriber.js";
import type { TracedStream } from "#src/monitor/traced-stream.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { openFiles } from "../support/open-files.js";
import { until } from "../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-monitor-`);
after(() => rmSync(folder, { recursive: true }));

const AUDIT = { auditSize: 1_000_000, auditFiles: 1 };
const WRONG_TELEGRAM = "<S0000000000F01D00AA>";

/** A monitor, its console, and streams that a test lets begin. */
function fixture({ alertUrl = "" } = {}) {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const alerted: string[] = [];
  const streams: TracedStream[] = [];
  const console = { text: "", error: undefined as Error | undefined };
  const monitor = new Monitor(
    {
      clock,
      log,
      alerts: { checksumError: (port, server) => void alerted.push(`${port} ${server}`) },
      streams: () => streams,
      console(text, done) {
        if (console.error === undefined) console.text += text;
        done(console.error);
      },
    },
    { ...AUDIT, alertUrl },
  );
  const begin = (options: Partial<ConnOptions> = {}, more: Partial<TracedStream> = {}): TracedStream => {
    const source = { connection: `c${streams.length}`, listener: 5020, server: "s:1" };
    const point = { observer: undefined };
    const stream = { source, options: { ...DEFAULT_OPTIONS, ...options }, hops: RELAYED, point, ...more };
    streams.push(stream);
    monitor.addStream(stream);
    return stream;
  };
  const shown = (): string[] => {
    clock.advance(100);
    return console.text
      .split("\n")
      .filter(Boolean)
      .map((each) => each.replace(/^\d\d:\d\d:\d\d,\d{3} /, ""));
  };
  return { monitor, clock, log, alerted, console, streams, begin, shown };
}

/** A watcher, and what it has seen. */
function watcherOf(clock: ManualClock, more: Partial<Watcher> = {}, maxWaiting?: number) {
  let text = "";
  const queue = new LineQueue(
    (batch, done) => {
      text += batch;
      done();
    },
    clock,
    maxWaiting,
  );
  const watcher: Watcher = { filter: { kind: "all" }, subscriber: new Subscriber(queue, ["id"]), ...more };
  const seen = (): string[] => {
    clock.advance(100);
    return text
      .split("\n")
      .filter(Boolean)
      .map((each) => each.replace(/^\d\d:\d\d:\d\d,\d{3} /, ""));
  };
  return { watcher, seen, queue };
}

function pass(stream: TracedStream, text: string): void {
  stream.point.observer?.passed("up", Buffer.from(text), true);
}

test("a stream with MONI is shown on the console, in its view and format; one without is not observed", () => {
  const { begin, shown, monitor } = fixture();
  const stream = begin({ monitor: "line", monitorFormat: ["id"] });
  pass(stream, "hello\n");
  assert.deepEqual(shown(), ["[CLIENT→PROXY] c0 hello", "[PROXY→SERVER] c0 hello"]);
  assert.equal(begin().point.observer, undefined);
  assert.deepEqual(
    [monitor.wants({ ...DEFAULT_OPTIONS, monitor: "line" }), monitor.wants(DEFAULT_OPTIONS)],
    [true, false],
  );
});

test("MONL: the file has the same lines; streams share it; flush waits for it", async () => {
  const { begin, clock, monitor } = fixture();
  const path = `${folder}/audit.log`;
  const options = { monitor: "line", monitorFile: path };
  for (const text of ["one\n", "two\n"]) pass(begin(options), text);
  let flushed = false;
  const since = clock.now();
  const flushing = monitor.flush().then(() => {
    flushed = true;
  });
  await until(() => {
    clock.advance(1); // in all less than the half second that flush waits
    return flushed;
  }, "flush to end");
  await flushing;
  assert.ok(clock.now() - since < 500, "flush waits for the file, not for its limit");
  assert.equal(openFiles(path), 1);
  assert.equal(readFileSync(path, "utf8").match(/one|two/g)?.length, 4);
  assert.deepEqual(monitor.status.notShown, { console: 0, [path]: 0 });
  monitor.reopen();
});

test("a watcher sees streams that exist and streams to come, by its filter, until it leaves", async () => {
  const { begin, clock, monitor } = fixture();
  const before = begin();
  const { watcher, seen } = watcherOf(clock, { view: lineView });
  const one = watcherOf(clock, { view: lineView, filter: { kind: "connection", id: "c1" } });
  monitor.addWatcher(watcher);
  monitor.addWatcher(one.watcher);
  assert.equal(monitor.wants(DEFAULT_OPTIONS), true);
  await until(() => before.point.observer !== undefined, "the watcher to be added"); // on a busy machine in a later slice
  const later = begin();
  pass(before, "before\n");
  pass(later, "later\n");
  assert.deepEqual(seen(), [
    ...["[CLIENT→PROXY] c0 before", "[PROXY→SERVER] c0 before"],
    ...["[CLIENT→PROXY] c1 later", "[PROXY→SERVER] c1 later"],
  ]);
  assert.equal(one.seen().length, 2);
  monitor.removeWatcher(watcher);
  await until(() => before.point.observer === undefined, "the stream to have no observer");
  assert.notEqual(later.point.observer, undefined);
  monitor.removeWatcher(one.watcher);
  monitor.removeWatcher(one.watcher);
  await until(() => later.point.observer === undefined, "the other stream to have none");
  assert.equal(monitor.status.watchers, 0);
});

test("the view: that of the stream's own options, else the watcher's, else the protocol's, else hexadecimal", () => {
  const { begin, clock, monitor } = fixture();
  const [conbus, http] = [findView("conbus"), findView("http")];
  assert.ok(conbus && http);
  /** The name of the view that a watcher with this view sees such a stream in. */
  const viewOf = (options: Partial<ConnOptions>, watcherView?: View, protocolView?: View): string => {
    let name = "";
    const write = (text: string, done: () => void): void => {
      name = JSON.parse(text.split("\n")[0] ?? "{}").protocol;
      done();
    };
    const subscriber = new Subscriber(new LineQueue(write, clock), ["json"]);
    const watcher: Watcher = { filter: { kind: "all" }, subscriber, ...(watcherView && { view: watcherView }) };
    monitor.addWatcher(watcher);
    pass(begin(options, protocolView && { view: protocolView }), "GET / HTTP/1.1\r\n\r\n");
    clock.advance(100);
    monitor.removeWatcher(watcher);
    return name;
  };
  assert.equal(viewOf({ monitor: "line" }, http, conbus), "line");
  assert.equal(viewOf({}, http, conbus), "http");
  assert.equal(viewOf({}, undefined, conbus), "conbus");
  assert.equal(viewOf({}), "hex");
});

test("lines end as the options of the stream say", () => {
  const { begin, clock, monitor } = fixture();
  const { watcher, seen } = watcherOf(clock, { view: lineView });
  monitor.addWatcher(watcher);
  pass(begin({ lineEnd: "cr" }), "one\rtwo\r");
  pass(begin({ lineEnd: "nul" }), "a\nb\0");
  assert.deepEqual(
    seen().filter((line) => line.startsWith("[CLIENT")),
    ["[CLIENT→PROXY] c0 one", "[CLIENT→PROXY] c0 two", "[CLIENT→PROXY] c1 a\\nb"],
  );
});

test("what happens to a connection is shown on its console and to its watchers, once each", () => {
  const { clock, monitor, shown } = fixture();
  const [all, other] = [watcherOf(clock), watcherOf(clock, { filter: { kind: "listener", port: 1 } })];
  for (const { watcher } of [all, other]) monitor.addWatcher(watcher);
  const source = { connection: "c", listener: 5020, client: "a:1", server: "s:1" };
  monitor.showConnectionEvent(source, { ...DEFAULT_OPTIONS, monitor: "hex" }, "CONNECT", "to s:1");
  monitor.showConnectionEvent(source, DEFAULT_OPTIONS, "DISCONNECT", "by client");
  assert.deepEqual(shown(), ["[CONNECT] a:1 to s:1"]);
  assert.deepEqual(all.seen(), ["[CONNECT] c a:1 to s:1", "[DISCONNECT] c a:1 by client"]);
  assert.deepEqual(other.seen(), []);
});

test("a watcher without room skips events, and they are counted", () => {
  const { clock, monitor } = fixture();
  const { watcher, queue } = watcherOf(clock, {}, 100);
  monitor.addWatcher(watcher);
  const source = { connection: "c", listener: 5020, server: "s:1" };
  for (let count = 0; count < 3; count += 1) monitor.showConnectionEvent(source, DEFAULT_OPTIONS, "ERROR", "broken");
  assert.equal(queue.lost, 2);
});

test("64 watchers are admitted, and no more", () => {
  const { clock, monitor } = fixture();
  const watchers = Array.from({ length: 64 }, () => watcherOf(clock).watcher);
  for (const watcher of watchers) {
    assert.equal(monitor.denialReason, undefined);
    monitor.addWatcher(watcher);
  }
  assert.equal(monitor.denialReason, "64 are watching already");
  assert.equal(monitor.status.watchers, 64);
  monitor.removeWatcher(watchers[0] as Watcher);
  assert.equal(monitor.denialReason, undefined);
});

test("an observer that is no tap of the monitor stays", async () => {
  const { begin, clock, monitor } = fixture();
  const observer = { passed() {}, drained() {}, ended() {} };
  const { watcher } = watcherOf(clock);
  const [stream, next] = [begin(), begin()];
  monitor.addWatcher(watcher);
  await until(() => next.point.observer !== undefined, "the watcher to be added");
  stream.point.observer = observer;
  monitor.removeWatcher(watcher);
  await until(() => next.point.observer === undefined, "the watcher to be removed");
  assert.equal(stream.point.observer, observer);
});

test("a console that cannot be written is logged once a minute, and its messages are counted", () => {
  const { begin, clock, log, console, monitor } = fixture();
  console.error = new Error("EPIPE");
  const stream = begin({ monitor: "line" });
  const write = (): void => {
    pass(stream, "hello\n");
    clock.advance(2000);
  };
  for (let count = 0; count < 5; count += 1) write();
  assert.deepEqual(log.lines, ["WARN messages cannot be written to stdout: EPIPE"]);
  clock.advance(60_000);
  write();
  assert.equal(log.lines.length, 2);
  assert.equal(monitor.status.notShown["console"], 12);
});

test("wrong checksums are alerted when there is somebody to alert; new settings hold for streams that begin then", () => {
  const { begin, alerted, monitor } = fixture();
  pass(begin({ monitor: "conbus" }), WRONG_TELEGRAM);
  assert.deepEqual(alerted, []);
  monitor.configure({ ...AUDIT, alertUrl: "http://hub/" });
  pass(begin({ monitor: "conbus" }), WRONG_TELEGRAM);
  assert.deepEqual(alerted, ["5020 s:1"]);
});

test("record keeps the last messages of streams that exist and of those to come, for watchers that come later", async () => {
  const { begin, monitor, clock } = fixture();
  const [before, options] = [begin(), DEFAULT_OPTIONS];
  assert.deepEqual([monitor.observes(options), monitor.lastLines({ filter: { kind: "all" } }, ["id"], 9)], [false, []]);
  monitor.record(true);
  assert.equal(monitor.observes(options), true);
  await until(() => before.point.observer !== undefined, "the stream to be recorded");
  const later = begin({ lineEnd: "nul" });
  pass(before, "one\n");
  pass(later, "two\0three\0");
  const { watcher, seen } = watcherOf(clock, { view: lineView });
  const last = monitor.lastLines(watcher, ["id"], 9).map((line) => line.slice(13));
  const hops = (id: string, text: string): string[] => [`[CLIENT→PROXY] ${id} ${text}`, `[PROXY→SERVER] ${id} ${text}`];
  assert.deepEqual(last, [...hops("c0", "one"), ...hops("c1", "two"), ...hops("c1", "three")]);
  const isWatched = () => before.point.observer?.takesLongChunks === false;
  monitor.addWatcher(watcher);
  await until(isWatched, "a watcher behind the recorder");
  pass(before, "four\n");
  monitor.removeWatcher(watcher);
  await until(() => !isWatched(), "the watcher to be gone");
  pass(before, "five\n");
  assert.deepEqual(seen(), hops("c0", "four"));
  monitor.record(false);
  assert.deepEqual(
    [before.point.observer, later.point.observer, monitor.observes(options)],
    [undefined, undefined, false],
  );
});
