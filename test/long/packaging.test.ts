import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { Machine, noMachine } from "../support/machine.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

// What packaging/ has for Docker, Home Assistant and OpenWrt: there is none of them here, so their files are read, and every command line in them runs.

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const BUNDLE = "usr/lib/sockproxyd/sockproxyd.cjs";

const folder = mkdtempSync(join(tmpdir(), "sockproxyd-packaging-"));
const clean = (): void => rmSync(folder, { recursive: true, force: true });
after(clean);
// So the test runner ends a file that takes too long: without its hooks. The machines end with this process.
process.once("SIGTERM", () => {
  clean();
  process.exit(1);
});

async function machine(context: TestContext): Promise<Machine> {
  const made = await Machine.boot("sysvinit", folder);
  context.after(() => made.stop());
  return made;
}

function packaging(name: string): string {
  return readFileSync(join(ROOT, "packaging", name), "utf8");
}

/** The instructions of a Dockerfile, as [INSTRUCTION, the rest]. */
function instructions(text: string): [string, string][] {
  const lines = text
    .replace(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [word = "", rest = ""] = line.split(/\s+(.*)/);
    return [word, rest];
  });
}

function instruction(text: string, word: string): string {
  return instructions(text).findLast(([name]) => name === word)?.[1] ?? "";
}

/** Runs what an image for Alpine runs while it is made; packages are there already. */
async function runAsAlpine(made: Machine, dockerfile: string): Promise<void> {
  const programs =
    "for name in adduser addgroup; do ln -sf /bin/busybox /alpine/$name; done; printf '#!/bin/sh\\n' >/alpine/apk; chmod +x /alpine/apk";
  await made.must(`mkdir -p /alpine && ${programs}`);
  const run = instruction(dockerfile, "RUN");
  assert.match(run, /addgroup/);
  // The busybox of Debian has neither adduser nor addgroup; those of Debian take the same users by other words.
  await made.must(`addgroup() { groupadd --system --gid "$3" "$4"; }
    adduser() { useradd --system --no-create-home --uid "$5" --gid "$7" "$8"; }
    apk() { :; }
    ${run}`);
}

test("the image for Docker: made of the files it is given, run without rights", {
  skip: noMachine(),
}, async (context) => {
  const dockerfile = packaging("docker/Dockerfile");
  for (const [word] of instructions(dockerfile))
    assert.ok(/^(FROM|WORKDIR|COPY|RUN|USER|EXPOSE|ENTRYPOINT|CMD|HEALTHCHECK)$/.test(word), word);

  // The files that .dockerignore lets in are enough for what `npm ci` runs.
  const source = join(folder, "src");
  const allowed = packaging("docker/Dockerfile.dockerignore").match(/(?<=^!).*$/gm) ?? [];
  for (const name of [...allowed, "dist"]) // what is compiled is not compiled again
    cpSync(join(ROOT, name), join(source, name), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(ROOT, "node_modules"), join(source, "node_modules"));
  execFileSync("node", ["scripts/prepare.mjs"], { cwd: source, env: { ...process.env, npm_command: "ci" } });

  const made = await machine(context);
  for (const [, rest] of instructions(dockerfile).filter(
    ([word, rest]) => word === "COPY" && rest.startsWith("--from=build"),
  )) {
    const [, from = "", to = ""] = rest.split(" ");
    await made.must(`mkdir -p $(dirname ${to}) && cp ${from.replace("/src", "/packages/src")} ${to}`);
  }
  await runAsAlpine(made, dockerfile);
  await made.must(
    "mkdir -p /etc/sockproxyd && printf '[direct a]\\nlisten=2600\\ntarget=10.0.0.9:80\\n' >/etc/sockproxyd/sockproxyd.conf",
  );

  // Process 1 of namespaces of its own, on a file system that nobody can write.
  const user = instruction(dockerfile, "USER");
  const words = [
    ...JSON.parse(instruction(dockerfile, "ENTRYPOINT")),
    ...JSON.parse(instruction(dockerfile, "CMD")),
  ].join(" ");
  const drop = `setpriv --reuid ${user} --regid ${user} --clear-groups --no-new-privs --bounding-set -all --inh-caps -all`;
  const readOnly = "mount -o remount,bind,ro / && umount -l /tmp && exec";
  await made.must(
    `setsid unshare --mount --pid --fork --mount-proc sh -c '${readOnly} ${drop} ${words}' >/tmp/log 2>&1 </dev/null & echo $! >/tmp/pid`,
  );
  await until(async () => (await made.run("nc -z 127.0.0.1 2504")).status === 0, "the daemon to listen");
  await until(
    async () => (await made.run("grep -q started /tmp/log && nc -z 127.0.0.1 2600")).status === 0,
    "both ports",
  );

  const health = JSON.parse(/CMD (\[.*\])$/.exec(instruction(dockerfile, "HEALTHCHECK"))?.[1] ?? "").join(" ");
  await made.must(health);

  // As Docker sends signals: to process 1.
  const first = "$(cat /proc/$(cat /tmp/pid)/task/*/children)";
  await made.must(`sed -i s/2600/2601/ /etc/sockproxyd/sockproxyd.conf && kill -HUP ${first}`);
  await until(async () => (await made.run("nc -z 127.0.0.1 2601")).status === 0, "the new port");
  await made.must(`kill -TERM ${first}`);
  await until(async () => (await made.run("grep -q stopped /tmp/log")).status === 0, "the daemon to stop");
  assert.notEqual((await made.run(health)).status, 0);
});

