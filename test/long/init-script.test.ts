import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MAIN, portAnswers, startDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { greet } from "../support/net.js";
import { missing } from "../support/peers.js";
import { nobody, noSecondUser, type User } from "../support/second-user.js";
import { statJson } from "../support/stat-json.js";
import { until } from "../support/wait.js";

const SCRIPT = fileURLToPath(new URL("../../../init-script.sh", import.meta.url));
const SHELLS: readonly Shell[] = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"]];
// For a machine that is busy with other tests; nothing waits that long when all is well.
const PATIENCE_S = "30";
const HELD_MS = 5000;

type Shell = readonly [program: string, ...args: string[]];

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whether the process has ended, though its parent may not have noticed yet. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

/** The words of its command line, or the variables of its environment. */
function wordsOf(pid: number, file: "cmdline" | "environ"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return []; // it has ended, or belongs to another user
  }
}

/** Those that are not removed yet. */
const installations = new Set<Installation>();

// So the test runner ends a file that takes too long: without its hooks.
process.once("SIGTERM", () => {
  for (const installation of installations) installation.remove();
  process.exit(1);
});

/** The script, installed with all that belongs to it in a folder of its own. */
class Installation {
  readonly folder = mkdtempSync(join(realpathSync(tmpdir()), "sockproxyd-init-"));
  readonly etc = join(this.folder, "etc");
  readonly script = join(this.etc, "init.d", "sockproxyd");
  readonly defaults = join(this.etc, "default", "sockproxyd");
  readonly pidFile = join(this.folder, "run", "proxy.pid");
  readonly log = join(this.folder, "log", "proxy.log");
  readonly errors = join(this.folder, "log", "proxy.err");
  readonly #shell: Shell;

  constructor(shell: Shell) {
    this.#shell = shell;
    installations.add(this);
    for (const name of ["etc/init.d", "etc/default", "run", "log"])
      mkdirSync(join(this.folder, name), { recursive: true });
    chmodSync(this.folder, 0o755);
    copyFileSync(SCRIPT, this.script);
  }

  /** Writes etc/default/sockproxyd. @param settings undefined: the default of the script */
  configure(settings: Readonly<Record<string, string | undefined>>): void {
    const all: Record<string, string | undefined> = {
      RUN_AS: "",
      NODE: process.execPath,
      MAIN,
      PIDFILE: this.pidFile,
      LOGFILE: this.log,
      ERRFILE: this.errors,
      START_SECONDS: PATIENCE_S,
      STOP_SECONDS: PATIENCE_S,
      ...settings,
    };
    writeFileSync(
      this.defaults,
      Object.entries(all)
        .map(([name, value]) => (value === undefined ? "" : `${name}='${value}'\n`))
        .join(""),
    );
  }

  /** Runs the script, and waits until nothing holds its stdout and stderr any more. */
  run(action: string, user?: User): Promise<Outcome> {
    return this.runAs(this.script, [action], user);
  }

  async runAs(
    script: string,
    args: readonly string[],
    user?: User,
    environment: Readonly<Record<string, string>> = { SOCKPROXYD_ETC: this.etc },
  ): Promise<Outcome> {
    const [program, ...first] = this.#shell;
    const child = spawn(program, [...first, script, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], ...environment },
      ...user,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const closed = once(child, "close");
    const [status] = await once(child, "exit");
    await Promise.race([
      closed,
      pause(HELD_MS, undefined, { ref: false }).then(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        throw new Error(`${args} has ended, but something it started holds its stdout or stderr`);
      }),
    ]);
    return { status, stdout, stderr };
  }

  /** Starts it, or restarts it, and returns the pid of the daemon, having made sure that it is one. */
  async start(action = "start", user?: User): Promise<number> {
    const { status, stdout, stderr } = await this.run(action, user);
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
    const pid = Number(/^sockproxyd: started, pid (\d+), port \d+$/m.exec(stdout)?.[1]);
    assert.equal(readFileSync(this.pidFile, "utf8"), `${pid}\n`);
    assert.deepEqual(wordsOf(pid, "cmdline").slice(0, 3), [process.execPath, "--max-semi-space-size=2", MAIN]); // no program in between
    assert.equal(readlinkSync(`/proc/${pid}/fd/1`), "/dev/null"); // what MONI prints would fill a disk unseen
    return pid;
  }

  /** All processes the script has started: they inherit its environment, and the daemon writes its log. */
  processes(): number[] {
    const isOurs = (pid: number): boolean =>
      wordsOf(pid, "environ").includes(`SOCKPROXYD_ETC=${this.etc}`) ||
      (wordsOf(pid, "cmdline")[2] === MAIN && wordsOf(pid, "cmdline").includes(this.log));
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => !isGone(pid) && isOurs(pid));
  }

  /** Ends whatever is left, and removes everything. */
  remove(): void {
    installations.delete(this);
    const limit = performance.now() + 10_000;
    for (let left = this.processes(); left.length > 0 && performance.now() < limit; left = this.processes()) {
      for (const pid of left) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // it has ended by itself
        }
      }
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async assertStopped(pid: number, port: number): Promise<void> {
    assert.ok(isGone(pid), `process ${pid} is still there`);
    await assert.rejects(greet(port), { code: "ECONNREFUSED" });
    await this.assertNothingLeft();
    assert.deepEqual(await this.run("status"), { status: 3, stdout: "sockproxyd: not running\n", stderr: "" });
  }

  async assertNothingLeft(): Promise<void> {
    assert.ok(!existsSync(this.pidFile), "the pid file is still there");
    await until(() => this.processes().length === 0, "the end of all processes"); // su ends a moment after its child
  }

  async assertRunning(pid: number, port: number, host?: string): Promise<void> {
    assert.deepEqual(await this.run("status"), { status: 0, stdout: `sockproxyd: running, pid ${pid}\n`, stderr: "" });
    assert.ok(!isGone(pid), `process ${pid} has ended`);
    assert.equal((await statJson(port, host)).pid, pid);
  }
}

