import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDirectRoute } from "#src/core/direct/direct-line.js";
import { parseMuxRoute } from "#src/core/mux/mux-line.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";

for (const [kind, parsed] of [
  ["direct", parseDirectRoute("a:1 CACH=5 RATE=10/s CTIM=700")],
  ["mux", parseMuxRoute("a:1 PROT=modbus CACH=5 CTIM=700")],
  ["tunnel", parseTunnelRoute("EXPOSE a:1>b:2 STAL=5 TLS=true CERT=c PKEY=k SECR=hush CTIM=700")],
] as const) {
  test(`${kind}: the options that STAT JSON shows are those of CONN alone`, () => {
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
    assert.deepEqual(parsed.value.options, { ...DEFAULT_OPTIONS, connectTimeoutMs: 700 });
  });
}
