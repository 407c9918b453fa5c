import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { after, type TestContext, test } from "node:test";
import { serve } from "#src/cli/serve-command.js";
import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { Certificates } from "./support/certificates.js";
import { ConfigFile } from "./support/config.js";
import { MAIN, startDaemon } from "./support/daemon.js";
import { type Block, blocksOf, matchesShown, readPages } from "./support/documents.js";
import { freePort } from "./support/free-port.js";
import { Client, Device } from "./support/net.js";
import { missing } from "./support/peers.js";
import { Output } from "./support/shown.js";
import { until } from "./support/wait.js";

// What the documents show is what happens: command lines, dialogues and configurations run here, with ports and hosts of their own.

const ENDED_WITHIN_MS = 10_000;
const INSTALLED = "/usr/local/lib/sockproxyd/";

const blocks = readPages().flatMap(blocksOf);

/** The blocks with a role. A text that several pages show runs once. */
function withRole(role: string): Block[] {
  return [...new Map(blocks.filter(({ info }) => info === role).map((block) => [block.text, block])).values()];
}

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-docs-`);
after(() => rmSync(folder, { recursive: true, force: true }));

mkdirSync(`${folder}/bin`);
const shim = `#!/bin/sh
case "\${1:-}" in -*) set -- -p "$TEST_PORT" "$@" ;; esac
exec "${process.execPath}" "${MAIN}" "$@"
`;
writeFileSync(`${folder}/bin/sockproxyd`, shim);
chmodSync(`${folder}/bin/sockproxyd`, 0o755);

const device = await Device.open();
after(() => device.close());
const [muxPort, webPort] = [await freePort(), await freePort()];
const config = new ConfigFile(`
[mux inverter]
listen=${muxPort}
target=192.168.1.22:1502
protocol=modbus
[web]
port=${webPort}
[direct]
${await freePort()}=127.0.0.1:${device.port}
[tunnel]
${await freePort()}=EXPOSE 127.0.0.1:${await freePort()}>127.0.0.1:80
[device]
server=127.0.0.1:${await freePort()}
`);
const daemon = await startDaemon("-c", config.path);
after(() => daemon.stop("SIGKILL"));

/** What the documents call the ports and hosts of these tests. */
const PORTS: ReadonlyMap<string, string> = new Map([
  ["192.168.0.155:3232", `127.0.0.1:${device.port}`],
  ["10006", `${device.port}`],
  ["2504", `${daemon.port}`],
  ["5020", `${muxPort}`],
  ["8080", `${webPort}`],
]);

/** A text of the documents with the ports of these tests. */
function localized(text: string, map: ReadonlyMap<string, string>): string {
  let local = text.replaceAll(INSTALLED, `${resolve(".")}/`);
  for (const [shown, real] of map)
    local = local.replace(new RegExp(`\\b${shown.replaceAll(".", "\\.")}\\b`, "g"), real);
  return local;
}

/** The reverse of {@link localized}. */
function generalized(text: string): string {
  let general = text;
  for (const [shown, real] of PORTS) general = general.replaceAll(real, shown);
  return general;
}

function environment(port: number): NodeJS.ProcessEnv {
  const { PATH = "", ...env } = process.env;
  return { ...env, PATH: `${folder}/bin:${PATH}`, TEST_PORT: `${port}`, XDG_RUNTIME_DIR: folder };
}

/** Runs a shell script to its end. */
async function run(
  script: string,
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const cwd = mkdtempSync(`${folder}/run-`);
  const env = environment(await freePort());
  return new Promise((done) => {
    const options = { cwd, env, timeout: ENDED_WITHIN_MS };
    execFile("bash", ["-c", script], options, (error, stdout, stderr) => {
      done({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

for (const { at, text } of withRole("dialogue")) {
  test(`${at}: the dialogue`, async () => {
    const client = await Client.open(daemon.port);
    const lines = text.split("\n");
    if (lines[0]?.startsWith("<") !== true || !lines[0].includes("TOGGLEDBITS")) await client.line();
    let several = false; // lines that are not shown
    for (const line of lines) {
      const words = line.slice(2);
      if (line.startsWith("> ")) client.write(`${localized(words, PORTS)}\n`);
      else if (line === "…") several = true;
      else if (line === "(closed)") assert.equal(await client.rest(), "", at);
      else {
        assert.ok(line.startsWith("< "), `${at}: what is "${line}"?`);
        let got = generalized(await client.line());
        while (several && !matchesShown(got, words)) got = generalized(await client.line());
        several = false;
        assert.ok(matchesShown(got, words), `${at}: "${words}" is shown, "${got}" came`);
      }
    }
    client.destroy();
  });
}

for (const { at, text } of withRole("console")) {
  test(`${at}: commands and what they print`, { skip: missing("nc") }, async () => {
    for (const part of text.split(/^\$ /m).slice(1)) {
      const [command = "", ...shown] = part.replace(/\n$/, "").split("\n");
      const { stdout, stderr } = await run(localized(command, PORTS));
      const printed = generalized(stderr + stdout);
      assert.ok(matchesShown(printed, shown.join("\n")), `${at}: $ ${command}\n${printed}`);
    }
  });
}

for (const { at, text } of withRole("sh run")) {
  test(`${at}: commands that run to their end`, { skip: missing("openssl") || missing("curl") }, async () => {
    const { status, stderr } = await run(`set -eo pipefail\n${localized(text, PORTS)}`);
    assert.equal(status, 0, `${at}: ${stderr}`);
  });
}

/** Ports on which a program of the documents listens. */
const LISTENED = ["5020", "7000", "8023", "8080", "10001"];

for (const { at, text } of withRole("sh start")) {
  test(`${at}: a program that goes on`, async (t) => {
    for (const line of text.split("\n")) {
      const own = new Map<string, string>();
      for (const port of LISTENED) own.set(port, `${await freePort()}`);
      const child = await startInFolder(t, localized(commandOf(line), own));
      const errors = new Output(child.stderr as Readable);
      await errors.says(/ started/);
      child.kill("SIGTERM");
      await until(() => child.exitCode !== null, "the program to end", ENDED_WITHIN_MS);
      assert.equal(child.exitCode, 0, `${at}: ${errors.text}`);
    }
  });
}

for (const { at, text } of withRole("sh watch")) {
  test(`${at}: programs that watch the daemon`, async (t) => {
    for (const line of text.split("\n")) {
      const command = commandOf(line).replace(/ hub:/, " 127.0.0.1:");
      const child = await startInFolder(t, localized(command.replace(/watch$/, "watch 127.0.0.1:2504"), PORTS));
      await until(async () => (await status()).monitor.watchers === 1, `${at}: ${command}: a watcher`);
      child.kill("SIGINT");
      await until(async () => (await status()).monitor.watchers === 0, `${at}: ${command}: no watcher`);
    }
  });
}

/** A line of a shell without its comment. */
function commandOf(line: string): string {
  return line.replace(/ +#.*$/, "");
}

async function startInFolder(t: TestContext, command: string): Promise<ChildProcess> {
  const options = { cwd: mkdtempSync(`${folder}/start-`), env: environment(await freePort()) };
  const child = spawn("bash", ["-c", `exec ${command}`], options);
  t.after(() => child.kill("SIGKILL"));
  return child;
}

/** What the daemon tells of itself. */
async function status(): Promise<Pick<DaemonStatus, "monitor">> {
  return (await (await fetch(`http://127.0.0.1:${webPort}/status`)).json()) as DaemonStatus;
}

