import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Machine, noMachine, noSystemd } from "../support/machine.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

// The package of `npm run deb`, installed, upgraded and removed for real: on machines that exist in memory.

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
const OLD = "0.9.0";
/** Versions that can hand over: one is the next of the other. */
const [FORMER, LATTER] = ["1.98.0", "1.99.0"];
const EPOCH = "1800000000";
const CONF = "/etc/sockproxyd.conf";

const folder = mkdtempSync(join(tmpdir(), "sockproxyd-deb-test-"));
const clean = (): void => rmSync(folder, { recursive: true, force: true });
after(clean);
// So the test runner ends a file that takes too long: without its hooks. The machines end with this process.
process.once("SIGTERM", () => {
  clean();
  process.exit(1);
});
const noDpkg = missing("dpkg-deb");
if (noDpkg === false) {
  build(folder);
  makeOld();
  for (const version of [FORMER, LATTER]) makeVersion(version);
  cpSync(join(ROOT, "build/sockproxyd.cjs"), join(folder, "sockproxyd.cjs"));
}

function build(to: string): void {
  const env = { ...process.env, SOURCE_DATE_EPOCH: EPOCH };
  execFileSync("node", ["scripts/deb.mjs", "--built", "--to", to], { cwd: ROOT, env });
}

function deb(version = VERSION): string {
  return join(folder, `sockproxyd_${version}_all.deb`);
}

/** An older version, whose configuration file had other words. */
function makeOld(): void {
  const tree = join(folder, "old");
  execFileSync("dpkg-deb", ["-R", deb(), tree]);
  const control = readFileSync(join(tree, "DEBIAN/control"), "utf8");
  writeFileSync(join(tree, "DEBIAN/control"), control.replace(/^Version: .*$/m, `Version: ${OLD}`));
  appendFileSync(join(tree, CONF), "; words of an older version\n");
  execFileSync("dpkg-deb", ["--root-owner-group", "-b", tree, deb(OLD)]);
}

/** The same package with another version. */
function makeVersion(version: string): void {
  const tree = join(folder, version);
  execFileSync("dpkg-deb", ["-R", deb(), tree]);
  const control = readFileSync(join(tree, "DEBIAN/control"), "utf8");
  writeFileSync(join(tree, "DEBIAN/control"), control.replace(/^Version: .*$/m, `Version: ${version}`));
  execFileSync("dpkg-deb", ["--root-owner-group", "-b", tree, deb(version)]);
}

async function machine(context: TestContext, init: "systemd" | "sysvinit"): Promise<Machine> {
  const made = await Machine.boot(init, folder);
  context.after(() => made.stop());
  if (init === "sysvinit")
    await made.must("printf '#!/bin/sh\\necho N 2\\n' >/sbin/runlevel && chmod +x /sbin/runlevel");
  return made;
}

/** On a machine that is busy with other tests, the init script has to wait longer. */
const PATIENT = "[ -e /etc/default/sockproxyd ] || echo START_SECONDS=60 >/etc/default/sockproxyd";

/** Installs the package without a question, and returns what is printed. */
function install(made: Machine, version = VERSION): Promise<string> {
  return made.must(`${PATIENT}; dpkg -i --force-confold /packages/sockproxyd_${version}_all.deb`);
}

/** What the daemon on a port of the machine says of itself. */
async function status(made: Machine, port = 2504): Promise<{ readonly pid: number }> {
  const output = await made.must(`printf 'STAT JSON\\nQUIT\\n' | nc -w 10 127.0.0.1 ${port}`);
  return JSON.parse(output.split("\n")[1] ?? "") as { pid: number };
}

/** The pid of the daemon that has taken the place of another one. */
async function successor(made: Machine, pid: number, port = 2504): Promise<number> {
  let now = pid;
  await until(async () => {
    now = await status(made, port).then(
      ({ pid }) => pid,
      () => pid,
    );
    return now !== pid;
  }, `another daemon on port ${port}`);
  return now;
}

async function userOf(made: Machine, pid: number): Promise<string> {
  return (await made.must(`stat -c %U /proc/${pid}`)).trim();
}

