import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { LogTail } from "#src/log/log-tail.js";
import { Times } from "#src/log/times.js";
import type { Monitor, Watcher } from "#src/monitor/monitor.js";
import { RenderedEvent } from "#src/monitor/subscriber.js";
import { logSource, messageSource } from "#src/web/line-sources.js";
import { LineStream } from "#src/web/line-stream.js";
import { ManualClock } from "../support/clock.js";

const TIMES = new Times();

/** A response whose reader the test controls. */
class SlowResponse {
  readonly texts: string[] = [];
  writableLength = 0;
  ended = false;
  #taken: (() => void)[] = [];

  write(text: string | Buffer, taken?: () => void): void {
    this.texts.push(String(text));
    this.writableLength += text.length;
    if (taken) this.#taken.push(taken);
  }

  end(): void {
    this.ended = true;
  }

  read(): void {
    this.writableLength = 0;
    for (const taken of this.#taken.splice(0)) taken();
  }
}

function streamTo({ last = 0 } = {}) {
  const clock = new ManualClock();
  const response = new SlowResponse();
  const watchers = new Set<Watcher>();
  const monitor = {
    addWatcher: (watcher: Watcher) => watchers.add(watcher),
    removeWatcher: (watcher: Watcher) => watchers.delete(watcher),
    lastLines: (_watcher: Watcher, _format: object, count: number) => [`{"last":${count}}`, "{}"],
  } as unknown as Monitor;
  const order = { filter: { kind: "all" }, format: ["json"] } as const;
  const source = messageSource(order, last, monitor);
  const stream = new LineStream(response as unknown as ServerResponse, source, clock);
  const show = (text: string): void => {
    const source = { connection: "c", listener: 1, server: "s:1" };
    for (const { subscriber } of watchers) {
      if (subscriber.full) subscriber.skip();
      else subscriber.show(new RenderedEvent({ kind: "connection", source, event: "ERROR", text }, 0, TIMES));
    }
  };
  return { clock, response, watchers, stream, show };
}

const eventOf = (text: string): string =>
  `data: {"time":"${TIMES.iso(0)}","event":"error","connection":"c","listener":1,"server":"s:1","text":"${text}"}\n\n`;

test("each message is an event of one line, whatever it contains", () => {
  const { clock, response, show } = streamTo();
  show("one");
  show("a\u2028b\u0085c");
  clock.advance(50);
  assert.deepEqual(response.texts, ["retry: 2000\n\n", eventOf("one") + eventOf("a?b?c")]);
});

test("a comment every 15 s is a sign of life, unless something waits to be read", () => {
  const { clock, response, show } = streamTo();
  response.read();
  clock.advance(15_000);
  assert.equal(response.texts.at(-1), ":\n\n");
  show("unread");
  clock.advance(100_000);
  assert.equal(response.texts.length, 3);
  response.read();
  clock.advance(15_000);
  assert.equal(response.texts.length, 4);
});

test("a slow reader gets a count of missed messages at their place", () => {
  const { clock, response, show } = streamTo();
  show("first");
  clock.advance(50);
  const written = response.texts.length;
  const long = "x".repeat(20_000);
  for (let count = 0; count < 20; count += 1) show(long);
  clock.advance(1000);
  assert.equal(response.texts.length, written); // nothing is written to a reader that does not read
  response.read();
  clock.advance(50);
  response.read();
  show("last");
  clock.advance(50);
  const text = response.texts.slice(written).join("");
  const shown = text.split(long).length - 1;
  assert.ok(shown > 0 && shown < 20);
  assert.ok(text.endsWith(`data: {"notShown":${20 - shown}}\n\n${eventOf("last")}`), text.slice(-500));
});

test("a reader that has left sees nothing more; the end follows the waiting messages", () => {
  const left = streamTo();
  left.stream.leave();
  assert.equal(left.watchers.size, 0);
  left.clock.advance(60_000);
  assert.equal(left.response.texts.length, 1);
  const ended = streamTo();
  ended.show("last");
  ended.stream.close();
  assert.deepEqual(ended.response.texts.slice(1), [eventOf("last")]);
  assert.equal(ended.response.ended, true);
  ended.clock.advance(60_000);
  assert.equal(ended.response.texts.length, 2);
});

test("messages that have passed come first, where the reader wants some", () => {
  const { response, watchers } = streamTo({ last: 7 });
  assert.deepEqual(response.texts, ['retry: 2000\n\ndata: {"last":7}\n\ndata: {}\n\n']);
  assert.equal(watchers.size, 1);
});

test("the log: the last lines, then those to come, until the reader leaves", () => {
  const [clock, response, tail] = [new ManualClock(), new SlowResponse(), new LogTail(() => 0)];
  for (const text of ["one", "two", "three"]) tail.noted("info", text);
  const stream = new LineStream(response as unknown as ServerResponse, logSource(tail, 2, TIMES), clock);
  const line = (level: string, text: string): string =>
    `data: {"time":"${TIMES.iso(0)}","level":"${level}","text":"${text}"}\n\n`;
  assert.deepEqual(response.texts, [`retry: 2000\n\n${line("info", "two")}${line("info", "three")}`]);
  tail.noted("warn", "four \u2028");
  clock.advance(50);
  assert.equal(response.texts.at(-1), line("warn", "four \\u2028"));
  response.read();
  for (let count = 0; count < 200; count += 1) tail.noted("debug", "x".repeat(1000));
  clock.advance(50);
  response.read();
  tail.noted("info", "five");
  clock.advance(50);
  assert.match(response.texts.join(""), /data: \{"notShown":\d+\}\n\n/);
  stream.leave();
  const { length } = response.texts;
  tail.noted("info", "six");
  clock.advance(50);
  assert.equal(response.texts.length, length);
});
