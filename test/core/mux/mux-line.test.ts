import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMuxRoute } from "#src/core/mux/mux-line.js";
import { MUX_OPTIONS } from "#src/core/mux/mux-option-rows.js";
import { answerLimitMs, DEFAULT_MUX_OPTIONS, type MuxOptions } from "#src/core/mux/mux-options.js";
import { findProtocol } from "#src/core/mux/protocols/protocols.js";

/** The options of a line, which must be right. */
function options(text: string): MuxOptions {
  const parsed = parseMuxRoute(`192.168.1.22:1502 ${text}`);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
  return parsed.value.mux;
}

const PROBE = "000000000006010300000001";

const good: [text: string, sets: Partial<MuxOptions>][] = [
  ["", {}],
  ["PROT=MODBUS", { protocol: findProtocol("modbus") as MuxOptions["protocol"] }],
  ["pool=2", { pool: 2 }],
  ["PROT=modbus-rtu PIPE=4", { pipe: 4 }],
  ["QLEN=100", { queue: 100 }],
  ["TIME=0.25", { timeoutMs: 250 }],
  ["TIME=5 ATIM=0.25", { timeoutMs: 5000, answerMs: 250 }],
  ["DLAY=1.5", { delayMs: 1500 }],
  ["STAL=0.5", { stallMs: 500 }],
  ["MODE=broadcast GREE=replay LOGN=me\\r\\n", { mode: "broadcast", greeting: "replay", login: Buffer.from("me\r\n") }],
  ["LOGN=me\\r DLAY=1", { login: Buffer.from("me\r"), delayMs: 1000 }],
  ["RTRY=3", { retryMs: 3000 }],
  ["HLTH=0", { healthMs: 0 }],
  [`PROT=modbus PROB=${PROBE}`, { probe: Buffer.from(PROBE, "hex") }],
  ["IDLE=0", { idleMs: 0 }],
  ["LIDL=30", { linkIdleMs: 30_000 }],
  ["GAPM=50", { gapMs: 50 }],
  ["MAXA=3600", { maxAgeMs: 3_600_000 }],
  ["PROT=modbus CACH=500", { cacheMs: 500 }],
  ["PROT=conbus CACH=500", { cacheMs: 500 }],
  ["PROT=modbus-serial RDON=ignore", { readOnly: "ignore" }],
  ["PROT=mpu UNSO=broadcast", { unsolicited: "broadcast" }],
  ["PROT=modbus-serial echo=strip", { echo: "strip" }],
  ["PROT=modbus MATC=strict ECHO=off", { match: "strict", echo: "off" }],
  ["MODE=broadcast", { mode: "broadcast" }],
  ["PROT=raw MODE=broadcast", { mode: "broadcast", protocol: findProtocol("raw") as MuxOptions["protocol"] }],
  ["PROT=modbus DPRO=modbus-serial", { deviceProtocol: "modbus-serial" }],
  ["protocol=modbus-ascii device-protocol=MODBUS pipeline=2", { deviceProtocol: "modbus", pipe: 2 }],
  [
    "PROT=modbus-rtu UMAP=2:1,3:7",
    {
      unitMap: new Map([
        [2, 1],
        [3, 7],
      ]),
    },
  ],
  ["POOL=2 POOL=3", { pool: 3 }],
];
for (const [text, sets] of good) {
  test(`"${text}" sets ${Object.keys(sets).join(", ") || "nothing"}`, () => {
    const found = options(text);
    for (const [key, value] of Object.entries(sets)) assert.deepEqual(found[key as keyof MuxOptions], value);
    const others = Object.entries(DEFAULT_MUX_OPTIONS).filter(([key]) => !(key in sets) && key !== "protocol");
    for (const [key, value] of others) assert.deepEqual(found[key as keyof MuxOptions], value);
  });
}

test("the defaults are those of the original programs", () => {
  const { protocol, pool, queue, timeoutMs, delayMs, retryMs, healthMs } = DEFAULT_MUX_OPTIONS;
  assert.equal(protocol.framing.name, "echo");
  assert.deepEqual([pool, queue, timeoutMs, delayMs, retryMs, healthMs], [1, 32, 60_000, 0, 1000, 30_000]);
});

test("options of CONN are taken, too", () => {
  const parsed = parseMuxRoute("hub:502 PROT=modbus NTFY=5/s/a CTIM=100 PRTO=tls TLSV=0 RTIM=9");
  assert.ok(parsed.ok);
  const { notify, connectTimeoutMs, transport, receiveTimeoutMs } = parsed.value.options;
  assert.deepEqual([notify?.device, connectTimeoutMs, transport, receiveTimeoutMs], [5, 100, "tls", 9]);
});