/** Files of the package, its user or its traces. */
const LEFT =
  "{ find /etc /usr /var /run -name '*sockproxyd*' | sort; getent passwd sockproxyd; getent group sockproxyd; } || true";

test("two builds write the same package", { skip: noDpkg }, () => {
  const again = join(folder, "again");
  mkdirSync(again);
  const umask = process.umask(0o077);
  build(again);
  process.umask(umask);
  const [name = ""] = readdirSync(again);
  const sum = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
  assert.equal(sum(join(again, name)), sum(deb()));
});

test("lintian finds nothing wrong", { skip: noDpkg || missing("lintian") }, () => {
  const args = ["--allow-root", "--fail-on", "error,warning", deb()];
  const { status: code, stdout, stderr } = spawnSync("lintian", args, { encoding: "utf8" });
  assert.equal(code, 0, stdout + stderr);
});

test("the shells read what is meant for them", { skip: noDpkg || missing("shellcheck") }, () => {
  const tree = join(folder, "old");
  const scripts = ["usr/bin/sockproxyd", "usr/lib/sockproxyd/node", "DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm"];
  for (const name of scripts) {
    const { status: code, stdout } = spawnSync("shellcheck", [join(tree, name)], { encoding: "utf8" });
    assert.equal(code, 0, stdout);
  }
});

test("installed, upgraded, removed and purged with an init script", {
  skip: noDpkg || noMachine(),
}, async (context) => {
  const made = await machine(context, "sysvinit");
  const before = await made.must(LEFT);

  await install(made, OLD);
  const { pid } = await status(made);
  assert.equal(await userOf(made, pid), "sockproxyd");
  assert.equal((await made.must(`stat -c '%a %U %G' ${CONF}`)).trim(), "640 root sockproxyd");
  assert.match(await made.must("sockproxyd --version"), /\d+\.\d+\.\d+/);
  assert.match(await made.must("ls /etc/rc2.d /etc/rc6.d"), /S\d\dsockproxyd\n[\s\S]*K\d\dsockproxyd\n/);

  await made.must("logrotate -f /etc/logrotate.d/sockproxyd");
  await until(async () => {
    await status(made);
    return (
      (await made.run("cd /var/log/sockproxyd && grep -q opened sockproxyd.log && test -e sockproxyd.log.1")).status ===
      0
    );
  }, "the new log to have a line");

  // The administrator and the new version have both changed the configuration: dpkg asks, the answer is to keep it.
  await made.must(`printf '[host]\\nport=2600\\n' >${CONF}`);
  const upgraded = await made.must(`dpkg -i /packages/sockproxyd_${VERSION}_all.deb`, "N\n");
  assert.match(upgraded, /Configuration file '\/etc\/sockproxyd.conf'\n ==> Modified/);
  const later = await status(made, 2600);
  assert.notEqual(later.pid, pid);
  assert.equal((await made.must(`stat -c '%a %U %G' ${CONF}`)).trim(), "640 root sockproxyd");

  await made.must("dpkg -r sockproxyd");
  assert.notEqual((await made.run("nc -w 10 127.0.0.1 2600 </dev/null")).status, 0, "it listens on");
  assert.match(await made.must(`cat ${CONF}`), /port=2600/);
  const orphan = await made.run("/etc/init.d/sockproxyd start");
  assert.equal(orphan.status, 5, orphan.output);

  await install(made);
  await status(made, 2600);
  await made.must("dpkg -P sockproxyd");
  assert.notEqual((await made.run("nc -w 10 127.0.0.1 2600 </dev/null")).status, 0, "it listens on");
  assert.equal(await made.must(LEFT), before);
});

