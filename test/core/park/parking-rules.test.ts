import assert from "node:assert/strict";
import { test } from "node:test";
import { DIRECT_FORMAT, parseDirectRoute } from "#src/core/direct/direct-line.js";
import { parseMuxRoute } from "#src/core/mux/mux-line.js";
import { parseConnRequest } from "#src/core/options/conn-request.js";
import { parkingKey } from "#src/core/park/parking-rules.js";
import type { Result } from "#src/core/parse/result.js";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";

const NTFY = "NTFY=7/s/a/p1";

const refused: readonly [string, Result<unknown>, RegExp][] = [
  ["CONN without a pid", parseConnRequest("h:1 PARK=60 NTFY=7/s/a"), /^PARK wants a pid in NTFY/],
  ["CONN without NTFY", parseConnRequest("h:1 PARK=60"), /^PARK wants a pid in NTFY/],
  ["UDP", parseConnRequest(`h:1 PARK=60 PRTO=udp ${NTFY}`), /^PARK does not go with PRTO=udp/],
  ["a size without PARK", parseConnRequest(`h:1 PKBY=5000 ${NTFY}`), /^PKBY goes with PARK/],
  ["more than a day", parseConnRequest(`h:1 PARK=86401 ${NTFY}`), /^bad PARK "86401"/],
  ["a direct line without a limit", parseDirectRoute("h:1 PARK=60"), /^PARK wants MAXC=1/],
  ["a direct line for several clients", parseDirectRoute("h:1 PARK=60 MAXC=2"), /^PARK wants MAXC=1/],
  ["a direct line with TLS", parseDirectRoute("h:1 PARK=60 MAXC=1 LTLS=x"), /^PARK does not go with LTLS/],
  ["a shared device", parseMuxRoute("h:1 PARK=60"), /^PARK has no place here: the link/],
  ["a tunnel", parseTunnelRoute("EXPOSE 127.0.0.1:1>h:2 PARK=60"), /^PARK has no place here: give it to/],
];

for (const [name, result, message] of refused) {
  test(`PARK is refused: ${name}`, () => assert.match(result.ok ? "taken" : result.message, message));
}

test("PARK is refused: a direct line that listens for datagrams", () => {
  const route = parseDirectRoute("h:1 PARK=60 MAXC=1");
  assert.ok(route.ok);
  assert.match(DIRECT_FORMAT.datagramProblem?.(route.value) ?? "", /^PARK does not go with listen=udp/);
});

test("a client gets its connection again by device, pid, remote, how that is reached, its address, and its line", () => {
  const key = (words: string, client = "here", line = "proxy port 2504"): string => {
    const request = parseConnRequest(`${words} PARK=60`);
    assert.ok(request.ok, words);
    return parkingKey(request.value, client, line);
  };
  const own = key(`Host:23 ${NTFY}`);
  const same = [`host:23 RTIM=5000 PACE=2 ${NTFY}`, "host:23 NTFY=7/other/Action/p1"];
  for (const words of same) assert.equal(key(words), own, words);
  const others = [
    key("host:23 NTFY=7/s/a/p2"),
    key("host:23 NTFY=8/s/a/p1"),
    key(`host:24 ${NTFY}`),
    key(`other:23 ${NTFY}`),
    key(`host:23 PRTO=tls ${NTFY}`),
    key(`host:23 PRTO=tls TLSV=0 ${NTFY}`),
    key(`host:23 ${NTFY}`, "192.168.0.9"),
    key(`host:23 ${NTFY}`, "here", "proxy port 2505"),
  ];
  assert.equal(new Set([own, ...others]).size, others.length + 1);
});
