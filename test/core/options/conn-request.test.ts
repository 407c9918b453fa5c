import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConnOptions, DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { formatRemote, parseConnRequest } from "#src/core/options/conn-request.js";

const SID = "urn:toggledbits-com:serviceId:SockProxy1";
const good: [string, Partial<ConnOptions>][] = [
  ["", {}],
  ["RTIM=0", { receiveTimeoutMs: 0 }],
  ["RTIM=600000", { receiveTimeoutMs: 600_000 }],
  ["RTIM=4000000000", { receiveTimeoutMs: 4_000_000_000 }],
  ["PACE=99999999", { paceMs: 99_999_999_000 }],
  ["RTIM=60000.0", { receiveTimeoutMs: 60_000 }],
  ["RTIM=2500.5", { receiveTimeoutMs: 2501 }],
  ["RTIM=1e+03", { receiveTimeoutMs: 1000 }],
  ["RTIM=0.0001", { receiveTimeoutMs: 1 }],
  ["RTIM=7 RTIM=", {}],
  ["PACE=1e0", { paceMs: 1000 }],
  ["PACE=1.5E-1", { paceMs: 150 }],
  ["PACE=0.0001", { paceMs: 1 }],
  ["PACE=2 PACE=", {}],
  ["BLKS=2048.0", { blockSize: 2048 }],
  ["BLKS=0.5", { blockSize: 1 }],
  ["BLKS=7 BLKS=0", {}],
  ["BLKS=0.0", {}],
  ["BLKS=7 BLKS=", {}],
  ["CTIM=0.5", { connectTimeoutMs: 1 }],
  ["CTIM=", {}],
  ["IDLE=30.0 RNTF=1e1 RTRY=2.", { quietMs: 30_000, renotifyMs: 10_000, retryDialMs: 2000 }],
  ["PRTO=udp MTTL=2.0", { transport: "udp", multicastTtl: 2 }],
  ["NTFY=659.0/a/b", { notify: { device: 659, service: "a", action: "b" } }],
  ["BLKS=1", { blockSize: 1 }],
  ["BLKS=1048576", { blockSize: 1_048_576 }],
  ["PACE=0", { paceMs: 0 }],
  ["PACE=2.5", { paceMs: 2500 }],
  ["PACE=.1", { paceMs: 100 }],
  ["RNTF=60", { renotifyMs: 60_000 }],
  ["CTIM=1", { connectTimeoutMs: 1 }],
  ["PRTO=udp", { transport: "udp" }],
  ["PRTO=TCP", { transport: "tcp" }],
  ["PRTO=tls TLSV=0 TLSN=box.local", { transport: "tls", verifyCertificate: false, tlsName: "box.local" }],
  ["PRTO=tls TLSM=1.0 TLSL=1", { transport: "tls", tlsMin: "1.0", tlsLegacy: true }],
  ["TLSM=1 PRTO=tls", { transport: "tls", tlsMin: "1.0" }], // Lua prints the number 1.0 so
  ["TLSM=1.2", {}],
  ["TLSI=boiler", { transport: "tls", tlsIdentity: "boiler" }],
  ["PRTO=tls TLSI=boiler TLSV=0", { transport: "tls", tlsIdentity: "boiler", verifyCertificate: false }],
  ["NTFY=0", { notify: { device: 0, service: SID, action: "HandleReceiveData" } }],
  ["NTFY=5/", { notify: { device: 5, service: SID, action: "HandleReceiveData" } }],
  ["NTFY=5//Act", { notify: { device: 5, service: SID, action: "Act" } }],
  ["NTFY=5/urn:x:1/Act", { notify: { device: 5, service: "urn:x:1", action: "Act" } }],
  ["NTFY=5/urn:x:1/Act/", { notify: { device: 5, service: "urn:x:1", action: "Act" } }],
  ["NTFY=5/urn:x:1/Act/p=1&é", { notify: { device: 5, service: "urn:x:1", action: "Act", pid: "p=1&é" } }],
  ["ntfy=5/a/b rtim=7", { notify: { device: 5, service: "a", action: "b" }, receiveTimeoutMs: 7 }],
  ["RTIM=1   RTIM=2", { receiveTimeoutMs: 2 }],
  ["IDLE=30", { quietMs: 30_000 }],
  ["MONI=Conbus", { monitor: "conbus" }],
  ["MONI=hex MONF=id,DECODE", { monitor: "hex", monitorFormat: ["id", "decode"] }],
];
for (const [options, expected] of good) {
  test(`CONN h:1 ${options}`, () => {
    const request = parseConnRequest(` h:1  ${options} `);
    assert.ok(request.ok, request.ok ? "" : request.message);
    assert.deepEqual(request.value, { target: { host: "h", port: 1 }, options: { ...DEFAULT_OPTIONS, ...expected } });
  });
}

