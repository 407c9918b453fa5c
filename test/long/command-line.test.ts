import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { REFERENCE } from "#src/core/config/reference.js";
import { Certificates } from "../support/certificates.js";
import { MAIN, startDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { Client, Device, reload } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-cli-`);
after(() => rmSync(folder, { recursive: true }));

/** Runs the program with arguments that make it end by itself. */
function run(...args: string[]): { status: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", timeout: 15_000 });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

let files = 0;

/** Writes a configuration file and returns its name. */
function file(text: string): string {
  files += 1;
  const path = `${folder}/${files}.conf`;
  writeFileSync(path, text);
  return path;
}

const wrong: [string, () => string[], number, RegExp][] = [
  ["an unknown option", () => ["-x"], 2, /-x/],
  ["an unknown long option", () => ["--frobnicate"], 2, /--frobnicate/],
  ["a stray word", () => ["-D", "hello"], 2, /unexpected argument "hello"/],
  ["an unknown command", () => ["hello"], 2, /unknown command "hello": status, .* or reverse-proxy is wanted; /],
  ["a letter too few in a command", () => ["tunel"], 2, /; did you mean tunnel\?; see --help/],
  ["letters that are swapped in an option", () => ["--chekc"], 2, /unknown option --chekc; did you mean --check\?/],
  ["a flag of a subcommand", () => ["mux", "--timout", "5"], 2, /unknown option --timout; did you mean --timeout\?/],
  [
    "a command of a subcommand",
    () => ["reverse-proxy", "sotp"],
    2,
    /start, stop or status is wanted; did you mean stop\?/,
  ],
  ["a side of a tunnel", () => ["tunnel", "devise"], 2, /server or device is wanted; did you mean device\?/],
  ["a device that is no address", () => ["mux", "-t", "hub"], 2, /--targetServer: bad target "hub"/],
  ["a value of a flag", () => ["mux", "--timeout", "soon"], 2, /bad --timeout "soon"/],
  ["nothing to listen on", () => ["-p", "0"], 2, /nothing to do: \[host\] port=0/],
  ["an optional configuration file that is no file", () => ["-c", "/", "--optional-config"], 2, /it is a folder/],
  ["a missing value", () => ["-p"], 2, /-p/],
  ["a port that is no number", () => ["-p", "abc"], 2, /-p: bad port "abc"/],
  ["a port out of range", () => ["-p", "70000"], 2, /-p: bad port "70000"/],
  ["an URL that is not http", () => ["-N", "ftp://hub"], 2, /-N: bad URL "ftp:\/\/hub"/],
  ["the same by -V", () => ["-V", "hub:3480"], 2, /-V: bad URL "hub:3480"/],
  ["a missing configuration file", () => ["-c", "/nowhere/x.conf"], 2, /\/nowhere\/x\.conf/],
  ["a log that cannot be written", () => ["-L", "/nowhere/x.log"], 2, /\/nowhere\/x\.log/],
  ["a wrong configuration file", () => ["-c", file("[host]\nprot=1\n")], 2, /\d\.conf:2: \[host\] prot: unknown key/],
];
for (const [what, args, status, message] of wrong) {
  test(`${what} ends it with status ${status} and one line on stderr`, () => {
    const done = run(...args());
    assert.equal(done.status, status, done.err);
    assert.match(done.err, /^sockproxyd: [^\n]+\n$/);
    assert.match(done.err, message);
    assert.equal(done.out, "");
  });
}

test("a port in use ends it with status 1, naming the port", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const done = run("-a", "127.0.0.1", "-p", String(address.port), "-L", `${folder}/log`);
  server.close();
  assert.equal(done.status, 1);
  assert.match(done.err, new RegExp(`^sockproxyd: [^\\n]*127\\.0\\.0\\.1:${address.port}[^\\n]*in use\\n$`));
});

test("all mistakes of a file are reported at once", () => {
  const done = run("-c", file("[host]\nport=x\nfoo=1\n[direct]\n8125=CONN\n8126=CONN h:1\n8126=CONN h:2\n[more]\n"));
  assert.equal(done.status, 2);
  assert.deepEqual(
    done.err
      .trim()
      .split("\n")
      .map((line) => /:(\d+): \[(\w+)\]/.exec(line)?.slice(1).join(" ")),
    ["2 host", "3 host", "5 direct", "7 direct", "8 more"],
  );
});

test("-c before or after another option decides who overrides whom", () => {
  const conf = file("[host]\nip=127.0.0.2\nport=2600\n");
  assert.match(run("-c", conf, "-a", "127.0.0.3", "--check").out, /^ip=127\.0\.0\.3$/m);
  assert.match(run("-a", "127.0.0.3", "-c", conf, "--check").out, /^ip=127\.0\.0\.2$/m);
  assert.match(run("-p", "2700", "-c", conf, "-p", "2800", "--check").out, /^port=2800$/m);
});

test("--check prints the effective settings, secrets masked, in the form of a file that means the same", () => {
  const conf = file("[host]\nvera=http://me:hush@hub:3480/x\ndebug\n[direct]\n8125=CONN m:25 NTFY=1/a/b\n");
  const done = run("-c", conf, "--check");
  assert.equal(done.status, 0);
  assert.match(done.out, /^vera=http:\/\/me:\*\*\*@hub:3480\/x$/m);
  assert.match(done.out, /^debug=true$/m);
  assert.match(done.out, /^8125=m:25 notify=1\/a\/b$/m);
  assert.doesNotMatch(done.out, /hush/);
  assert.equal(run("-c", file(done.out), "--check").out, done.out);
  const bad = run("--check", "-c", file("[host]\nport=x\n"));
  assert.equal(bad.status, 1);
  assert.match(bad.err, /bad port "x"/);
});

test("--check tells that the log cannot be written, and creates none", () => {
  const done = run("--check", "-L", "/nowhere/x.log");
  assert.equal(done.status, 1);
  assert.match(done.err, /^sockproxyd: cannot write log file \/nowhere\/x\.log: .*ENOENT/m);
  const path = `${folder}/checked.log`;
  assert.equal(run("--check", "-L", path).status, 0);
  assert.equal(existsSync(path), false);
});

test("a configuration file that may be missing counts as an empty one", () => {
  const path = `${folder}/later.conf`;
  const missing = run("-c", path, "--optional-config", "-a", "127.0.0.1", "--check");
  assert.equal(missing.status, 0);
  assert.equal(missing.err, `sockproxyd: configuration file ${path} is not there: it counts as an empty one\n`);
  writeFileSync(path, "[host]\nport=2600\n");
  const there = run("-c", path, "--optional-config", "-a", "127.0.0.1", "--check");
  assert.equal(there.err, "");
  assert.match(there.out, /^port=2600$/m);
});

test("a reload says when there is no configuration file", async () => {
  const daemon = await startDaemon();
  assert.equal(await reload(daemon.port), "OK RELD");
  await until(
    () =>
      /configuration read again \(RELD by 127\.0\.0\.1\): there is no configuration file, .* without -c$/m.test(
        daemon.log(),
      ),
    "the reload",
  );
  await daemon.stop();
});

test("-h and -v do the same as --help and --version", () => {
  assert.deepEqual(run("-h"), run("--help"));
  assert.deepEqual(run("-v"), run("--version"));
  assert.deepEqual(run("help"), run("--help"));
  assert.deepEqual(run("help", "mux"), run("mux", "--help"));
});

test("a direct port that is the proxy's own is refused", () => {
  assert.match(run("-p", "2600", "-c", file("[direct]\n2600=CONN h:1\n")).err, /\[direct\] 2600: /);
});

test("--help names every option, --version the version", () => {
  const help = run("--help");
  assert.equal(help.status, 0);
  for (const option of ["-c", "-a", "-p", "-L", "-N", "-V", "-D", "--check", "--version", "--help"]) {
    assert.match(help.out, new RegExp(`^  (-\\w, )?${option}\\b`, "m"));
  }
  assert.equal(run("--version").out, `sockproxyd ${JSON.parse(readFileSync("package.json", "utf8")).version}\n`);
});

test("the example file documents every key with its default, every option, and says nothing else", () => {
  const example = readFileSync("sockproxyd.conf.example", "utf8");
  const lists = example.split(/^; of (?=\S.*:$)/m).map(asProse);
  for (const { kind, section, rows } of REFERENCE) {
    for (const { key, name, defaultText, help } of rows) {
      if (kind === "keys") assert.ok(example.includes(`\n; ${help}\n; ${key}=${defaultText}\n`), `[${section}] ${key}`);
      if (kind === "lines") assert.match(example, new RegExp(`^; ${key}=`, "m"));
      const row = ` ${name} (${key}) ${help}`;
      const heading = ["conn", "line"].includes(section) ? "all three:" : `[${section}]:`;
      const list = lists.find((one) => one.startsWith(heading));
      if (kind === "options") assert.ok(list?.includes(row), `${section}: the list at the end lacks${row}`);
    }
  }
  assert.equal(run("-c", "sockproxyd.conf.example", "--check").out, run("--check").out);
});

/** A text whose comments are in one line, with one blank between words. */
function asProse(text: string): string {
  return text.replace(/\n; */g, " ").replace(/\s+/g, " ");
}

test("every suggestion of the example file is valid when it is uncommented", { skip: missing("openssl") }, (t) => {
  const files = new Certificates();
  t.after(() => files.remove());
  const authority = files.make("authority");
  for (const name of ["boiler", "server"]) files.make(name, authority);
  const example = readFileSync("sockproxyd.conf.example", "utf8").replaceAll("/etc/sockproxyd", files.folder);
  const uncommented = example.replace(/^; (?=\[|[\w.:-]+=)/gm, "");
  const done = run("-c", file(uncommented), "--check");
  assert.equal(done.status, 0, done.err);
  for (const section of [
    "mux inverter",
    "direct mail",
    "direct conbus",
    "tunnel plant",
    "tunnel farm",
    "device office",
    "tls boiler",
  ]) {
    assert.ok(done.out.includes(`\n[${section}]\n`), section);
  }
  assert.match(done.out, /^127\.0\.0\.1:5021=192\.168\.1\.23:1502 protocol=modbus cache=500ms$/m);
  assert.match(done.out, /^8126=mail\.example\.com:25 notify=55\//m);
  assert.match(done.out, /^7001=EXPOSE 127\.0\.0\.1:8081>192\.168\.0\.3:80$/m);
});

test("direct listeners connect at once: no greeting, no reply, ERR CONN when that fails", async () => {
  const device = await Device.open();
  const [one, two, dead] = [await freePort(), await freePort(), await freePort()];
  const nobody = await freePort();
  const conf = file(
    `[direct]\n${one}=CONN 127.0.0.1:${device.port}\n${two}=127.0.0.1:${device.port} PACE=1\n${dead}=CONN 127.0.0.1:${nobody}\n`,
  );
  const daemon = await startDaemon("-c", conf);
  for (const [index, port] of [one, two].entries()) {
    const client = await Client.open(port);
    client.write("STAT\n");
    const remote = await device.client(index);
    assert.equal(await remote.line(), "STAT");
    remote.write("raw");
    remote.end();
    assert.equal(await client.rest(), "raw");
    client.end();
  }
  const client = await Client.open(dead);
  assert.match(await client.rest(), /^ERR CONN [^\n]*connection refused\n$/);
  client.end();
  await until(() => daemon.log().split("closed:").length >= 4, "three connections to be closed");
  assert.equal(await daemon.stop(), 0);
  device.close();
});

test("a warning tells once that everybody who reaches this machine can use the daemon", async () => {
  const open =
    /every machine that reaches this one can use port \d+, without a password; \[access\] clients, or .* limits that$/gm;
  const checked = run("--check");
  assert.equal(checked.status, 0);
  assert.match(checked.err, open);
  assert.ok(!checked.out.includes("every machine"), "programs read that");
  assert.equal(run("--check", "-a", "127.0.0.1").err, "");
  for (const [args, times] of [
    [[], 1],
    [["-a", "127.0.0.1"], 0],
    [["-c", file("[access]\nclients=127.0.0.1\n")], 0],
  ] as const) {
    const daemon = await startDaemon(...args);
    await until(() => daemon.log().includes("started"), "the start");
    await daemon.stop();
    assert.equal((daemon.log().match(open) ?? []).length, times, args.join(" "));
  }
});
