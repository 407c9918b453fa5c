const POLYNOMIAL = 0xa001; // 0x8005 with its bits reversed
const START = 0xffff;

/** The CRC is sent in two bytes, the low one first. */
export const CRC_LENGTH = 2;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  return crc;
});

function step(crc: number, byte: number): number {
  return (crc >> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
}

/** The CRC of Modbus over the bytes from `start` to before `end` (MODBUS over Serial Line V1.02, 6.2.2). */
export function crc16(bytes: Buffer, start = 0, end = bytes.length): number {
  let crc = START;
  for (let at = start; at < end; at += 1) crc = step(crc, bytes[at] ?? 0);
  return crc;
}

/** Whether the last two of these bytes are the CRC of those before. */
export function crcFits(bytes: Buffer, start: number, end: number): boolean {
  return crc16(bytes, start, end - CRC_LENGTH) === bytes.readUInt16LE(end - CRC_LENGTH);
}

/**
 * The least length, from `min` to `max`, at which the bytes from `start` on end in their CRC; nothing when there is none among
 * the bytes that are there. (The CRC over a message and its CRC is 0: one pass tries them all.)
 */
export function shortestWithCrc(bytes: Buffer, start: number, min: number, max: number): number | undefined {
  const most = Math.min(max, bytes.length - start);
  let crc = START;
  for (let length = 1; length <= most; length += 1) {
    crc = step(crc, bytes[start + length - 1] ?? 0);
    if (crc === 0 && length >= min) return length;
  }
  return undefined;
}
