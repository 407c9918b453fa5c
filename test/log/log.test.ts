import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { LogStyle, TimeZone } from "#src/core/config/settings.js";
import { type LogSettings, openLog } from "#src/log/log.js";
import { Times } from "#src/log/times.js";
import { ManualClock } from "../support/clock.js";
import { until } from "../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-log-`);
after(() => rmSync(folder, { recursive: true }));
let files = 0;

const OF = { id: "1a2b", client: "192.0.2.7:40001", target: "10.0.0.1:502" };
type LogOptions = Partial<LogSettings> & { debugging?: boolean; style?: LogStyle; path?: string };

/** A log by a clock that stands, and its lines. */
function logOf({
  debugging = false,
  style = "date" as LogStyle,
  time = "local" as TimeZone,
  path = `${folder}/${++files}.log`,
  ...more
}: LogOptions = {}) {
  const settings = { ...DEFAULT_SETTINGS, log: path, debug: debugging, time, logStyle: style, ...more };
  const clock = new ManualClock();
  const complaints: string[] = [];
  const log = openLog(settings, (text) => complaints.push(text), clock);
  /** Lets the log write, and returns what `file` has then: as many lines as asked for. */
  const lines = async (count: number, file = path): Promise<string[]> => {
    let read: string[] = [];
    await until(() => {
      clock.advance(20); // again and again: a write under way may put off the next one
      read = readFileSync(file, "utf8").split("\n").slice(0, -1);
      return read.length >= count;
    }, `${count} lines`);
    return read;
  };
  return { log, settings, clock, path, complaints, lines };
}

test("style date: ISO time, level, text; nothing of the text can end the line or move the cursor", async () => {
  const { log, clock, lines } = logOf();
  const time = new Times().iso(clock.epochMs());
  log.info("started");
  log.warn("a\nb\x1b[2J");
  log.error("broken");
  log.connection("opened", OF);
  const [started, warned = "", ...others] = await lines(4);
  assert.equal(started, `${time} INFO  started`);
  assert.ok(warned.startsWith(`${time} WARN  a`) && !warned.includes("\x1b"), warned);
  assert.deepEqual(others, [`${time} ERROR broken`, `${time} INFO  [1a2b 192.0.2.7:40001 > 10.0.0.1:502] opened`]);
});

test("style clock: time of day and level; single connections are left to the monitor", async () => {
  const { log, clock, lines } = logOf({ style: "clock" });
  const time = new Times().ofDay(clock.epochMs());
  log.connection("opened", OF);
  log.info("started");
  assert.deepEqual(await lines(1), [`${time} [INFO] started`]);
});

test("json: an object a line, with the connection apart; nothing of the text can end the line or move the cursor", async () => {
  const { log, clock, settings, lines } = logOf({ logFormat: "json", debugging: true, time: "utc" });
  const time = new Date(clock.epochMs()).toISOString();
  log.error('a\nb "c" \x1b[2J\u2028');
  log.connection("opened", OF);
  log.warn("no remote yet", { ...OF, target: "-" });
  log.debug("read");
  log.configure({ ...settings, logFormat: "text" });
  log.info("for people");
  const written = await lines(5);
  for (const line of written) assert.match(line, /^[\x20-\x7e]*$/);
  const connection = { connection: OF.id, client: OF.client };
  assert.deepEqual(
    written.slice(0, 4).map((line) => JSON.parse(line)),
    [
      { time, level: "error", message: 'a\nb "c" \x1b[2J\u2028' },
      { time, level: "info", message: "opened", ...connection, remote: OF.target },
      { time, level: "warn", message: "no remote yet", ...connection },
      { time, level: "debug", message: "read" },
    ],
  );
  assert.equal(written[4], `${time} INFO  for people`);
});

test("lines below the level are not written, nor seen; -D writes all", async () => {
  const { log, settings, lines } = logOf({ logLevel: "warn" });
  const seen: string[] = [];
  log.observer = { noted: (level, text) => void seen.push(`${level} ${text}`) };
  const all = (): void => {
    log.debug("debugging");
    log.info("started");
    log.connection("opened", OF);
    log.warn("odd");
    log.error("broken");
  };
  all();
  log.configure({ ...settings, logLevel: "error" });
  all();
  assert.deepEqual(seen, ["warn odd", "error broken", "error broken"]);
  assert.equal(log.debugging, false);
  log.configure({ ...settings, logLevel: "error", debug: true });
  assert.equal(log.debugging, true);
  all();
  const written = (await lines(8)).map((line) => line.split(" ")[1]);
  assert.deepEqual(written, ["WARN", "ERROR", "ERROR", "DEBUG", "INFO", "INFO", "WARN", "ERROR"]);
  log.configure({ ...settings, logLevel: "debug" });
  assert.equal(log.debugging, true);
});