const bad: [string, RegExp][] = [
  ["", /no target/],
  ["h", /bad target/],
  ["h:70000", /bad port "70000"/],
  ["h:1 FOO=1", /unknown option "FOO"/],
  ["h:1 hello", /unknown option "hello"/],
  ["h:1 RTIM", /bad option "RTIM": RTIM=ms is wanted/],
  ["h:1 RTIM=-1", /bad RTIM "-1"/],
  ["h:1 RTIM=0x10", /bad RTIM "0x10": milliseconds, 0 or more, are wanted/],
  ["h:1 RTIM=inf", /bad RTIM/],
  ["h:1 RTIM=Infinity", /bad RTIM/],
  ["h:1 RTIM=nan", /bad RTIM/],
  ["h:1 RTIM=1e999", /bad RTIM "1e999": that is too long/],
  ["h:1 RTIM=1e", /bad RTIM/],
  ["h:1 RTIM=-0", /bad RTIM/],
  ["h:1 RTIM=5s", /bad RTIM/],
  ["h:1 RTIM=99999999999999999", /bad RTIM/],
  ["h:1 NTFY=1/s/a/\x1b[31m", /bad NTFY/],
  ["h:1 BLKS=-1", /bad BLKS "-1"/],
  ["h:1 BLKS=1048576.5", /bad BLKS/],
  ["h:1 BLKS=1e999", /bad BLKS/],
  ["h:1 CTIM=600000.5", /bad CTIM/],
  ["h:1 BLKS=1048577", /bad BLKS/],
  ["h:1 PACE=x", /bad PACE "x"/],
  ["h:1 PACE=-1", /bad PACE/],
  ["h:1 PACE=.", /bad PACE/],
  ["h:1 PACE=99999999999999999", /bad PACE/],
  ["h:1 CTIM=0", /bad CTIM/],
  ["h:1 PRTO=sctp", /bad PRTO "sctp"/],
  ["h:1 NTFY=", /bad NTFY ""/],
  ["h:1 NTFY=x/a/b", /bad NTFY "x\/a\/b"/],
  ["h:1 NTFY=-1/a/b", /bad NTFY/],
  ["h:1 NTFY=659.5/a/b", /bad NTFY/],
  ["h:1 NTFY=1/a/b/c/d", /bad NTFY/],
  ["h:1 TLSV=2 PRTO=tls", /bad TLSV/],
  ["h:1 TLSV=0", /PRTO=tls/],
  ["h:1 TLSN=x", /PRTO=tls/],
  ["h:1 TLSM=1.0", /TLSM and TLSL go with PRTO=tls/],
  ["h:1 TLSL=1 PRTO=udp", /TLSM and TLSL go with PRTO=tls/],
  ["h:1 TLSM=1.4 PRTO=tls", /bad TLSM "1.4": 1.0 or 1.1 or 1.2 or 1.3 is wanted/],
  ["h:1 TLSM= PRTO=tls", /bad TLSM ""/],
  ["h:1 TLSL=2 PRTO=tls", /bad TLSL/],
  ["h:1 TLSI= PRTO=tls", /bad TLSI ""/],
  ["h:1 TLSI=true", /bad TLSI "true": the NAME of a section \[tls NAME\] is wanted/],
  ["h:1 TLSI=boiler PRTO=udp", /TLSI goes with PRTO=tls/],
  ["h:1 IDLE=-1", /bad IDLE "-1"/],
  ["h:1 MONI=morse", /bad MONI "morse": conbus\|line\|[a-z|-]+\|hex is wanted/],
  ["h:1 MONI=hex MONF=colour", /bad MONF "colour"/],
  ["h:1 MONF=id", /MONF and MONL go with MONI/],
  ["h:1 MONI=hex MONL=/tmp/x", /unknown option "MONL"/],
];
for (const [line, message] of bad) {
  test(`CONN ${line} is refused`, () => {
    const request = parseConnRequest(line);
    assert.ok(!request.ok);
    assert.match(request.message, message);
  });
}

test("options on the line override those set before", () => {
  const request = parseConnRequest("h:1 PACE=3", { paceMs: 1000, blockSize: 7 });
  assert.ok(request.ok);
  assert.equal(request.value.options.paceMs, 3000);
  assert.equal(request.value.options.blockSize, 7);
});

test("a remote is shown as host:port, with the transport where it is not TCP", () => {
  const shown = (line: string): string => {
    const request = parseConnRequest(line);
    assert.ok(request.ok);
    return formatRemote(request.value);
  };
  assert.equal(shown("[::1]:80"), "[::1]:80");
  assert.equal(shown("h:1 PRTO=udp"), "udp:h:1");
});
