import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { env } from "node:process";
import { test } from "node:test";
import { parseControlArguments, STOP } from "#src/cli/control-arguments.js";
import { parseStatusArguments } from "#src/cli/status-arguments.js";
import { ConfigFile } from "../support/config.js";

env["SOCKPROXYD_CONFIG"] = "/nowhere/sockproxyd.conf"; // this machine may have one
const guessed = { guessed: { from: "there is no /nowhere/sockproxyd.conf that says another port" } };

const good: [line: string, host: string, port: number][] = [
  ["", "127.0.0.1", 2504],
  ["hub:2505", "hub", 2505],
  ["hub", "hub", 2504],
  ["2505", "127.0.0.1", 2505],
  ["[::1]:2505", "::1", 2505],
  ["[::1]", "::1", 2504],
  ["fe80::1", "fe80::1", 2504],
];
for (const [line, host, port] of good) {
  test(`stop ${line}`, () => {
    const parsed = parseControlArguments(STOP, line.split(" ").filter(Boolean));
    const daemon = { address: { host, port }, ...(line === "" && guessed) };
    assert.deepEqual(parsed, { ok: true, value: { kind: "ask", daemon } });
  });
}

const files: [text: string, host: string, port: number, isTls: boolean][] = [
  ["", "127.0.0.1", 2504, false],
  ["[host]\nport=2600\n", "127.0.0.1", 2600, false],
  ["[host]\nip=192.168.1.2\nlisten-tls=open\n[tls open]\ncert=/c.pem\nkey=/k.pem\n", "192.168.1.2", 2504, true],
  ["[host]\nip=*\nport=2600\n[mux]\nwhat is this\n", "127.0.0.1", 2600, false],
];
for (const [text, host, port, isTls] of files) {
  test(`the daemon of a file: ${JSON.stringify(text)}`, () => {
    const parsed = parseStatusArguments(["-c", new ConfigFile(text).path, "--json"]);
    assert.ok(parsed.ok && parsed.value.kind === "show");
    assert.deepEqual(parsed.value.daemon.address, { host, port });
    assert.equal(parsed.value.daemon.tls?.shown, isTls ? "/c.pem" : undefined);
    assert.deepEqual([parsed.value.json, parsed.value.watch], [true, false]);
  });
}

test("without words the usual file says where; one that cannot be read is told", () => {
  const of = (path: string): object | undefined => {
    env["SOCKPROXYD_CONFIG"] = path;
    const parsed = parseStatusArguments([]);
    env["SOCKPROXYD_CONFIG"] = "/nowhere/sockproxyd.conf";
    return parsed.ok && parsed.value.kind === "show" ? parsed.value.daemon : undefined;
  };
  const here = { address: { host: "127.0.0.1", port: 2504 } };
  const file = (text: string): string => new ConfigFile(text).path;
  const elsewhere = file("[host]\nport=2600\n");
  assert.deepEqual(of(elsewhere), {
    address: { host: "127.0.0.1", port: 2600 },
    guessed: { from: `${elsewhere} says so`, orElse: here },
  });
  const same = file("[host]\nip=127.0.0.1\n");
  assert.deepEqual(of(same), { ...here, guessed: { from: `${same} says so` } });
  const closed = file("[host]\nport=0\n");
  assert.deepEqual(of(closed), {
    ...here,
    guessed: { from: `${closed}: [host] port=0: there is no proxy port to ask` },
  });
  assert.match(JSON.stringify(of(tmpdir())), /"from":"cannot read configuration file /);
});

const bad: [line: string, RegExp][] = [
  ["hub:2504 more", /unexpected argument "more"/],
  ["hub:0", /bad port/],
  ["70000", /port/],
  ["-c", /-c: one file is wanted/],
  ["-c /nowhere", /cannot read configuration file \/nowhere: /],
  ["-c x hub", /-c and "hub": one of them is enough/],
  ["--port 1", /unknown option --port/],
  ["--key k", /--cert and --key/],
];
for (const [line, message] of bad) {
  test(`stop ${line} is refused`, () => {
    const parsed = parseControlArguments(STOP, line.split(" "));
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}

test("a file without a proxy port", () => {
  const parsed = parseStatusArguments(["-c", new ConfigFile("[host]\nport=0\n").path]);
  assert.ok(!parsed.ok);
  assert.match(parsed.message, /\[host\] port=0: there is no proxy port to ask/);
});
