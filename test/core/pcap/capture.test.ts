import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ByteEvent, ByteLine, Side } from "#src/core/monitor/byte-event.js";
import { endpointOf } from "#src/core/pcap/addresses.js";
import { Capture } from "#src/core/pcap/capture.js";
import { sumOf } from "#src/core/pcap/ip-packet.js";
import { captureHead, quietBlock } from "#src/core/pcap/pcapng.js";

/** A packet of a capture, taken apart by the numbers of the RFCs. */
interface Packet {
  readonly comment: string;
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  readonly ack: number;
  readonly flags: string;
  readonly data: Buffer;
}

const V4: [string, string] = ["192.168.1.7:54222", "10.0.3.162:502"];
const OPEN: ByteEvent = { kind: "open", joined: false, view: "hex", transport: "tcp", from: V4[0], to: V4[1] };

/** Reads the blocks of pcapng: their lengths agree, in front and behind. */
function blocksIn(bytes: Buffer): { type: number; body: Buffer }[] {
  const blocks = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    assert.equal(bytes.readUInt32LE(at + length - 4), length);
    assert.equal(length % 4, 0);
    blocks.push({ type: bytes.readUInt32LE(at), body: bytes.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

function packetsIn(bytes: Buffer): Packet[] {
  return blocksIn(bytes).map(({ type, body }) => {
    assert.equal(type, 6);
    const length = body.readUInt32LE(12);
    const rest = body.subarray(20 + length + (-length & 3));
    const comment = rest.length === 0 ? "" : rest.toString("utf8", 4, 4 + rest.readUInt16LE(2));
    return { comment, ...readIp(body.subarray(20, 20 + length)) };
  });
}

function readIp(ip: Buffer): Omit<Packet, "comment"> {
  const isV4 = ip.readUInt8(0) >> 4 === 4;
  if (isV4) {
    assert.equal(ip.readUInt16BE(2), ip.length);
    assert.equal(sumOf(ip.subarray(0, 20)) % 0xffff, 0, "the checksum of the IPv4 header");
  } else assert.equal(ip.readUInt16BE(4), ip.length - 40);
  const [addresses, payload] = isV4 ? [ip.subarray(12, 20), ip.subarray(20)] : [ip.subarray(8, 40), ip.subarray(40)];
  const protocol = ip.readUInt8(isV4 ? 9 : 6);
  assert.equal(
    (sumOf(addresses) + protocol + payload.length + sumOf(payload)) % 0xffff,
    0,
    "the checksum of the payload",
  );
  const half = addresses.length / 2;
  const place = (at: number, port: number): string =>
    `${addresses.subarray(at, at + half).toString("hex")}:${payload.readUInt16BE(port)}`;
  const [from, to] = [place(0, 0), place(half, 2)];
  if (protocol === 17) return { from, to, seq: 0, ack: 0, flags: "udp", data: payload.subarray(8) };
  const bits = payload.readUInt8(13);
  const flags = ["F", "S", "R", "P", "A"].filter((_, bit) => bits & (1 << bit)).join("");
  const data = payload.subarray((payload.readUInt8(12) >> 4) * 4);
  return { from, to, seq: payload.readUInt32BE(4), ack: payload.readUInt32BE(8), flags, data };
}

function line(event: ByteEvent, side: Side = "relay", connection = "c"): ByteLine {
  const stream = { connection, listener: 5020, client: V4[0], server: "meter.local:502", side };
  return { kind: "event", epochMs: 1_764_470_880_123, stream, event };
}

function captured(...lines: readonly ByteLine[]): Packet[] {
  const capture = new Capture();
  return packetsIn(Buffer.concat([...lines.map((each) => capture.push(each)), capture.settle()]));
}

const flagsOf = (packets: readonly Packet[]): string => packets.map(({ flags }) => flags).join(" ");
const said = (direction: "up" | "down", bytes: Buffer): ByteLine => line({ kind: "bytes", direction, bytes });
const closed = (text: string): ByteLine => line({ kind: "connection", event: "DISCONNECT", text });

test("sequence numbers have no gaps, acknowledgements no doubts, and the data joined is the stream", () => {
  const chunk = fc.tuple(fc.constantFrom("up" as const, "down" as const), fc.integer({ min: 0, max: 70_000 }));
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), fc.boolean(), (chunks, joined) => {
      const bytes = chunks.map(([direction, size]) => ({ direction, bytes: Buffer.alloc(size, size) }));
      const packets = captured(
        line({ ...OPEN, joined }),
        ...bytes.map(({ direction, bytes }) => said(direction, bytes)),
        line({ kind: "end", direction: "up" }),
        line({ kind: "end", direction: "down" }),
      );
      for (const direction of ["up", "down"] as const) {
        const isMine = ({ from }: Packet): boolean => from.startsWith(direction === "up" ? "c0a80107" : "0a0003a2");
        const mine = packets.filter(isMine);
        const whole = Buffer.concat(bytes.flatMap((each) => (each.direction === direction ? [each.bytes] : [])));
        assert.ok(Buffer.concat(mine.map(({ data }) => data)).equals(whole));
        let next = mine[0]?.seq ?? 0;
        for (const { seq, flags, data } of mine) {
          assert.equal(seq, next);
          assert.ok(data.length < 65_536);
          next = (next + data.length + (/[SF]/.test(flags) ? 1 : 0)) >>> 0;
        }
        const last = packets.findLast((packet) => !isMine(packet) && packet.flags.includes("A"));
        assert.equal(last?.ack, next, "the other side has acknowledged everything");
      }
    }),
    { numRuns: 40 },
  );
});

