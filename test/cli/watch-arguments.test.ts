import assert from "node:assert/strict";
import { test } from "node:test";
import { parseWatchArguments } from "#src/cli/watch-arguments.js";

const HERE = { host: "127.0.0.1", port: 2504 };
const good: [string, object, string][] = [
  ["", HERE, "WTCH MONF=client"],
  ["hub:2505", { host: "hub", port: 2505 }, "WTCH MONF=client"],
  ["[::1]:2505 10001", { host: "::1", port: 2505 }, "WTCH 10001 MONF=client"],
  ["10001", HERE, "WTCH 10001 MONF=client"], // or the daemon of this port: settle-selection.ts asks
  ["--only 10001", HERE, "WTCH 10001 MONF=client"],
  ["2505 --only 10001", { host: "127.0.0.1", port: 2505 }, "WTCH 10001 MONF=client"],
  ["2505 10001", { host: "127.0.0.1", port: 2505 }, "WTCH 10001 MONF=client"],
  ["hub", { host: "hub", port: 2504 }, "WTCH MONF=client"],
  ["hub 1a1fe153233", { host: "hub", port: 2504 }, "WTCH 1a1fe153233 MONF=client"],
  ["1a1fe153233 --id", HERE, "WTCH 1a1fe153233 MONF=client,id"],
  ["--reverse-proxy 10001 1a1fe153233", { reverseProxy: 10_001 }, "WTCH 1a1fe153233 MONF=client"],
  ["--as Line --decode --id", HERE, "WTCH MONI=Line MONF=client,id,decode"],
  ["--as=hex 10001 --json", HERE, "WTCH 10001 MONI=hex MONF=client,json"],
  ["10001 --short --id", HERE, "WTCH 10001 BYTE=hex"],
  ["--short --as modbus", HERE, "WTCH MONI=modbus BYTE=hex"],
  ["hub:2505 --pcap -", { host: "hub", port: 2505 }, "WTCH BYTE=hex"],
];
const secure: [string, object | undefined][] = [
  ["hub:1 --tls", { authority: undefined, certificate: undefined, key: undefined }],
  ["--ca ca.pem", { authority: "ca.pem", certificate: undefined, key: undefined }],
  ["--cert c.pem --key k.pem", { authority: undefined, certificate: "c.pem", key: "k.pem" }],
  ["hub:1", undefined],
];
for (const [line, tls] of secure) {
  test(`watch ${line}: TLS`, () => {
    const parsed = parseWatchArguments(line.split(" "));
    assert.ok(parsed.ok && parsed.value.kind === "watch");
    assert.deepEqual(parsed.value.daemon.tls, tls);
  });
}

for (const [line, address, command] of good) {
  test(`watch ${line}`, () => {
    const parsed = parseWatchArguments(line.split(" ").filter(Boolean));
    assert.ok(parsed.ok && parsed.value.kind === "watch", parsed.ok ? "" : parsed.message);
    assert.deepEqual(parsed.value.daemon.address, address);
    assert.equal(parsed.value.command, command);
  });
}

const bad: [string, RegExp][] = [
  ["--colour", /unknown option --colour/],
  ["-x", /unknown option -x/],
  ["hub:0", /bad port/],
  ["10001 10002 3", /unexpected argument "3"/],
  ["2505 --only 1 2", /unexpected argument "2"/],
  ["--only=", /--only: one filter is wanted/],
  ["10001 hub:2504", /unexpected argument "hub:2504"/],
  ["--as morse", /bad --as "morse"/],
  ["--as", /bad --as/],
  ["--short --json", /--short goes without --json/],
  ["--short --pcap -", /--short goes without --pcap/],
  ["--pcap - --decode", /--pcap goes without --decode/],
  ["--pcap=", /--pcap: one file is wanted/],
  ["--ca", /--ca: one file is wanted/],
  ["--ca a --ca b", /--ca: one file is wanted/],
  ["--cert c.pem", /--cert and --key: one needs the other/],
  ["--reverse-proxy 10001 --tls", /--tls goes without --reverse-proxy/],
  ["--reverse-proxy", /--reverse-proxy: bad port/],
  ["--reverse-proxy 10001 --reverse-proxy 10002", /--reverse-proxy: bad port/],
];
for (const [line, message] of bad) {
  test(`watch ${line} is refused`, () => {
    const parsed = parseWatchArguments(line.split(" ").filter(Boolean));
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}

test("watch --help", () => {
  assert.deepEqual(parseWatchArguments(["--help"]), { ok: true, value: { kind: "help" } });
});