test("a machine without Node.js is told in one sentence", { skip: noDpkg || noMachine() }, async (context) => {
  const made = await machine(context, "sysvinit");
  await made.must("mkdir /nodes && mv $(command -v node) /nodes/node; ! command -v node || rm -f $(command -v node)");
  const installed = await install(made);
  assert.match(
    installed,
    /^sockproxyd: Node.js [\d.]+ or later is needed, .*; there is none\nsockproxyd: not started; .*service sockproxyd start$/m,
  );

  await made.must("printf '#!/bin/sh\\necho v18.20.4\\n' >/usr/bin/node && chmod 755 /usr/bin/node");
  const old = await made.run("sockproxyd --version");
  assert.equal(old.status, 2);
  assert.match(old.output, /^sockproxyd: Node.js [\d.]+ or later is needed, .*; \/usr\/bin\/node is 18\.20\.4\n$/);

  for (const place of ["/opt/node-v24/bin", "/usr/local/lib/node24/node_modules/node/bin", "/usr/local/bin"]) {
    await made.must(`mkdir -p ${place} && cp /nodes/node ${place}/node`);
    assert.match(await made.must("cd / && sockproxyd --version"), /\d+\.\d+\.\d+/, place);
    await made.must(place === "/usr/local/bin" ? "true" : `rm ${place}/node`);
  }
  await made.must("service sockproxyd start");
  // An upgrade of one that was told so restarts it, and nothing else is to be said; nor where the settings name a Node.js.
  assert.doesNotMatch(await install(made), /^sockproxyd: not/m);
  const { pid } = await status(made);
  await made.must("rm /usr/local/bin/node && echo NODE=/nodes/node >>/etc/default/sockproxyd");
  assert.doesNotMatch(await install(made), /^sockproxyd: not/m);
  await successor(made, pid);
});

test("the configuration of an earlier installation is kept", { skip: noDpkg || noMachine() }, async (context) => {
  const made = await machine(context, "sysvinit");
  await made.must(`printf '[host]\\nport=2600\\n' >${CONF} && chmod 600 ${CONF}`);
  await made.must("useradd --create-home sockproxyd"); // one that is no user of the system serves, too, and stays
  await made.must(PATIENT);
  await made.must(`dpkg -i /packages/sockproxyd_${VERSION}_all.deb`, "N\nN\n");
  await status(made, 2600);
  assert.equal((await made.must(`stat -c '%a %U %G' ${CONF}`)).trim(), "640 root sockproxyd");
  await made.must("dpkg -P sockproxyd && getent passwd sockproxyd && test -d /home/sockproxyd");
});

test("the unit serves a program elsewhere, too", { skip: noDpkg || noSystemd() }, async (context) => {
  const made = await machine(context, "systemd");
  // As docs/install.md says for the package of npm.
  await made.must(
    "useradd --system sockproxyd && cp /packages/sockproxyd.cjs /usr/local/bin/sockproxyd && chmod 755 /usr/local/bin/sockproxyd",
  );
  const place = "s|/usr/bin/sockproxyd|$(command -v sockproxyd)|";
  await made.must(
    `sed "${place}" /packages/old/usr/lib/systemd/system/sockproxyd.service >/etc/systemd/system/sockproxyd.service`,
  );
  await made.must("systemctl enable --now sockproxyd");
  const { pid } = await status(made);
  assert.equal(await userOf(made, pid), "sockproxyd");
});

test("nothing starts where nothing may, and nothing runs on", { skip: noDpkg || noMachine() }, async (context) => {
  const made = await machine(context, "sysvinit");
  const before = await made.must(LEFT);
  await made.must("mv /sbin/runlevel /tmp"); // neither systemd nor sysvinit: a folder that is being made a system
  await install(made);
  assert.notEqual((await made.run("nc -z 127.0.0.1 2504")).status, 0);
  await made.must("dpkg -P sockproxyd && mv /tmp/runlevel /sbin");

  await made.must("printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d"); // as containers have it
  await install(made);
  assert.notEqual((await made.run("nc -z 127.0.0.1 2504")).status, 0);
  await made.must("service sockproxyd start && dpkg -P sockproxyd");
  assert.notEqual((await made.run("nc -z 127.0.0.1 2504")).status, 0);
  assert.equal(await made.must(LEFT), before);
});