const bad: [text: string, message: RegExp][] = [
  ["PROT=foo", /^bad PROT "foo": echo\|http\|[a-z0-9|-]+\|raw is wanted$/],
  ["PROT=raw", /PROT=raw goes with MODE=broadcast/],
  ["POOL=0", /^bad POOL "0": an integer from 1 to 64 is wanted$/],
  ["POOL", /^bad option "POOL": POOL=n is wanted$/],
  ["PIPE=2", /messages of echo carry no ids/],
  ["TIME=0", /^bad TIME "0": more than 0 is wanted$/],
  ["TIME=x", /seconds are wanted/],
  ["TIME=2 ATIM=3", /^ATIM=3 is longer than TIME=2: nobody waits for that answer$/],
  ["FOO=1", /^unknown option "FOO"$/],
  ["PROT=modbus PROB=xyz", /hexadecimal/],
  [`PROT=modbus PROB=${PROBE}00`, /not one whole request of modbus/],
  ["PROT=modbus PROB=0103", /not one whole request of modbus/],
  ["PROT=http CACH=100", /CACH goes with Modbus and Conbus only/],
  ["PROT=echo DPRO=modbus", /DPRO goes with Modbus only/],
  ["PROT=modbus DPRO=echo", /^bad DPRO "echo": modbus or modbus-rtu or modbus-serial or modbus-ascii is wanted$/],
  ["PROT=modbus DPRO=modbus-ascii PIPE=2", /PIPE=2: messages of modbus-ascii carry no ids/],
  ["PROT=modbus UNSO=broadcast", /UNSO=broadcast goes with echo, iso8583 and mpu only/],
  ["PROT=conbus UNSO=broadcast", /UNSO=broadcast goes with echo, iso8583 and mpu only/],
  ["PROT=echo MODE=broadcast UNSO=broadcast", /UNSO=broadcast goes with .* MODE=request/],
  ["PROT=http ECHO=strip", /ECHO=strip goes with MODE=request, and not with http/],
  ["PROT=echo MATC=strict", /MATC goes with Modbus/],
  ["ECHO=on", /^bad ECHO "on": auto or strip or off is wanted$/],
  ["GREE=replay", /^GREE goes with MODE=broadcast only$/],
  ["LOGN=me", /^LOGN with MODE=request wants DLAY/],
  ["MODE=broadcast LOGN=secret\\", /^bad LOGN: behind a/],
  ["STAL=0", /STAL/],
  ["PROT=modbus DPRO=modbus-ascii MODE=broadcast", /MODE=broadcast passes bytes as they are/],
  ["PROT=conbus UMAP=1:2", /UMAP, BCST and READ go with Modbus only/],
  ["PROT=modbus UMAP=1:256", /"1:256": two units from 0 to 255 are wanted, such as 2:1/],
  ["PROT=modbus UMAP=1", /"1": two units from 0 to 255 are wanted/],
  ["PROT=modbus UMAP=1:2,1:3", /unit 1 stands there twice/],
  ["PROT=modbus BCST=256", /^bad BCST "256": an integer from 0 to 255 is wanted$/],
  ["PROT=modbus READ=65,6", /^bad READ "65,6": function 6 writes$/],
  ["PROT=modbus READ=0", /"0": a function code from 1 to 255 is wanted/],
  ["PROT=modbus ALWR=unit+1", /ALWR goes with WRIT=deny/],
  ["PROT=modbus WRIT=allow ALWR=unit+1", /ALWR goes with WRIT=deny/],
  ["PROT=modbus WRIT=deny ALWR=unit+1+holdng+5", /^bad ALWR "unit\+1\+holdng\+5": "holdng": .* did you mean holding/],
  ["PROT=modbus WRIT=deny RDON=deny", /RDON keeps every write from the device/],
  ["PROT=modbus WLCK=30 RDON=ignore", /RDON keeps every write from the device/],
  ["PROT=conbus WLCK=30", /WRIT, ALWR and WLCK go with Modbus only/],
  ["PROT=modbus WRIT=deny MODE=broadcast", /without WRIT, ALWR and WLCK/],
  [`PROT=modbus WRIT=deny${" ALWR=unit+1".repeat(65)}`, /65 times ALWR: 64 are the most/],
  ["PROT=echo RDON=deny", /RDON goes with Modbus only/],
  ["PROT=conbus RDON=deny", /RDON goes with Modbus only/],
  ["RDON=pass", /deny or ignore is wanted/],
  ["MODE=broadcast POOL=2", /MODE=broadcast has one link/],
  ["PROT=modbus MODE=broadcast CACH=1", /MODE=broadcast has one link/],
  ["MODE=broadcast LIDL=1", /goes without .* LIDL/],
  ["PRTO=udp", /tcp or tls/],
  ["TLSV=0", /PRTO=tls/],
];
for (const [text, message] of bad) {
  test(`"${text}" is refused`, () => {
    const parsed = parseMuxRoute(`192.168.1.22:1502 ${text}`);
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}

test("every option has a line of help that fits a terminal", () => {
  for (const { key, usage, help } of MUX_OPTIONS) {
    assert.match(key, /^[A-Z]{4}$/);
    assert.ok(usage.startsWith(`${key}=`));
    for (const line of help) assert.ok(line.length + 28 <= 120, `${key}: ${line}`);
  }
});

test("without ATIM the device may take as long as TIME", () => {
  assert.equal(answerLimitMs(options("TIME=7")), 7000);
  assert.equal(answerLimitMs(options("TIME=7 ATIM=2")), 2000);
});
