import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalAddress } from "#src/core/net/address.js";
import {
  type Endpoints,
  type HeaderProgress,
  type ProxyHeader,
  ProxyHeaderReader,
  type ProxyVersion,
  proxyHeader,
} from "#src/core/net/proxy-protocol.js";

const OWN: ProxyHeader = { kind: "own" };

function client(from: [string, number], to: [string, number]): ProxyHeader {
  const place = ([host, port]: [string, number]) => ({ host, port });
  return { kind: "client", endpoints: { from: place(from), to: place(to) } };
}

/**
 * Gives a reader what it wants, in parts of these lengths at most.
 *
 * @returns the last answer, and how many bytes it has taken
 */
function read(bytes: Buffer, parts: readonly number[] = [Number.POSITIVE_INFINITY]) {
  const reader = new ProxyHeaderReader();
  let progress: HeaderProgress = { kind: "wants", bytes: reader.wanted };
  let at = 0;
  for (let part = 0; progress.kind === "wants" && at < bytes.length; part += 1) {
    assert.ok(progress.bytes > 0);
    const length = Math.min(progress.bytes, parts[part % parts.length] ?? 1, bytes.length - at);
    progress = reader.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { progress, taken: at };
}

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const IPV4 = "c0000201c6336402ddd51f90"; // 192.0.2.1:56789 > 198.51.100.2:8080

test("headers as the specification has them, and others", () => {
  const v4 = client(["192.0.2.1", 56_789], ["198.51.100.2", 8080]);
  const table: [header: string | Buffer, ProxyHeader | string][] = [
    ["PROXY TCP4 192.0.2.1 198.51.100.2 56789 8080\r\n", v4],
    ["PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", client(["2001:db8::1", 1], ["::1", 65_535])],
    ["PROXY TCP6 ::ffff:192.0.2.1 ::FFFF:198.51.100.2 56789 8080\r\n", v4],
    ["PROXY UNKNOWN\r\n", OWN],
    ["PROXY UNKNOWN ffff:f...f:ffff whatever 65535 \r in it\r\n", OWN],
    [
      "PROXY TCP4 255.255.255.255 255.255.255.255 65535 0\r\n",
      client(["255.255.255.255", 65_535], ["255.255.255.255", 0]),
    ],
    ["GET / HTTP/1.1\r\n\r\n", "it began with something else than a PROXY header"],
    [
      "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
      'the PROXY header has the family "UDP4": TCP4, TCP6 or UNKNOWN is wanted',
    ],
    [
      "PROXY constructor 192.0.2.1 198.51.100.2 1 2\r\n",
      'the PROXY header has the family "constructor": TCP4, TCP6 or UNKNOWN is wanted',
    ],
    ["PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n", "the PROXY header lacks two addresses and two ports"],
    ["PROXY TCP4 192.0.2.1  198.51.100.2 1 2\r\n", "the PROXY header lacks two addresses and two ports"],
    ["PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n", 'the PROXY header has "192.0.2.256", which is no address of TCP4'],
    ["PROXY TCP4 ::1 ::1 1 2 and some more\r\n", "the PROXY header lacks two addresses and two ports"],
    ["PROXY TCP4 ::1 ::1 1000 2000\r\n", 'the PROXY header has "::1", which is no address of TCP4'],
    ["PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", 'the PROXY header has "fe80::1%eth0", which is no address of TCP6'],
    ["PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n", "the PROXY header has a port that is none"],
    ["PROXY TCP4 192.0.2.1 198.51.100.2 1 02\r\n", "the PROXY header has a port that is none"],
    ["PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n", "the PROXY header does not end with CR LF"],
    [`PROXY UNKNOWN ${"x".repeat(200)}`, "the PROXY header is longer than 107 bytes"],
    [Buffer.from(`${SIGNATURE}2111000c${IPV4}`, "hex"), v4],
    [Buffer.from(`${SIGNATURE}21110014${IPV4}0400010020000212`, "hex"), "the PROXY header ends in the middle of a TLV"],
    [Buffer.from(`${SIGNATURE}21110013${IPV4}04000401020304`, "hex"), v4],
    [Buffer.from(`${SIGNATURE}20000000`, "hex"), OWN],
    [Buffer.from(`${SIGNATURE}2011000c${IPV4}`, "hex"), OWN],
    [Buffer.from(`${SIGNATURE}2100000401020304`, "hex"), OWN],
    [Buffer.from(`${SIGNATURE}2112000c${IPV4}`, "hex"), OWN], // UDP
    [Buffer.from(`${SIGNATURE}213100d8${"41".repeat(216)}`, "hex"), OWN],
    [Buffer.from(`${SIGNATURE}2131000141`, "hex"), "the PROXY header is shorter than its addresses"],
    [Buffer.from(`${SIGNATURE}2121000c${IPV4}`, "hex"), "the PROXY header is shorter than its addresses"],
    [Buffer.from(`${SIGNATURE}2141000c${IPV4}`, "hex"), "the PROXY header has the family 0x41, which is none"],
    [Buffer.from(`${SIGNATURE}2211000c${IPV4}`, "hex"), "the PROXY header has the command 2: 0 or 1 is wanted"],
    [Buffer.from(`${SIGNATURE}1111000c${IPV4}`, "hex"), "the PROXY header is of version 1, not of 2"],
    [Buffer.from(`${SIGNATURE}2111ffff${IPV4}`, "hex"), "the PROXY header has 65551 bytes, 4096 are the most"],
  ];
  for (const [header, expected] of table) {
    const bytes = typeof header === "string" ? Buffer.from(header, "latin1") : header;
    for (const parts of [[Number.POSITIVE_INFINITY], [1], [3, 5]]) {
      const { progress } = read(bytes, parts);
      const found =
        progress.kind === "header" ? progress.header : progress.kind === "wrong" ? progress.reason : progress;
      assert.deepEqual(found, expected, String(header));
    }
  }
});

const PORT = fc.integer({ min: 0, max: 65_535 });
const V4 = fc.record({ host: fc.ipV4(), port: PORT });
const V6 = fc.record({ host: fc.ipV6(), port: PORT });
const ENDS = fc.oneof(
  fc.record({ from: V4, to: V4 }),
  fc.record({ from: V6, to: V6 }),
  fc.record({ from: V4, to: V6 }),
);
const VERSION = fc.constantFrom<ProxyVersion>("v1", "v2");
const PARTS = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

function canonical({ from, to }: Endpoints): Endpoints {
  const plain = ({ host, port }: Endpoints["from"]) => ({ host: canonicalAddress(host), port });
  return { from: plain(from), to: plain(to) };
}

test("law: what is written is read, whatever the cuts, and not a byte behind it is taken", () => {
  fc.assert(
    fc.property(
      VERSION,
      fc.option(ENDS, { nil: undefined }),
      PARTS,
      fc.uint8Array(),
      (version, ends, parts, behind) => {
        const header = proxyHeader(version, ends);
        const { progress, taken } = read(Buffer.concat([header, behind]), parts);
        assert.equal(taken, header.length);
        const kind = progress.kind === "header" ? progress.header : assert.fail(progress.kind);
        if (ends === undefined) assert.deepEqual(kind, OWN);
        else assert.deepEqual(kind.kind === "client" && canonical(kind.endpoints), canonical(ends));
      },
    ),
  );
});

test("law: any bytes come to an end within the caps, the same whatever the cuts", () => {
  const start = fc.constantFrom(
    "",
    "PROXY ",
    "PROXY TCP4 ",
    "PROXY UNKNOWN",
    "\r\n\r\n\0\r\nQUIT\n",
    "\r\n\r\n\0\r\nQUIT\n\x21\x11",
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ minLength: 0, maxLength: 300 }), PARTS, (begin, more, parts) => {
      const bytes = Buffer.concat([Buffer.from(begin, "latin1"), more]);
      const [one, other] = [read(bytes), read(bytes, parts)];
      assert.ok(one.taken <= 4096);
      if (one.progress.kind !== "wants") assert.equal(other.progress.kind, one.progress.kind);
      if (one.progress.kind === "header") assert.deepEqual(other, one);
      if (begin.startsWith("PROXY") && bytes.length >= 107) assert.notEqual(one.progress.kind, "wants");
    }),
  );
});

test("an address that is none is told as unknown", () => {
  const local: Endpoints = { from: { host: "127.0.0.1", port: 0 }, to: { host: "", port: 0 } };
  assert.equal(proxyHeader("v1", local).toString(), "PROXY UNKNOWN\r\n");
  assert.equal(proxyHeader("v2", local).toString("hex"), `${SIGNATURE}20000000`);
});