test("with systemd it is confined, and runs", { skip: noDpkg || noSystemd() }, async (context) => {
  const made = await machine(context, "systemd");
  await made.must(
    `printf '%s\\n' '[host]' port=2600 '[web]' port=80 '[direct]' '[direct page]' listen=81 target=127.0.0.1:8099 monitor=hex monitor-file=/var/log/sockproxyd/monitor.log >${CONF}`,
  );
  await install(made, OLD);
  assert.equal((await made.run("systemctl is-active sockproxyd")).output, "active\n");
  const { pid } = await status(made, 2600);
  assert.equal(await userOf(made, pid), "sockproxyd");
  const rights = await made.must(`grep -E '^(Cap(Eff|Bnd)|NoNewPrivs|Seccomp):' /proc/${pid}/status`);
  assert.match(rights, /^CapEff:\s+0000000000000400\nCapBnd:\s+0000000000000400\nNoNewPrivs:\s+1\nSeccomp:\s+2\n$/);

  // A port below 1024, and a file of messages.
  await made.must(
    `setsid node -e 'require("net").createServer((peer) => peer.on("error", () => {}).end("hello")).listen(8099)' >/dev/null 2>&1 </dev/null &`,
  );
  await made.must("for _ in $(seq 300); do nc -z 127.0.0.1 8099 && exit; sleep 0.1; done; exit 1");
  assert.equal(await made.must("nc -N 127.0.0.1 81 </dev/null"), "hello");
  await made.must("for _ in $(seq 300); do test -s /var/log/sockproxyd/monitor.log && exit; sleep 0.1; done; exit 1");

  await made.must(`sed -i s/port=80/port=82/ ${CONF} && systemctl reload sockproxyd`);
  await made.must(
    "for _ in $(seq 300); do curl --silent --fail http://127.0.0.1:82/status && exit; sleep 0.1; done; exit 1",
  );
  assert.equal((await status(made, 2600)).pid, pid);

  // A mistake is told to who reloads.
  await made.must(`cp ${CONF} /tmp/right && echo nonsense >>${CONF}`);
  assert.notEqual((await made.run("systemctl reload sockproxyd")).status, 0);
  assert.match(await made.must("journalctl --no-pager -u sockproxyd"), /nonsense/);
  await made.must(`cat /tmp/right >${CONF} && systemctl reload sockproxyd`);
  assert.equal((await status(made, 2600)).pid, pid);

  await made.must(`kill -KILL ${pid}`);
  const second = await successor(made, pid, 2600);

  await install(made);
  await successor(made, second, 2600);

  // A log of its own, rotated.
  await made.must(
    `sed -i '/^port=2600/a log=/var/log/sockproxyd/sockproxyd.log' ${CONF} && systemctl restart sockproxyd`,
  );
  await made.must("logrotate -f /etc/logrotate.d/sockproxyd");
  await until(async () => {
    await status(made, 2600);
    return (await made.run("test -s /var/log/sockproxyd/sockproxyd.log")).status === 0;
  }, "the new log to have a line");
  assert.doesNotMatch(await made.must("journalctl --no-pager -u sockproxyd"), /service manager is not told/);

  // What a start does not mend is not started again.
  await made.must(`echo nonsense >>${CONF}`);
  assert.notEqual(
    (await made.run("systemctl restart sockproxyd; sleep 0.3; systemctl is-active sockproxyd")).output,
    "active\n",
  );
  assert.match(
    (await made.run("systemctl show -p Result -p NRestarts -p ExecMainStatus sockproxyd")).output,
    /ExecMainStatus=2\n/,
  );
  assert.equal((await made.run("systemctl is-failed sockproxyd")).output, "failed\n");

  await made.must("dpkg -P sockproxyd");
  assert.notEqual((await made.run("systemctl cat sockproxyd")).status, 0);
  assert.equal((await made.run("getent passwd sockproxyd")).output, "");
});

/** A device on the machine that counts on each connection, and a client of the daemon that hears it. */
const COUNTING = `
const net = require("node:net");
net.createServer((socket) => {
  let count = 0;
  setInterval(() => socket.write(count++ + "\\n"), 20);
}).listen(8099, "127.0.0.1", () => setTimeout(() => net.connect(8125, "127.0.0.1").pipe(require("node:fs").createWriteStream("/tmp/heard")), 10));
`;

