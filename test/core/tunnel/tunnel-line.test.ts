import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";
import { DEFAULT_TUNNEL_OPTIONS, TUNNEL_OPTIONS, type TunnelOptions } from "#src/core/tunnel/tunnel-options.js";

const ONE = "EXPOSE 0.0.0.0:8023>10.41.51.152:23";

/** The settings of a valid line. */
function order(text: string) {
  const parsed = parseTunnelRoute(text);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
  return parsed.value;
}

test("several ports, each with its service, in any white space", () => {
  assert.deepEqual(
    order("  expose 0.0.0.0:8023>10.41.51.152:23\t127.0.0.1:80>[fe80::1]:8080  [::1]:1>plc:2 ").exposures,
    [
      { listen: { host: "0.0.0.0", port: 8023 }, service: { host: "10.41.51.152", port: 23 } },
      { listen: { host: "127.0.0.1", port: 80 }, service: { host: "fe80::1", port: 8080 } },
      { listen: { host: "::1", port: 1 }, service: { host: "plc", port: 2 } },
    ],
  );
});

const good: [text: string, sets: Partial<TunnelOptions>][] = [
  ["", {}],
  ["STAL=0.5", { stallMs: 500 }],
  ["hlth=0", { probeMs: 0 }],
  ["STAL=1 STAL=2", { stallMs: 2000 }],
];
for (const [text, sets] of good) {
  test(`"${text}" sets ${Object.keys(sets).join(", ") || "nothing"}`, () => {
    const { tunnel } = order(`${ONE} ${text}`);
    for (const name of ["stallMs", "probeMs", "tls"] as const) {
      assert.equal(tunnel[name], { ...DEFAULT_TUNNEL_OPTIONS, ...sets }[name]);
    }
  });
}

test("options of CONN are taken for clients, and MONL", () => {
  const { options } = order(`${ONE} IDLE=600 MONI=hex MONL=/tmp/a>b NTFY=5/s/a`);
  assert.deepEqual([options.quietMs, options.monitor, options.monitorFile], [600_000, "hex", "/tmp/a>b"]);
  assert.equal(options.notify?.device, 5);
});

test("a > in the value of an option exposes no port", () => {
  const { exposures, options } = order(`${ONE} MONL=a>b MONI=hex`);
  assert.deepEqual([exposures.length, options.monitorFile], [1, "a>b"]);
});

const bad: [text: string, message: RegExp][] = [
  ["", /^"": EXPOSE host:port>service:port is wanted$/],
  ["CONN a:1", /^"CONN": EXPOSE/],
  ["EXPOSE", /^nothing is exposed/],
  ["EXPOSE STAL=1", /^nothing is exposed/],
  ["EXPOSE a:1", /^unknown option "a:1"$/],
  ["EXPOSE 1>2", /^bad target "1"/],
  ["EXPOSE a:1>b", /^bad target "b"/],
  ["EXPOSE a:1>", /^bad target ""/],
  ["EXPOSE a:1>b:2>c:3", /^bad "a:1>b:2>c:3"/],
  ["EXPOSE a:0>b:2", /^bad port "0"/],
  ["EXPOSE a:1>b:2 a:1>c:3", /^a:1 is exposed twice$/],
  [`${ONE} STAL=1 b:1>c:1`, /^unknown option "b:1>c:1"$/],
  [`${ONE} STAL`, /^bad option "STAL": STAL=seconds is wanted$/],
  [`${ONE} STAL=x`, /^bad STAL "x"/],
  [`${ONE} HLTH=-1`, /^bad HLTH "-1"/],
  [`${ONE} PROT=modbus`, /^unknown option "PROT"$/],
  [`${ONE} PRTO=tls`, /^PRTO has no place here/],
  [`${ONE} MONL=f`, /^MONF and MONL go with MONI$/],
];
for (const [text, message] of bad) {
  test(`"${text}" is refused`, () => {
    const parsed = parseTunnelRoute(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}

test("a line exposes at most 64 ports", () => {
  const exposed = (count: number) =>
    `EXPOSE ${Array.from({ length: count }, (_, index) => `h:${index + 1}>s:1`).join(" ")}`;
  assert.equal(order(exposed(64)).exposures.length, 64);
  assert.deepEqual(parseTunnelRoute(exposed(65)), { ok: false, message: "65 ports are exposed, 64 are the most" });
});

test("every option has a row with a key of its own and a help", () => {
  const keys = TUNNEL_OPTIONS.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length);
  for (const { key, usage, help } of TUNNEL_OPTIONS) {
    assert.ok(usage.startsWith(`${key}=`));
    assert.ok(help.length > 0);
  }
});

test("any text is a tunnel line or an error", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const parsed = parseTunnelRoute(`EXPOSE ${text}`);
      assert.ok(parsed.ok ? parsed.value.exposures.length > 0 : parsed.message !== "");
    }),
  );
});