/** The daemon may answer before its log is written. */
function tellsOfItsStart(log: string): Promise<void> {
  return until(() => / INFO {2}sockproxyd \S+ started/.test(readFileSync(log, "utf8")), `the start in ${log}`);
}

/** A process that has nothing to do with the daemon. */
function wrongProtocol(t: TestContext): number {
  const child = spawn("sh", ["-c", "sleep 600; :", "/opt/other/dist/main.js"], { stdio: "ignore", detached: true });
  const { pid } = child;
  assert.ok(pid);
  t.after(() => process.kill(-pid)); // with its sleep
  return pid;
}

/** A program that passes for the daemon but never listens, and does not end when asked to. */
function deafProgram(folder: string, port: number): string {
  const path = join(folder, "main.js");
  writeFileSync(
    path,
    `if (process.argv.includes("--check")) {
       console.log("[host]\\nip=127.0.0.1\\nport=${port}\\nlog=-");
     } else {
       process.on("SIGTERM", () => console.error("I hear nothing"));
       setInterval(() => {}, 1000);
       console.error("I am deaf");
     }`,
  );
  return path;
}

function userIds(pid: number): string[] {
  const line = /^Uid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return line?.split("\t") ?? [];
}

for (const shell of SHELLS) {
  const name = shell.join(" ");
  const absent = spawnSync("sh", ["-c", `command -v ${shell[0]}`]).status === 0 ? false : `not installed: ${shell[0]}`;

  describe(`init-script.sh, run by ${name}`, { skip: absent, concurrency: 4 }, () => {
    async function installed(
      t: TestContext,
      settings: Readonly<Record<string, string | undefined>> = {},
    ): Promise<{ script: Installation; port: number }> {
      const script = new Installation(shell);
      t.after(() => script.remove());
      const port = await freePort();
      script.configure({ PORT: String(port), ...settings });
      return { script, port };
    }

    test("start, status, restart, stop", async (t) => {
      const { script, port } = await installed(t);
      assert.deepEqual(await script.run("status"), { status: 3, stdout: "sockproxyd: not running\n", stderr: "" });

      const first = await script.start();
      await script.assertRunning(first, port);
      await tellsOfItsStart(script.log);
      assert.equal(readFileSync(script.errors, "utf8"), "");

      assert.deepEqual(await script.run("start"), {
        status: 0,
        stdout: `sockproxyd: running already, pid ${first}\n`,
        stderr: "",
      });
      await script.assertRunning(first, port);

      const second = await script.start("restart");
      assert.notEqual(second, first);
      assert.ok(isGone(first), "the old process is still there");
      await script.assertRunning(second, port);
      assert.deepEqual(script.processes(), [second]);

      assert.deepEqual(await script.run("stop"), { status: 0, stdout: "sockproxyd: stopped\n", stderr: "" });
      await script.assertStopped(second, port);
      assert.match(readFileSync(script.log, "utf8"), /stopping: SIGTERM\n.*stopped\n$/);
      assert.deepEqual(await script.run("stop"), { status: 0, stdout: "sockproxyd: not running\n", stderr: "" });

      const third = await script.start("force-reload");
      await script.assertRunning(third, port);
    });

    test("several restarts at once after each other", async (t) => {
      const { script, port } = await installed(t);
      const pids = new Set<number>();
      for (let i = 0; i < 4; i += 1) {
        const pid = await script.start("restart");
        await script.assertRunning(pid, port);
        assert.deepEqual(script.processes(), [pid]);
        pids.add(pid);
      }
      assert.equal(pids.size, 4);
    });

    test("a daemon that crashed is recognized and can be started again", async (t) => {
      const { script, port } = await installed(t);
      const crashed = await script.start();
      process.kill(crashed, "SIGKILL");
      await until(() => isGone(crashed), "the end of the daemon");
      const { status, stdout } = await script.run("status");
      assert.equal(status, 1);
      assert.match(stdout, /not running, but there is a pid file/);
      const reload = await script.run("reload");
      assert.equal(reload.status, 7);

      const pid = await script.start();
      assert.notEqual(pid, crashed);
      await script.assertRunning(pid, port);
      await script.run("stop");
      await script.assertStopped(pid, port);
    });

    for (const action of ["start", "restart"]) {
      test(`a pid file with the pid of another process, ${action}`, async (t) => {
        const { script, port } = await installed(t);
        const other = wrongProtocol(t);
        writeFileSync(script.pidFile, `${other}\n`);
        assert.equal((await script.run("status")).status, 1);
        const pid = await script.start(action);
        assert.notEqual(pid, other);
        await script.assertRunning(pid, port);
        assert.ok(!isGone(other), "the other process was ended");
      });
    }

    for (const [content, what] of [
      ["", "nothing"],
      ["0\n", "0"],
      ["-1\n", "-1"],
      ["x y\n", "text"],
    ] as const) {
      test(`a pid file with ${what} in it`, async (t) => {
        const { script } = await installed(t);
        writeFileSync(script.pidFile, content);
        assert.equal((await script.run("status")).status, 1);
        const { status, stderr } = await script.run("stop");
        assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
        await script.assertNothingLeft();
      });
    }

    test("stop leaves alone a process that has got the pid", async (t) => {
      const { script } = await installed(t);
      const other = wrongProtocol(t);
      writeFileSync(script.pidFile, `${other}\n`);
      const { status, stdout } = await script.run("stop");
      assert.equal(status, 0);
      assert.match(stdout, /not running/);
      assert.ok(!isGone(other), "the other process was ended");
      assert.ok(!existsSync(script.pidFile));
    });

    test("start fails when the port is in use by another program", async (t) => {
      const { script, port } = await installed(t, { ADDRESS: "127.0.0.1" });
      const server = createServer((socket) => socket.on("error", () => {}).end("hello\n"));
      t.after(() => server.close());
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      const { status, stdout, stderr } = await script.run("start");
      assert.equal(status, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /^sockproxyd: not started: it has ended\n/);
      assert.match(stderr, new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: already in use`));
      await script.assertNothingLeft();
      assert.equal((await script.run("status")).status, 3);
    });

    test("start fails when the port is in use by another sockproxyd", async (t) => {
      const other = await startDaemon();
      t.after(() => other.stop());
      const { script } = await installed(t, { PORT: String(other.port) });
      const { status, stderr } = await script.run("start");
      assert.equal(status, 1);
      assert.match(stderr, /already in use/);
      await script.assertNothingLeft();
      assert.equal(other.child.exitCode, null);
    });

    test("a failed start shows the words of this start only", async (t) => {
      const { script, port } = await installed(t, { ADDRESS: "127.0.0.1" });
      writeFileSync(script.errors, "an old crash\n");
      const server = createServer().listen(port, "127.0.0.1");
      t.after(() => server.close());
      await once(server, "listening");
      const { stderr } = await script.run("start");
      assert.match(stderr, /already in use/);
      assert.doesNotMatch(stderr, /old crash/);
      assert.match(readFileSync(script.errors, "utf8"), /^an old crash\n.*already in use/s);
    });

    test("a daemon that neither answers nor ends is killed", async (t) => {
      const { script, port } = await installed(t);
      script.configure({ MAIN: deafProgram(script.folder, port), START_SECONDS: "1", STOP_SECONDS: "1" });
      const { status, stderr } = await script.run("start");
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`not started: no answer on 127\\.0\\.0\\.1 port ${port} within 1 seconds`));
      assert.match(stderr, /did not stop within 1 seconds, killing it/);
      assert.match(stderr, /I am deaf\nI hear nothing/);
      await script.assertNothingLeft();
    });

    test("stop kills a daemon that does not end", async (t) => {
      const { script, port } = await installed(t);
      const main = deafProgram(script.folder, port);
      script.configure({ MAIN: main, STOP_SECONDS: "1" });
      const child = spawn(process.execPath, [main], { stdio: ["ignore", "ignore", "pipe"] });
      t.after(() => child.kill("SIGKILL"));
      await once(child.stderr, "data"); // it ignores SIGTERM from now on
      writeFileSync(script.pidFile, `${child.pid}\n`);
      const { status, stdout, stderr } = await script.run("stop");
      assert.equal(status, 0);
      assert.match(stderr, /did not stop within 1 seconds, killing it/);
      assert.match(stdout, /stopped/);
      assert.ok(isGone(child.pid ?? 0));
      await script.assertNothingLeft();
    });

    test("wrong settings are told, and a restart with them stops nothing", async (t) => {
      const { script, port } = await installed(t);
      const pid = await script.start();
      const config = join(script.folder, "proxy.conf");
      writeFileSync(config, "[host]\nport = nonsense\n");
      script.configure({ PORT: String(port), CONFIG: config });
      const { status, stderr } = await script.run("restart");
      assert.equal(status, 6);
      assert.match(stderr, /proxy\.conf:2: /);
      await script.assertRunning(pid, port);
    });

    test("address and port can come from the configuration file, and options override all", async (t) => {
      const { script, port } = await installed(t);
      const config = join(script.etc, "sockproxyd.conf"); // where it is looked for
      writeFileSync(config, `[host]\nip = 127.0.0.2\nport = ${port}\n`);
      script.configure({});
      const first = await script.start();
      await script.assertRunning(first, port, "127.0.0.2");
      await assert.rejects(greet(port), { code: "ECONNREFUSED" });

      const other = await freePort();
      script.configure({ ADDRESS: "127.0.0.2", PORT: String(port), OPTIONS: `-p ${other} -a * -D` });
      const second = await script.start("restart");
      await script.assertRunning(second, other);
      assert.deepEqual(wordsOf(second, "cmdline").slice(-6, -1), ["-p", String(other), "-a", "*", "-D"]);
    });

    test("the log may go to stderr, and all paths may have blanks in them", async (t) => {
      const { script, port } = await installed(t);
      const errors = join(script.folder, "log", "all of it.err");
      script.configure({ PORT: String(port), LOGFILE: "-", ERRFILE: errors });
      const pid = await script.start();
      await script.assertRunning(pid, port);
      await tellsOfItsStart(errors);
    });

    test("reload has the log opened again, and the configuration read", async (t) => {
      const { script, port } = await installed(t);
      assert.equal((await script.run("reload")).status, 7);
      const pid = await script.start();
      renameSync(script.log, `${script.log}.1`);
      assert.equal((await script.run("reload")).status, 0);
      await until(() => existsSync(script.log) && readFileSync(script.log, "utf8") !== "", "a new log");
      await script.assertRunning(pid, port);
    });

    test("it starts with -c always: a file that comes later is read by a reload", async (t) => {
      const { script, port } = await installed(t);
      const config = join(script.etc, "sockproxyd.conf");
      const pid = await script.start();
      const words = wordsOf(pid, "cmdline");
      assert.equal(words[words.indexOf("-c") + 1], config);
      await until(
        () => readFileSync(script.log, "utf8").includes(`configuration file ${config} is not there`),
        "a line in the log",
      );
      const later = await freePort();
      writeFileSync(config, `[direct later]\nlisten=127.0.0.1:${later}\ntarget=127.0.0.1:${port}\n`);
      const refused = await script.run("reload");
      assert.equal(refused.status, 1);
      assert.match(refused.stderr, /nothing has changed:\n.*\[direct later\].*that is this daemon itself/);
      writeFileSync(config, `[direct later]\nlisten=127.0.0.1:${later}\ntarget=10.0.0.1:1\n`);
      assert.equal((await script.run("reload")).status, 0);
      await until(() => readFileSync(script.log, "utf8").includes(`listening on 127.0.0.1:${later}`), "the new port");
    });

    test("reload returns when all is read, and reaches a daemon that lets nobody in", async (t) => {
      const { script } = await installed(t);
      const config = join(script.etc, "sockproxyd.conf");
      await script.start();
      writeFileSync(config, "[access]\nclients=192.0.2.0/24\n");
      assert.match((await script.run("reload")).stdout, /has read its configuration/);
      writeFileSync(config, "");
      assert.match((await script.run("reload")).stdout, /told to read its configuration/);
      await until(
        () => readFileSync(script.log, "utf8").includes("configuration read again (SIGHUP)"),
        "the file to be read",
      );
    });

    test("a daemon without a proxy port is started, and stopped", async (t) => {
      const { script, port } = await installed(t);
      const config = join(script.etc, "sockproxyd.conf");
      writeFileSync(config, `[host]\nport=0\n[mux inverter]\nlisten=127.0.0.1:${port}\ntarget=10.0.0.1:502\n`);
      script.configure({});
      const { status, stdout, stderr } = await script.run("start");
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^sockproxyd: started, pid \d+, no proxy port\n$/);
      await portAnswers(port);
      assert.equal((await script.run("stop")).status, 0);
      await script.assertNothingLeft();
    });

    test("a log that cannot be written is told before anything is stopped", async (t) => {
      const { script, port } = await installed(t);
      const pid = await script.start();
      script.configure({ PORT: String(port), LOGFILE: join(script.folder, "nowhere", "proxy.log") });
      const { status, stderr } = await script.run("restart");
      assert.equal(status, 6);
      assert.match(stderr, /cannot start:\n(sockproxyd: .*\n)*sockproxyd: cannot write log file .*nowhere\/proxy\.log/);
      await script.assertRunning(pid, port);
    });

    test("root starts it as sockproxyd, and not at all where there is no such user", {
      skip: noSecondUser(),
    }, async (t) => {
      if (spawnSync("id", ["-u", "sockproxyd"]).status === 0) return t.skip("there is a user sockproxyd");
      const { script } = await installed(t, { RUN_AS: undefined });
      const { status, stderr } = await script.run("start");
      assert.equal(status, 6);
      assert.match(
        stderr,
        /there is no user sockproxyd \(RUN_AS\)\. Create it: useradd --system .* sockproxyd; or name/,
      );
      await script.assertNothingLeft();
      return undefined;
    });

    test("the program of a global npm package is found, by its command or beside Node.js", async (t) => {
      const { script, port } = await installed(t, { MAIN: undefined });
      const [bin, lib] = [
        join(script.folder, "npm", "bin"),
        join(script.folder, "npm", "lib", "node_modules", "sockproxyd"),
      ];
      for (const folder of [bin, join(lib, "build")]) mkdirSync(folder, { recursive: true });
      const main = join(lib, "build", "sockproxyd.cjs");
      writeFileSync(main, `#!/usr/bin/env node\nrequire(${JSON.stringify(MAIN)});\n`, { mode: 0o755 });
      symlinkSync(main, join(bin, "sockproxyd"));
      symlinkSync(process.execPath, join(bin, "node"));
      writeFileSync(join(bin, "nodejs"), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
      const path = { SOCKPROXYD_ETC: script.etc, PATH: `${bin}:${process.env["PATH"]}` };
      assert.equal((await script.runAs(script.script, ["start"], undefined, path)).status, 0);
      assert.ok(wordsOf(Number(readFileSync(script.pidFile, "utf8")), "cmdline").includes(main));
      assert.equal((await script.runAs(script.script, ["stop"], undefined, path)).status, 0);
      script.configure({ PORT: String(port), MAIN: undefined, NODE: join(bin, "nodejs") });
      assert.equal((await script.run("start")).status, 0);
      assert.ok(wordsOf(Number(readFileSync(script.pidFile, "utf8")), "cmdline").includes(main));
      assert.equal((await script.run("stop")).status, 0);
      await script.assertNothingLeft();
    });

    test("what is missing is named", async (t) => {
      const { script, port } = await installed(t, { MAIN: "/nonexistent/main.js" });
      const withoutProgram = await script.run("start");
      assert.equal(withoutProgram.status, 5);
      assert.match(withoutProgram.stderr, /cannot find the program: \/nonexistent\/main\.js/);
      script.configure({ PORT: String(port), NODE: "/nonexistent/node" });
      const withoutNode = await script.run("start");
      assert.equal(withoutNode.status, 5);
      assert.match(withoutNode.stderr, /cannot find Node\.js: \/nonexistent\/node/);
      script.configure({ PORT: String(port), PIDFILE: join(script.folder, "nowhere", "pid") });
      const withoutFolder = await script.run("start");
      assert.equal(withoutFolder.status, 4);
      assert.match(withoutFolder.stderr, /cannot create pid file .*nowhere\/pid/);
      await script.assertNothingLeft();
    });

    test("the file with the settings may be elsewhere, but not nowhere", async (t) => {
      const { script, port } = await installed(t);
      const elsewhere = join(script.folder, "settings of mine");
      const environment = { SOCKPROXYD_ETC: script.etc, SOCKPROXYD_DEFAULTS: elsewhere };
      const missingOne = await script.runAs(script.script, ["start"], undefined, environment);
      assert.equal(missingOne.status, 6);
      assert.match(missingOne.stderr, /cannot read .*settings of mine/);
      renameSync(script.defaults, elsewhere);
      const { status, stderr } = await script.runAs(script.script, ["start"], undefined, environment);
      assert.equal(status, 0, stderr);
      const { client } = await greet(port);
      client.destroy();
      assert.equal((await script.runAs(script.script, ["stop"], undefined, environment)).status, 0);
      await script.assertNothingLeft();
    });

    test("anything else gets the usage", async (t) => {
      const { script } = await installed(t);
      for (const args of [[], ["begin"], ["look"], [""]]) {
        const { status, stdout, stderr } = await script.runAs(script.script, args);
        assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
        assert.match(stderr, /^Usage: .*\{start\|stop\|restart\|reload\|force-reload\|status\|uninstall\}\n$/);
      }
    });

    test("uninstall", async (t) => {
      const { script, port } = await installed(t);
      const pid = await script.start();
      const [two, six] = [join(script.etc, "rc2.d"), join(script.etc, "rc6.d")];
      for (const folder of [two, six]) mkdirSync(folder);
      for (const path of [join(two, "S01sockproxyd"), join(six, "K01sockproxyd"), join(two, "S02sockproxyd2")]) {
        symlinkSync("../init.d/sockproxyd", path);
      }
      writeFileSync(join(two, "sockproxyd"), "");
      const { status, stdout, stderr } = await script.run("uninstall");
      assert.equal(status, 0, stderr);
      assert.match(stdout, /stopped/);
      assert.match(stdout, new RegExp(`left in place: ${script.defaults} ${script.log} ${script.errors}\n`));
      assert.ok(isGone(pid));
      await assert.rejects(greet(port), { code: "ECONNREFUSED" });
      await script.assertNothingLeft();
      assert.deepEqual(readdirSync(join(script.etc, "init.d")), []);
      assert.deepEqual(readdirSync(two), ["S02sockproxyd2", "sockproxyd"]);
      assert.deepEqual(readdirSync(six), []);
      for (const path of [script.defaults, script.log, script.errors]) assert.ok(existsSync(path), path);
    });

    test("uninstall called from elsewhere removes the installed script and not itself", async (t) => {
      const { script } = await installed(t);
      const source = join(script.folder, "init-script.sh");
      copyFileSync(SCRIPT, source);
      const { status, stderr } = await script.runAs(source, ["uninstall"]);
      assert.equal(status, 0, stderr);
      assert.ok(!existsSync(script.script));
      assert.ok(existsSync(source));
    });

    test("uninstall through a link of a run level", async (t) => {
      const { script } = await installed(t);
      const link = join(script.etc, "rc3.d", "S01sockproxyd");
      mkdirSync(join(script.etc, "rc3.d"));
      symlinkSync("../init.d/sockproxyd", link);
      assert.equal((await script.runAs(link, ["uninstall"])).status, 0);
      assert.ok(!existsSync(script.script));
      assert.throws(() => lstatSync(link), { code: "ENOENT" });
    });

    test("a user that does not exist is refused", async (t) => {
      const { script } = await installed(t, { RUN_AS: "no-such-user" });
      const { status, stdout, stderr } = await script.run("start");
      assert.deepEqual({ status, stdout }, { status: 6, stdout: "" });
      assert.match(stderr, /there is no user no-such-user/);
      await script.assertNothingLeft();
    });

    describe("with another user", { skip: noSecondUser(), concurrency: 4 }, () => {
      const { uid, gid } = nobody ?? { uid: -1, gid: -1 };

      /** Folders that belong to the user. */
      function handOver(script: Installation): void {
        for (const name of ["run", "log"]) chownSync(join(script.folder, name), uid, gid);
      }

      async function assertRunsAsNobody(script: Installation, port: number): Promise<void> {
        const pid = await script.start();
        await script.assertRunning(pid, port);
        assert.deepEqual(userIds(pid), Array(4).fill(String(uid)));
        assert.equal(statSync(script.log).uid, uid);
        assert.equal(statSync(script.pidFile).uid, 0);
        await tellsOfItsStart(script.log);

        const next = await script.start("restart");
        assert.ok(isGone(pid));
        await script.assertRunning(next, port);
        assert.deepEqual(userIds(next), Array(4).fill(String(uid)));

        assert.equal((await script.run("stop")).status, 0);
        await script.assertStopped(next, port);
      }

      test("started by root, runs as that user", async (t) => {
        const { script, port } = await installed(t, { RUN_AS: "nobody" });
        await assertRunsAsNobody(script, port);
      });

      test("the same where there is neither setpriv nor setsid", async (t) => {
        const { script, port } = await installed(t);
        const bin = join(script.folder, "bin");
        mkdirSync(bin);
        for (const tool of "sh su id tr grep sed head tail wc sleep rm chown dirname ls readlink".split(" ")) {
          const { stdout } = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
          symlinkSync(stdout.trim(), join(bin, tool));
        }
        script.configure({ PORT: String(port), RUN_AS: "nobody", PATH: bin });
        await assertRunsAsNobody(script, port);
        assert.match(readFileSync(script.log, "utf8"), /stopping: SIGTERM/);
      });

      test("a log that root wrote before is not handed over, and how to do that is said", async (t) => {
        const { script, port } = await installed(t);
        const pid = await script.start();
        script.configure({ PORT: String(port), RUN_AS: "nobody" });
        const { status, stderr } = await script.run("restart");
        assert.equal(status, 4);
        assert.match(stderr, /nobody cannot write log file .*proxy\.log\..* chown nobody '.*proxy\.log'\n$/);
        assert.equal(statSync(script.log).uid, 0);
        await script.assertRunning(pid, port);
        chownSync(script.log, uid, 0);
        await script.start("restart");
      });

      /** A file of root that nobody else may read. */
      function secretOf(script: Installation): string {
        const secret = join(script.folder, "secret");
        writeFileSync(secret, "secret", { mode: 0o600 });
        return secret;
      }

      async function assertRefused(script: Installation, code: number, message: RegExp): Promise<void> {
        const { status, stdout, stderr } = await script.run("start");
        assert.match(stderr, message);
        assert.deepEqual({ status, stdout }, { status: code, stdout: "" });
        await script.assertNothingLeft();
      }

      const LINES: Readonly<Record<string, (path: string) => string>> = {
        "a plain log=": (path) => `log=${path}`,
        "a log= in another value": (path) => `vera="http://127.0.0.1:3480/\\nlog=${path}"`,
      };
      for (const [what, line] of Object.entries(LINES)) {
        test(`${what} in the configuration hands over nothing`, async (t) => {
          const config = join(mkdtempSync(join(realpathSync(tmpdir()), "sockproxyd-config-")), "sockproxyd.conf");
          t.after(() => rmSync(dirname(config), { recursive: true }));
          chmodSync(dirname(config), 0o755);
          const { script } = await installed(t, { RUN_AS: "nobody", LOGFILE: "", CONFIG: config });
          const [secret, fresh] = [secretOf(script), join(script.etc, "fresh")];
          for (const path of [secret, fresh]) {
            writeFileSync(config, `[host]\n${line(path)}\n`);
            await assertRefused(
              script,
              what.includes("plain") ? 4 : 6,
              /cannot write log file|U\+000A cannot be in it/,
            );
          }
          assert.equal(statSync(secret).uid, 0);
          assert.ok(!existsSync(fresh));
        });
      }

      test("what the daemon says of its log is not believed", async (t) => {
        const { script } = await installed(t);
        const main = join(script.folder, "main.js");
        const fresh = join(script.etc, "fresh");
        const says = `[host]\nip=127.0.0.1\nport=1\nlog=${fresh}\n\x1b[2J`;
        writeFileSync(main, `console.log(${JSON.stringify(says)}); process.exit(0);`);
        script.configure({ RUN_AS: "nobody", MAIN: main });
        await assertRefused(script, 4, /nobody cannot write log file [\x20-\x7e]*fresh/);
        assert.ok(!existsSync(fresh));
      });

      test("what the daemon says does not drive the terminal", async (t) => {
        const { script } = await installed(t);
        const main = join(script.folder, "main.js");
        writeFileSync(main, 'console.error("\\x1b[2J\\x07gone\\x9b2J\\u202e"); process.exit(1);');
        script.configure({ RUN_AS: "nobody", MAIN: main });
        await assertRefused(script, 6, /^[\x20-\x7e\n]*\?\[2J\?gone\?\?2J\?\?\?\n$/);
      });

      test("root runs no Node.js: it may belong to the user", async (t) => {
        const { script, port } = await installed(t);
        const [node, ids] = [join(script.folder, "node"), join(script.folder, "ids")];
        writeFileSync(ids, "");
        chmodSync(ids, 0o666);
        writeFileSync(node, `#!/bin/sh\nid -u >>'${ids}'\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
        script.configure({ PORT: String(port), RUN_AS: "nobody", NODE: node });
        await script.start();
        assert.deepEqual([...new Set(readFileSync(ids, "utf8").trim().split("\n"))], [String(uid)]);
      });

      const CONFIGS: Readonly<Record<string, (folder: string) => string>> = {
        "that belongs to the user": (folder) => {
          chownSync(join(folder, "conf"), uid, gid);
          return join(folder, "conf");
        },
        "that everybody may write": (folder) => {
          chmodSync(join(folder, "conf"), 0o646);
          return join(folder, "conf");
        },
        "that the user's group may write": (folder) => {
          chownSync(join(folder, "conf"), 0, gid);
          chmodSync(join(folder, "conf"), 0o664);
          return join(folder, "conf");
        },
        "in a folder of the user": (folder) => {
          chownSync(folder, uid, gid);
          return join(folder, "conf");
        },
        "behind a link in a folder of the user": (folder) => {
          mkdirSync(join(folder, "theirs"));
          symlinkSync("../conf", join(folder, "theirs", "link"));
          chownSync(join(folder, "theirs"), uid, gid);
          symlinkSync(join(folder, "theirs", "link"), join(folder, "other"));
          return join(folder, "other");
        },
        "in a folder behind such a link": (folder) => {
          mkdirSync(join(folder, "theirs"));
          symlinkSync(folder, join(folder, "theirs", "link"));
          chownSync(join(folder, "theirs"), uid, gid);
          return join(folder, "theirs", "link", "conf");
        },
        "that is a link of the user in a sticky folder": (folder) => {
          mkdirSync(join(folder, "sticky"));
          chmodSync(join(folder, "sticky"), 0o1777);
          symlinkSync("../conf", join(folder, "sticky", "link"));
          lchownSync(join(folder, "sticky", "link"), uid, gid);
          return join(folder, "sticky", "link");
        },
        "behind a link that leads to itself": (folder) => {
          symlinkSync("round", join(folder, "round"));
          return join(folder, "round", "conf");
        },
      };
      for (const [what, prepare] of Object.entries(CONFIGS)) {
        test(`a configuration ${what} is refused`, async (t) => {
          const { script, port } = await installed(t);
          const folder = join(script.folder, "settings");
          mkdirSync(folder);
          writeFileSync(join(folder, "conf"), `[host]\nport=${port}\n`);
          script.configure({ RUN_AS: "nobody", CONFIG: prepare(folder) });
          await assertRefused(
            script,
            6,
            /not safe: nobody \(RUN_AS\) could change or replace \S+ \(CONFIG\), since .* root/,
          );
        });
      }

      test("a configuration of root behind links of root, in a sticky folder, of another group, is taken", async (t) => {
        const { script, port } = await installed(t);
        const folder = join(script.folder, "sticky");
        mkdirSync(join(folder, "in"), { recursive: true });
        chmodSync(folder, 0o1777);
        writeFileSync(join(folder, "in", "conf"), `[host]\nport=${port}\n`);
        chmodSync(join(folder, "in", "conf"), 0o664);
        chmodSync(join(folder, "in"), 0o775);
        symlinkSync("in/../in/./conf", join(folder, "link"));
        script.configure({ RUN_AS: "nobody", CONFIG: join(folder, "link") });
        await script.assertRunning(await script.start(), port);
      });

      for (const variable of ["PIDFILE", "ERRFILE"]) {
        test(`${variable} in a folder of the user is refused, and no link there is followed`, async (t) => {
          const { script, port } = await installed(t);
          const folder = join(script.folder, "theirs");
          mkdirSync(folder);
          chownSync(folder, uid, gid);
          const fresh = join(script.etc, "fresh");
          symlinkSync(fresh, join(folder, "link"));
          script.configure({ PORT: String(port), RUN_AS: "nobody", [variable]: join(folder, "link") });
          await assertRefused(script, 6, new RegExp(`could change or replace \\S+ \\(${variable}\\)`));
          assert.ok(!existsSync(fresh));
        });
      }

      test("a link in place of the log gives the user nothing", async (t) => {
        const { script, port } = await installed(t);
        script.configure({ PORT: String(port), RUN_AS: "nobody", ERRFILE: join(script.folder, "run", "err") });
        chownSync(join(script.folder, "log"), uid, gid);
        const secret = secretOf(script);
        for (const target of [secret, join(script.folder, "new")]) {
          rmSync(script.log, { force: true });
          symlinkSync(target, script.log);
          await assertRefused(script, 4, /nobody cannot write log file/);
        }
        assert.equal(statSync(secret).uid, 0);
        assert.ok(!existsSync(join(script.folder, "new")));
      });

      test("a log is created for the user in no folder of his: he could replace it meanwhile", async (t) => {
        const { script, port } = await installed(t);
        script.configure({ PORT: String(port), RUN_AS: "nobody", ERRFILE: join(script.folder, "run", "err") });
        chownSync(join(script.folder, "log"), uid, gid);
        chmodSync(join(script.folder, "log"), 0o555);
        await assertRefused(script, 4, /nobody cannot write log file/);
        assert.ok(!existsSync(script.log));
      });

      test("a user who is not root can run it for himself", async (t) => {
        const { script, port } = await installed(t, { RUN_AS: "nobody" });
        handOver(script);
        const pid = await script.start("start", { uid, gid });
        await script.assertRunning(pid, port);
        assert.deepEqual(userIds(pid), Array(4).fill(String(uid)));
        const next = await script.start("restart", { uid, gid });
        assert.ok(isGone(pid));
        assert.equal((await script.run("stop", { uid, gid })).status, 0);
        await script.assertStopped(next, port);
      });

      test("a user who is not root cannot start it as another", async (t) => {
        const { script } = await installed(t, { RUN_AS: "root" });
        handOver(script);
        const { status, stderr } = await script.run("start", { uid, gid });
        assert.equal(status, 4);
        assert.match(stderr, /only root can start it as root \(RUN_AS\), and this is nobody/);
        await script.assertNothingLeft();
      });

      test("a user who is not root can ask for root's daemon, but not stop it", async (t) => {
        const { script, port } = await installed(t);
        const pid = await script.start();
        const status = await script.run("status", { uid, gid });
        assert.deepEqual(status, { status: 0, stdout: `sockproxyd: running, pid ${pid}\n`, stderr: "" });
        for (const action of ["stop", "reload", "uninstall"]) {
          const { status, stderr } = await script.run(action, { uid, gid });
          assert.equal(status, 4, action);
          assert.match(stderr, /not permitted/);
        }
        assert.ok(existsSync(script.script));
        await script.assertRunning(pid, port);
      });

      test("a pid file that cannot be read is no answer", async (t) => {
        const { script } = await installed(t);
        writeFileSync(script.pidFile, "1\n", { mode: 0o600 });
        for (const action of ["status", "start", "stop"]) {
          assert.equal((await script.run(action, { uid, gid })).status, 4, action);
        }
      });
    });
  });
}

test("init-script.sh: where another process has taken over by hand, status and stop mean that one", async (t) => {
  const script = new Installation(["sh"]);
  t.after(() => script.remove());
  const port = await freePort();
  script.configure({ ADDRESS: "127.0.0.1", PORT: String(port) });
  const first = await script.start();
  const { client: held } = await greet(port); // keeps the process there that has accepted it
  t.after(() => held.destroy());
  const upgrade = () => spawnSync(process.execPath, [MAIN, "upgrade", `127.0.0.1:${port}`], { encoding: "utf8" });
  const second = Number(/process (\d+):/.exec(upgrade().stdout)?.[1]);
  assert.ok(!isGone(first), "the first process still has a client");
  assert.equal((await script.run("status")).stdout, `sockproxyd: running, pid ${second}\n`);
  held.destroy();
  await until(() => isGone(first), "the end of the first process");
  const third = Number(/process (\d+):/.exec(upgrade().stdout)?.[1]);
  await until(() => isGone(second), "the end of the second process");
  assert.equal((await script.run("stop")).status, 0);
  await script.assertStopped(third, port);
});

test("init-script.sh: shellcheck finds nothing", { skip: missing("shellcheck") }, () => {
  const { status, stdout } = spawnSync("shellcheck", ["-s", "sh", SCRIPT], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});

test("init-script.sh: what an init system reads", () => {
  const text = readFileSync(SCRIPT, "utf8");
  assert.ok(text.startsWith("#!/bin/sh\n"));
  const header = /^### BEGIN INIT INFO\n((?:#.*\n)*)### END INIT INFO\n/m.exec(text)?.[1] ?? "";
  const fields = new Map(
    [...header.matchAll(/^# ([\w-]+): +(.*)$/gm)].map(([, field = "", value = ""]) => [field, value]),
  );
  assert.equal(fields.get("Provides"), "sockproxyd");
  assert.equal(fields.get("Required-Start"), "$network $local_fs $remote_fs");
  assert.equal(fields.get("X-Start-Before"), "openluup");
  assert.equal(fields.get("Default-Start"), "2 3 4 5");
  assert.equal(fields.get("Default-Stop"), "0 1 6");
  assert.ok(fields.get("Short-Description"));
  assert.ok(fields.get("Description"));
  assert.equal(statSync(SCRIPT).mode & 0o111, 0o111, "it is not executable");
});