test("every configuration in the documents is a good one", { skip: missing("openssl") }, async () => {
  const certificates = new Certificates();
  after(() => certificates.remove());
  const { certificate, key } = certificates.make("documents");
  for (const { at, text } of withRole("ini")) {
    const files = text
      .replaceAll(/\/etc\/sockproxyd\/\w+\.pem/g, certificate)
      .replaceAll(/\/etc\/sockproxyd\/\w+\.key/g, key)
      .replaceAll("/var/log/", `${folder}/`);
    const checked = await serve(["-c", new ConfigFile(files).path, "--check"], () => {});
    assert.equal(checked.kind, "answer", `${at}: ${checked.kind === "wrong" ? checked.lines.join("\n") : ""}`);
  }
});

test("the documents name every key of STAT JSON and every metric", async () => {
  const page = readFileSync("docs/web-and-metrics.md", "utf8");
  for (const key of Object.keys(await status())) assert.match(page, new RegExp(`^\\| [^|]*\`${key}\``, "m"), key);
  const metrics = await (await fetch(`http://127.0.0.1:${webPort}/metrics`)).text();
  for (const [, name = ""] of metrics.matchAll(/^# HELP sockproxyd_(\S+)/gm)) {
    const isCounterOfMux = /^mux_.*_total$/.test(name);
    assert.ok(isCounterOfMux || page.includes(`\n| \`${name}\` |`), name);
  }
});

test("a text that differs from what is shown is noticed", () => {
  assert.ok(matchesShown("OK CONN 1a1f\n", "OK CONN …"));
  assert.ok(!matchesShown("ERR CONN 1a1f\n", "OK CONN …"));
  assert.ok(matchesShown("a\nb\nc\n", "a\n…\nc"));
  assert.ok(!matchesShown("a\nb\n", "a\n…\nc"));
  assert.ok(!matchesShown("a\n", "a\nb"));
});