test("the file for Docker Compose builds that image, and confines it", () => {
  const { services } = parse(packaging("docker/compose.yaml"));
  const { build, read_only, cap_drop, security_opt, volumes } = services.sockproxyd;
  assert.equal(
    readFileSync(join(ROOT, "packaging/docker", build.context, build.dockerfile), "utf8"),
    packaging("docker/Dockerfile"),
  );
  assert.deepEqual([read_only, cap_drop, security_opt], [true, ["ALL"], ["no-new-privileges:true"]]);
  const [, inside = ""] = volumes[0].split(":");
  assert.ok(instruction(packaging("docker/Dockerfile"), "CMD").includes(`"${inside}/sockproxyd.conf"`));
});

/** The keys of docs/apps/configuration.md of developers.home-assistant.io. */
const APP_KEYS =
  "name version slug description arch machine url startup webui boot ports ports_description host_network host_ipc host_dbus host_pid host_uts " +
  "devices homeassistant hassio_role hassio_api homeassistant_api docker_api privileged full_access apparmor map environment audio video gpio usb uart " +
  "udev devicetree kernel_modules stdin legacy options schema image timeout tmpfs discovery services auth_api ingress ingress_port ingress_entry " +
  "ingress_stream panel_icon panel_title panel_admin backup backup_pre backup_post backup_exclude advanced stage init watchdog realtime journald " +
  "breaking_versions ulimits";
/** A type of the schema, as the Supervisor reads it. */
const APP_TYPE = /^(bool|email|url|port|(str|password|int|float)(\(\d*,\d*\))?|match\(.*\)|list\(.+\))\??$/;

