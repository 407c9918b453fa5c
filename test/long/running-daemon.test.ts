import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { MAIN, startDaemon, startDaemonUnder } from "../support/daemon.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

// `sockproxyd status`, `stop` and `reload` as people and scripts run them.

const LIMIT_MS = 60_000;

function run(...args: string[]): { status: number | null; out: string; err: string } {
  const env = { ...process.env, COLUMNS: "60" };
  const done = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", timeout: LIMIT_MS, env });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

test("status, reload and stop: a sentence and an exit status for each outcome", async () => {
  const daemon = await startDaemon();
  const place = `127.0.0.1:${daemon.port}`;
  const shown = run("status", place);
  assert.deepEqual([shown.status, shown.err], [0, ""]);
  for (const line of shown.out.split("\n")) assert.ok(line.length <= 60 && !line.includes("\x1b"), line);
  assert.equal(JSON.parse(run("status", place, "--json").out).pid, daemon.child.pid);
  assert.deepEqual(run("reload", place), { status: 0, out: "reloaded\n", err: "" });
  assert.deepEqual(run("stop", place), { status: 0, out: "stopped\n", err: "" });
  assert.equal(await daemon.stop(), 0);
  for (const command of ["status", "reload", "stop"]) {
    const absent = run(command, place);
    assert.deepEqual([absent.status, absent.out], [1, ""]);
    assert.equal(absent.err, `sockproxyd: ${place}: connection refused: no daemon listens there\n`);
    const wrong = run(command, place, "now");
    assert.deepEqual([wrong.status, wrong.out], [2, ""]);
    assert.equal(wrong.err, `sockproxyd: unexpected argument "now"; see sockproxyd ${command} --help\n`);
  }
});

/** Runs a command of a shell on a terminal of its own, of util-linux. */
function onTerminal(command: string): { out(): string; type(keys: string): void; ended: Promise<void> } {
  const child = spawn("script", ["-qfec", command, "/dev/null"], { env: { ...process.env, TERM: "xterm" } });
  after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return { out: () => text, type: (keys) => void child.stdin.write(keys), ended };
}

const [HIDDEN, SHOWN] = ["\x1b[?25l", "\x1b[?25h"];
const [ENTERED, LEFT] = ["\x1b[?1049h", "\x1b[?1049l"];

for (const [name, keys] of [
  ["Ctrl-C", "\x03"],
  ["q", "q"],
] as const) {
  test(`status --watch draws anew in place, takes a new width, and ${name} leaves the terminal as it was`, {
    skip: missing("script", "stty"),
  }, async () => {
    const daemon = await startDaemon();
    const command = `'${process.execPath}' '${MAIN}' status --watch ${daemon.port}`;
    const terminal = onTerminal(
      `stty cols 70 rows 20; stty -a >/dev/null; (sleep 2; stty cols 30 < /dev/tty) & ${command}; echo "status $?"; stty -a`,
    );
    const drawn = (): string[] => terminal.out().split("\x1b[H").slice(1);
    const lines = (frame: string): string[] => stripVTControlCharacters(frame).split("\r\n");
    await until(() => drawn().some((frame) => frame.includes("out/s")), "rates");
    await until(() => lines(drawn().at(-1) ?? "").every((line) => line.length <= 30), "the narrow terminal");
    terminal.type(keys);
    await terminal.ended;
    const out = terminal.out();
    for (const sequence of [HIDDEN, SHOWN, ENTERED, LEFT]) assert.equal(out.split(sequence).length, 2, sequence);
    assert.ok(out.indexOf(LEFT) > out.lastIndexOf("sockproxyd "));
    const after = out.slice(out.indexOf(LEFT));
    assert.match(after, /status 0\r\n/);
    assert.match(after, /[; ]icanon\b/);
    assert.match(after, /[; ]echo\b/);
    await daemon.stop();
  });
}

/** The process that a terminal's command has become: `exec` behind `echo $$`. */
async function pidOn(terminal: { out(): string }): Promise<number> {
  await until(() => terminal.out().includes("nothing is wrong"), "the status");
  return Number(/^pid (\d+)/m.exec(terminal.out())?.[1]);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

for (const [how, act] of [
  ["Ctrl-Z", (terminal) => terminal.type("\x1a")],
  ["SIGTSTP", (_terminal, pid) => process.kill(pid, "SIGTSTP")],
] as readonly [string, (terminal: { type(keys: string): void }, pid: number) => void][]) {
  test(`status --watch stops by ${how}, the terminal as it was, and goes on by SIGCONT`, {
    skip: missing("script", "stty", "bash"),
  }, async () => {
    const daemon = await startDaemon();
    const status = `'${process.execPath}' '${MAIN}' status -w ${daemon.port}`;
    const commands = `set -m; sh -c 'echo pid $$; exec ${status.replaceAll("'", "")}'; stty -a; echo stopped; fg; echo over`;
    const terminal = onTerminal(`bash -c "${commands.replaceAll("$", "\\$")}"`);
    act(terminal, await pidOn(terminal));
    await until(() => terminal.out().includes("stopped"), "the shell");
    await until(() => count(terminal.out(), ENTERED) === 2, "the screen once more");
    await until(() => (terminal.out().split(ENTERED)[2] ?? "").includes("nothing is wrong"), "the status once more");
    const meanwhile = terminal.out().split(LEFT)[1]?.split(ENTERED)[0] ?? "";
    assert.match(meanwhile, /[; ]icanon\b/);
    assert.ok(terminal.out().indexOf(SHOWN) < terminal.out().indexOf("stopped"));
    terminal.type("q");
    await until(() => terminal.out().includes("over"), "the end");
    assert.deepEqual([count(terminal.out(), ENTERED), count(terminal.out(), LEFT)], [2, 2]);
    await daemon.stop();
  });
}

for (const signal of ["SIGQUIT", "SIGHUP"] as const) {
  test(`status --watch ends by ${signal}, the terminal as it was`, { skip: missing("script", "stty") }, async () => {
    const daemon = await startDaemon();
    const command = `sh -c 'echo pid $$; exec ${process.execPath} ${MAIN} status -w ${daemon.port}'`;
    const terminal = onTerminal(`${command}; echo "status $?"; stty -a`);
    process.kill(await pidOn(terminal), signal);
    await terminal.ended;
    assert.deepEqual([count(terminal.out(), ENTERED), count(terminal.out(), LEFT)], [1, 1]);
    const after = terminal.out().split(LEFT)[1] ?? "";
    assert.match(after, /status 0\r\n/);
    assert.match(after, /[; ]icanon\b/);
    await daemon.stop();
  });
}

test("status --watch waits for a daemon that comes back, and NO_COLOR means none", {
  skip: missing("script"),
}, async () => {
  const first = await startDaemon();
  const port = String(first.port);
  const terminal = onTerminal(`NO_COLOR=1 '${process.execPath}' '${MAIN}' status -w ${port}; echo "status $?"`);
  await until(() => terminal.out().includes("nothing is wrong"), "the status");
  await first.stop();
  await until(() => terminal.out().includes("connection refused; it is tried again"), "the loss");
  const second = await startDaemonUnder([], ["-p", port], () =>
    until(() => run("status", port).status === 0, "the second one"),
  );
  await until(() => terminal.out().includes(`process ${second.child.pid}`), "the second daemon");
  terminal.type("q");
  await terminal.ended;
  assert.ok(!terminal.out().includes("\x1b[32m") && !terminal.out().includes("\x1b[1m"));
  await second.stop();
});

test("status --watch --json: a line each second for programs", async () => {
  const daemon = await startDaemon();
  const child = spawn(process.execPath, [MAIN, "status", "--watch", "--json", String(daemon.port)]);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await until(() => text.split("\n").length > 2, "two lines");
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGTERM");
  assert.equal(await ended, 0);
  const [one = "", two = ""] = text.split("\n");
  assert.ok(JSON.parse(one).uptimeMs < JSON.parse(two).uptimeMs);
  await daemon.stop();
});