/** What the client has heard is every number, once. @returns how many */
async function heard(made: Machine): Promise<number> {
  const lines = (await made.must("cat /tmp/heard")).split("\n").slice(0, -1);
  assert.deepEqual(
    lines,
    Array.from(lines, (_, index) => `${index}`),
  );
  return lines.length;
}

/** One that has ended may wait for a parent that never asks. */
async function isRunning(made: Machine, pid: number): Promise<boolean> {
  return (await made.run(`grep -q '^State:.[^ZX]' /proc/${pid}/status`)).status === 0;
}

for (const init of ["systemd", "sysvinit"] as const) {
  test(`an upgrade of the package under ${init} cuts no connection`, {
    skip: noDpkg || (init === "systemd" ? noSystemd() : noMachine()),
  }, async (context) => {
    const made = await machine(context, init);
    await made.must(`printf '%s\\n' '[direct]' 8125=127.0.0.1:8099 >${CONF}`);
    await install(made, FORMER);
    const { pid } = await status(made);
    writeFileSync(join(folder, "counting.cjs"), COUNTING);
    await made.must("setsid node /packages/counting.cjs >/dev/null 2>&1 </dev/null &");
    await until(async () => (await made.run("test -s /tmp/heard")).status === 0, "the client");
    const printed = await install(made, LATTER);
    assert.doesNotMatch(printed, /runs on|not started/);
    const second = await successor(made, pid);
    const before = await heard(made);
    await until(async () => (await heard(made)) > before + 5, "the device after the upgrade");
    await until(async () => !(await isRunning(made, pid)), "the end of the old process");
    assert.equal(await userOf(made, second), "sockproxyd");
    if (init === "systemd") {
      const shown = await made.must("systemctl show -p MainPID -p NRestarts -p ActiveState sockproxyd");
      assert.deepEqual(shown.trim().split("\n").sort(), ["ActiveState=active", `MainPID=${second}`, "NRestarts=0"]);
    } else assert.equal((await made.must("cat /run/sockproxyd.pid")).trim(), `${second}`);

    await made.must("service sockproxyd stop");
    assert.notEqual((await made.run("nc -z 127.0.0.1 2504")).status, 0);
    assert.equal(await isRunning(made, second), false);
  });
}

test("systemd opens a port, and starts a daemon again that stands still", {
  skip: noDpkg || noSystemd(),
}, async (context) => {
  const made = await machine(context, "systemd");
  await made.must(`dpkg -i /packages/sockproxyd_${VERSION}_all.deb`);
  await made.must("cp /usr/share/doc/sockproxyd/examples/sockproxyd.socket /etc/systemd/system/");
  await made.must("systemctl disable --now sockproxyd.service; systemctl enable --now sockproxyd.socket");
  assert.equal((await made.run("systemctl is-active sockproxyd.service")).output, "inactive\n");
  const { pid } = await status(made);
  const journal = "journalctl --no-pager -u sockproxyd";
  await until(
    async () => (await made.must(journal)).includes("of the service manager listens on"),
    "the line of the log",
  );

  const quick = "[Service]\\nWatchdogSec=2\\nTimeoutAbortSec=1\\nRestartSec=0\\n";
  await made.must(
    `mkdir -p /run/systemd/system/sockproxyd.service.d && printf '${quick}' >/run/systemd/system/sockproxyd.service.d/quick.conf`,
  );
  await made.must("systemctl daemon-reload && systemctl restart sockproxyd");
  const standing = await status(made);
  assert.notEqual(standing.pid, pid);
  await made.must(`kill -STOP ${standing.pid}`);
  await successor(made, standing.pid);
});

test("systemd finds its unit right, and well confined", { skip: noDpkg || noSystemd() }, async (context) => {
  const made = await machine(context, "sysvinit");
  await made.must(`dpkg -i /packages/sockproxyd_${VERSION}_all.deb`);
  assert.equal(await made.must("systemd-analyze verify /usr/lib/systemd/system/sockproxyd.service"), "");
  // 0 is safe, 100 is unsafe. The rest: executable memory for V8, the network, and one right.
  await made.must("systemd-analyze security --offline=yes --threshold=20 /usr/lib/systemd/system/sockproxyd.service");
});