test("the app for Home Assistant: its page is there for the ingress, and for nobody else", {
  skip: noMachine(),
}, async (context) => {
  execFileSync("node", ["scripts/home-assistant.mjs", "--built", "--to", folder], { cwd: ROOT });
  const app = join(folder, "sockproxyd");
  const manifest = parse(readFileSync(join(app, "config.yaml"), "utf8"));
  for (const key of Object.keys(manifest)) assert.ok(APP_KEYS.split(" ").includes(key), key);
  assert.match(manifest.version, /^\d+\.\d+\.\d+/);
  const types = Object.values(manifest.schema).flatMap((type) => (Array.isArray(type) ? type : [type]));
  for (const type of types.flatMap((type) => (typeof type === "object" ? Object.values(type) : [type])))
    assert.match(type, APP_TYPE);

  const made = await machine(context);
  await runAsAlpine(made, readFileSync(join(app, "Dockerfile"), "utf8"));
  await made.must(
    "mkdir -p /usr/lib/sockproxyd /data /config && cd /packages/sockproxyd && cp sockproxyd.cjs options.mjs /usr/lib/sockproxyd/ && cp run.sh /",
  );
  const options = {
    ...manifest.options,
    allowed_clients: ["10.0.0.0/8"],
    devices: [{ name: "inverter", listen: "5020", target: "10.0.0.9:502", protocol: "modbus", options: "cache=500ms" }],
  };
  writeFileSync(join(folder, "options.json"), JSON.stringify(options));
  await made.must(
    "install -m 600 /packages/options.json /data/options.json && printf '[direct extra]\\nlisten=5021\\ntarget=10.0.0.9:80\\n' >/config/sockproxyd.conf",
  );
  await made.must("for last in 1 2 3; do ip addr add 172.30.32.$last/23 dev lo; done");

  await made.must("setsid /run.sh >/tmp/log 2>&1 </dev/null & echo $! >/tmp/pid");
  await until(async () => (await made.run("grep -q started /tmp/log")).status === 0, "the start");
  assert.equal(await made.must("stat -c %U /proc/$(cat /tmp/pid)"), "sockproxyd\n");
  await made.must("nc -z 127.0.0.1 2504 && nc -z 127.0.0.1 5020 && nc -z 127.0.0.1 5021");

  const asked =
    "-H 'Host: homeassistant.local:8123' -H 'X-Ingress-Path: /api/hassio_ingress/0b7c' -H 'X-Forwarded-For: 192.168.0.7, 172.30.32.1' --silent";
  const page = `http://172.30.32.1:${manifest.ingress_port}`;
  assert.match(await made.must(`curl --fail --interface 172.30.32.2 ${asked} ${page}/`), /<title>/);
  const { muxes } = JSON.parse(await made.must(`curl --fail --interface 172.30.32.2 ${asked} ${page}/status`));
  assert.equal(muxes[0].name, "inverter");
  const messages = await made.run(`curl --include --interface 172.30.32.2 ${asked} --max-time 1 ${page}/messages`);
  assert.match(messages.output, /^HTTP\/1.1 200 /); // and then it waits for messages
  const { status } = await made.run(`curl --fail --interface 172.30.32.3 ${asked} ${page}/`);
  assert.notEqual(status, 0, "another app reads the page");

  writeFileSync(join(folder, "options.json"), JSON.stringify({ ...options, luup_url: "http://hub\n[web]" }));
  const refused = await made.run("install -m 600 /packages/options.json /data/options.json && /run.sh");
  assert.equal(refused.status, 2);
  assert.match(refused.output, /^sockproxyd: the options cannot be used: "vera=[^\n]*\n$/);

  await made.must("kill -TERM $(cat /tmp/pid)");
  await until(async () => (await made.run("grep -q stopped /tmp/log")).status === 0, "the stop");
});

const SERVICE = "packaging/openwrt/sockproxyd.init";

test("the service of OpenWrt is a script of its shell", { skip: missing("busybox", "shellcheck") }, () => {
  for (const [program = "", ...args] of [
    ["busybox", "ash", "-n", SERVICE],
    ["shellcheck", SERVICE],
  ]) {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: ROOT, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  }
});

test("the service of OpenWrt starts the daemon", { skip: noMachine() || missing("busybox") }, async (context) => {
  mkdirSync(join(folder, "openwrt"), { recursive: true });
  cpSync(join(ROOT, SERVICE), join(folder, "openwrt/sockproxyd"));
  cpSync(join(ROOT, "build/sockproxyd.cjs"), join(folder, "openwrt/sockproxyd.cjs"));
  const made = await machine(context);
  await made.must(`mkdir -p $(dirname /${BUNDLE}) && cp /packages/openwrt/sockproxyd.cjs /${BUNDLE}`);
  // What procd would be told, as files; functions of /lib/functions.sh, by the programs of this system.
  const stubs = `
    group_exists() { getent group "$1" >/dev/null; }
    group_add() { groupadd --system --gid "$2" "$1"; }
    user_exists() { getent passwd "$1" >/dev/null; }
    user_add() { useradd --system --no-create-home --uid "$2" --gid "$3" --comment "$4" --home-dir "$5" "$1"; }
    procd_open_instance() { :; }
    procd_set_param() { key=$1; shift; echo "$key=$*" >>/tmp/instance; [ "$key" != command ] || printf '%s\\0' "$@" >/tmp/command; }
    procd_close_instance() { touch /tmp/closed; }
    procd_send_signal() { echo "$@" >/tmp/signal; }`;
  const call = (name: string): string =>
    `cat >/tmp/stubs <<'END'\n${stubs}\nEND\nbusybox ash -euc '. /tmp/stubs; . /packages/openwrt/sockproxyd; ${name}'`;
  await made.must(call("start_service"));
  await made.must(call("start_service; reload_service")); // a second time: the user is there
  await made.must("test -e /tmp/closed");
  assert.match(await made.must("cat /tmp/instance"), /^user=sockproxyd$/m);
  assert.equal(await made.must("cat /tmp/signal"), "sockproxyd * HUP\n");
  assert.match(await made.must(call("check")), /^\[host\]$/m);

  await made.must(
    "setsid xargs -0 setpriv --reuid sockproxyd --regid sockproxyd --clear-groups -- </tmp/command >/tmp/log 2>&1 & true",
  );
  await until(async () => (await made.run("nc -z 127.0.0.1 2504")).status === 0, "the daemon to listen");
});