test("the time zone can change: lines, gap lines and the times of others have it", async () => {
  const { log, settings, clock, lines } = logOf({ time: "utc" });
  const utc = new Date(clock.epochMs()).toISOString();
  log.info("in UTC");
  log.configure({ ...settings, time: "local" });
  log.info("in local time");
  assert.equal(log.times.iso(clock.epochMs()), new Times().iso(clock.epochMs()));
  const [first = "", second = ""] = await lines(2);
  assert.equal(first, `${utc} INFO  in UTC`);
  assert.match(second, /^\d{4}-\d\d-\d\dT[\d:.]{12}[+-]\d\d:\d\d INFO {2}in local time$/);
  const { log: full, clock: fullClock, settings: fullSettings, ...other } = logOf({ path: "/dev/full", time: "utc" });
  full.info("lost");
  fullClock.advance(20);
  await until(() => full.lost === 1, "the line to be lost");
  const path = `${folder}/${++files}.log`;
  full.configure({ ...fullSettings, log: path });
  full.info("told");
  assert.match((await other.lines(2, path))[0] ?? "", /^[\d-]{10}T[\d:.]{12}Z WARN {2}the log could not be written/);
});

test("debug lines are written when asked for, and the level can change", async () => {
  const { log, settings, lines } = logOf();
  assert.equal(log.debugging, false);
  log.debug("not written");
  log.configure({ ...settings, debug: true });
  assert.equal(log.debugging, true);
  log.debug("written");
  const [line = ""] = await lines(1);
  assert.match(line, / DEBUG written$/);
});

test("reopen goes on in a new file of the name, and says so there", async () => {
  const { log, path, lines } = logOf();
  log.info("one");
  await lines(1);
  renameSync(path, `${path}.moved`);
  log.reopen();
  log.info("two");
  const [again = "", two = ""] = await lines(2);
  assert.match(again, / INFO {2}log opened again$/);
  assert.match(two, / INFO {2}two$/);
});

test("a file that cannot be opened anew is told, in the old one that stays in use; stderr has no file to open", async () => {
  const parent = `${folder}/gone`;
  mkdirSync(parent);
  const { log, path, lines } = logOf({ path: `${parent}/a.log` });
  renameSync(path, `${folder}/kept.log`);
  rmSync(parent, { recursive: true });
  log.reopen();
  const clock = new ManualClock();
  openLog(DEFAULT_SETTINGS, assert.fail, clock).reopen();
  assert.equal(clock.pending, 0, "nothing is written to stderr");
  const [line = ""] = await lines(1, `${folder}/kept.log`);
  assert.match(line, / ERROR log cannot be opened again, the old file stays in use: ENOENT/);
});

test("configure with a file that cannot be opened throws, and changes nothing", async () => {
  const { log, settings, lines } = logOf();
  assert.throws(() => log.configure({ ...settings, log: "/nowhere/x.log", debug: true }), /ENOENT/);
  assert.equal(log.debugging, false);
  log.info("one");
  assert.match((await lines(1))[0] ?? "", / INFO {2}one$/);
});

test("a full disk is complained of once; when another file is given, its first line tells how many are lost", async () => {
  const { log, settings, clock, complaints, lines } = logOf({ path: "/dev/full" });
  log.info("one");
  clock.advance(20);
  await until(() => log.lost === 1, "the line to be lost");
  log.info("two");
  assert.equal(log.lost, 2);
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? "", /^log file \/dev\/full: ENOSPC.*; its lines are lost for now$/);
  const path = `${folder}/recovered.log`;
  log.configure({ ...settings, log: path });
  log.info("three");
  const [gap = "", three = ""] = await lines(2, path);
  assert.match(gap, / WARN {2}the log could not be written for a while; 2 lines are lost$/);
  assert.match(three, / INFO {2}three$/);
});

test("flush waits until every line has been written, and half a second at most", async () => {
  const { log, clock, path } = logOf();
  log.info("one");
  let flushed = false;
  const flushing = log.flush().then(() => {
    flushed = true;
  });
  assert.equal(flushed, false);
  clock.advance(20); // the time in which lines are gathered
  await until(() => readFileSync(path, "utf8") !== "", "the line"); // the file takes its own time
  while (!flushed) {
    clock.advance(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await flushing;
  assert.match(readFileSync(path, "utf8"), / one\n$/);
});

test("an observer sees each line that is written, fit for one line, and none that is not", () => {
  const { log, settings } = logOf();
  const seen: string[] = [];
  log.observer = { noted: (level, text) => void seen.push(`${level} ${text}`) };
  log.debug("not yet");
  log.configure({ ...settings, debug: true });
  log.debug("now");
  log.warn("a\nb");
  log.connection("opened", OF);
  log.observer = undefined;
  log.error("unseen");
  assert.deepEqual(seen, ["debug now", "warn a?b", "info [1a2b 192.0.2.7:40001 > 10.0.0.1:502] opened"]);
});
