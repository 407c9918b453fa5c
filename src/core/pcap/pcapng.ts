// PCAP Next Generation, draft-ietf-opsawg-pcapng: blocks of little-endian numbers, padded to 32 bits.

const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const OPTION = { end: 0, comment: 1, interfaceName: 2, application: 4 } as const;
const BYTE_ORDER = 0x1a2b3c4d;
/** Packets begin with their IPv4 or IPv6 header (LINKTYPE_RAW). */
const LINKTYPE_RAW = 101;
const BLOCK_FRAME = 12; // type, and the length twice
const MICROSECONDS = 1000; // in a millisecond; times count microseconds by default
const HIGH = 0x1_0000_0000;

/** The beginning of a capture. @param application its writer: `sockproxyd 1.9.0` */
export function captureHead(application: string): Buffer {
  const section = Buffer.alloc(16, 0xff); // the length of the section is not known: -1
  section.writeUInt32LE(BYTE_ORDER);
  section.writeUInt16LE(1, 4);
  section.writeUInt16LE(0, 6);
  const link = Buffer.alloc(8); // 0: packets are not cut
  link.writeUInt16LE(LINKTYPE_RAW);
  return Buffer.concat([
    block(BLOCK.section, section, option(OPTION.application, application)),
    block(BLOCK.interface, link, option(OPTION.interfaceName, "sockproxyd")),
  ]);
}

/** A packet. @param epochMs since 1970. @param comment shown beside it; empty: none */
export function packetBlock(epochMs: number, packet: Buffer, comment = ""): Buffer {
  const head = Buffer.alloc(20); // of interface 0
  writeTime(head, epochMs);
  head.writeUInt32LE(packet.length, 12);
  head.writeUInt32LE(packet.length, 16);
  return block(BLOCK.packet, Buffer.concat([head, padded(packet)]), option(OPTION.comment, comment));
}

/** Says that no packet has come until this time: a live reader that has gone is noticed so. @param epochMs since 1970 */
export function quietBlock(epochMs: number): Buffer {
  const body = Buffer.alloc(12); // of interface 0
  writeTime(body, epochMs);
  return block(BLOCK.statistics, body, Buffer.alloc(0));
}

/** Interface and time stand at the beginning of both kinds of blocks. */
function writeTime(body: Buffer, epochMs: number): void {
  const time = Math.round(epochMs * MICROSECONDS);
  body.writeUInt32LE(Math.floor(time / HIGH), 4);
  body.writeUInt32LE(time % HIGH, 8);
}

/** @param body whose length is a multiple of 4 */
function block(type: number, body: Buffer, options: Buffer): Buffer {
  const length = BLOCK_FRAME + body.length + options.length;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(type);
  bytes.writeUInt32LE(length, 4);
  body.copy(bytes, 8);
  options.copy(bytes, 8 + body.length);
  bytes.writeUInt32LE(length, length - 4);
  return bytes;
}

/** An option and the end of options; nothing for an empty text. */
function option(code: number, text: string): Buffer {
  if (text === "") return Buffer.alloc(0);
  const value = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value), Buffer.alloc(4)]);
}

function padded(bytes: Buffer): Buffer {
  const missing = -bytes.length & 3;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}