test("a connection begins and ends as it did, where that is known", () => {
  const data = said("up", Buffer.from("x"));
  const [up, down] = [line({ kind: "end", direction: "up" }), line({ kind: "end", direction: "down" })];
  const table: [string, ByteLine[], string][] = [
    ["client ends first", [line(OPEN), data, up, down, closed("by client; 1 s")], "S SA A PA FA FA A"],
    ["the daemon closes both", [line(OPEN), closed("RTIM: the remote was silent for 5 ms")], "S SA A FA FA A"],
    ["reset by the client", [line(OPEN), data, up, down, closed("reset by client (read ECONNRESET)")], "S SA A PA RA"],
    ["reset behind an end", [line(OPEN), closed("by client, then reset by remote (x)")], "S SA A RA"],
    ["in its middle", [line({ ...OPEN, joined: true }), data], "PA"],
    ["the beginning was missed", [data], "PA"],
    ["refused", [line({ kind: "connection", event: "ERROR", text: "connection refused" })], "S RA"],
  ];
  for (const [name, lines, flags] of table) assert.equal(flagsOf(captured(...lines)), flags, name);
  const reset = captured(line(OPEN), closed("reset by remote (read ECONNRESET)")).at(-1);
  assert.equal(reset?.from, "0a0003a2:502");
});

test("addresses and ports are those of client and server; IPv4 beside IPv6 is mapped; a name has no address", () => {
  const table: [string, string, string, string][] = [
    [...V4, "c0a80107:54222", "0a0003a2:502"],
    ["[2001:db8::7]:1", "[::1]:2", "20010db8000000000000000000000007:1", `${"0".repeat(31)}1:2`],
    ["[2001:db8::7]:1", "10.0.3.162:502", "20010db8000000000000000000000007:1", "00000000000000000000ffff0a0003a2:502"],
    ["192.168.1.7:1", "meter.local:502", "c0a80107:1", "00000000:502"],
  ];
  for (const [from, to, source, target] of table) {
    const [first] = captured(line({ ...OPEN, from, to }));
    assert.deepEqual([first?.from, first?.to], [source, target]);
  }
  assert.equal(endpointOf("local socket"), undefined);
});

test("UDP: datagrams, with neither beginning nor end", () => {
  const packets = captured(
    line({ ...OPEN, transport: "udp" }),
    said("up", Buffer.from("odd")),
    said("down", Buffer.alloc(65_507)),
  );
  assert.deepEqual(
    packets.map(({ flags, data }) => [flags, data.length]),
    [
      ["udp", 3],
      ["udp", 65_507],
    ],
  );
});

test("the sides of a shared device are conversations of their own; a gap is told, and numbers go on behind it", () => {
  const capture = new Capture();
  const open = (side: Side, from: string) => capture.push(line({ ...OPEN, from }, side));
  const clientSide = packetsIn(open("client", V4[0]));
  const serverSide = packetsIn(open("server", "10.0.0.1:4000"));
  assert.deepEqual([clientSide[0]?.from, serverSide[0]?.from], ["c0a80107:54222", "0a000001:4000"]);
  assert.notEqual(clientSide[0]?.seq, serverSide[0]?.seq);
  const bytes = (side: Side): Packet | undefined =>
    packetsIn(capture.push(line({ kind: "bytes", direction: "up", bytes: Buffer.from("1234") }, side)))[0];
  const before = bytes("client");
  assert.equal(capture.push({ kind: "gap", missing: 12 }).length, 0);
  const behind = bytes("client");
  assert.match(behind?.comment ?? "", /12 messages are missing/);
  assert.equal(behind?.seq, (before?.seq ?? 0) + 4);
  capture.interrupt();
  assert.match(bytes("client")?.comment ?? "", /the daemon was away/);
});

test("a capture begins with its section and its interface", () => {
  const [section, link, ...more] = blocksIn(captureHead("sockproxyd 1.2.3"));
  assert.deepEqual([section?.type, link?.type, more.length], [0x0a0d0d0a, 1, 0]);
  assert.equal(section?.body.readUInt32LE(0), 0x1a2b3c4d);
  assert.equal(link?.body.readUInt16LE(0), 101);
  assert.match(section?.body.toString("latin1") ?? "", /sockproxyd 1\.2\.3/);
  assert.deepEqual(
    blocksIn(quietBlock(1)).map(({ type, body }) => [type, body.readUInt32LE(8)]),
    [[5, 1000]],
  );
});
