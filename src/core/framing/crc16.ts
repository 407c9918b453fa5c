const POLYNOMIAL = 0xa001; // 0x8005 with its bits reversed
const START = 0xffff;

/** Bytes of a CRC. The low byte goes first. */
export const CRC_LENGTH = 2;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  return crc;
});

function step(crc: number, byte: number): number {
  return (crc >> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
}

/** The CRC of Modbus over the bytes from `start` up to `end`, exclusive (MODBUS over Serial Line V1.02, 6.2.2). */
export function crc16(bytes: Buffer, start = 0, end = bytes.length): number {
  let crc = START;
  for (let at = start; at < end; at += 1) crc = step(crc, bytes[at] ?? 0);
  return crc;
}

/** Whether the bytes from `start` up to `end`, exclusive, end with their own CRC. */
export function crcFits(bytes: Buffer, start: number, end: number): boolean {
  return crc16(bytes, start, end - CRC_LENGTH) === bytes.readUInt16LE(end - CRC_LENGTH);
}

/**
 * The shortest length from `min` to `max` at which the bytes from `start` on end with their own CRC; undefined when there is none. One pass
 * tries all lengths, because the CRC over a message with its CRC is 0. Where the CRC of a message ends with a zero, its bytes without that zero
 * end with a CRC, too. So one zero belongs to the message if nothing more is there yet, or the same unit follows.
 */
export function shortestWithCrc(bytes: Buffer, start: number, min: number, max: number): number | undefined {
  const limit = Math.min(max, bytes.length - start);
  let crc = START;
  for (let length = 1; length <= limit; length += 1) {
    crc = step(crc, bytes[start + length - 1] ?? 0);
    if (crc === 0 && length >= min) return length < limit && endsWithZero(bytes, start, length) ? length + 1 : length;
  }
  return undefined;
}

function endsWithZero(bytes: Buffer, start: number, length: number): boolean {
  const next = start + length + 1;
  return bytes[next - 1] === 0 && (next === bytes.length || (bytes[next] !== 0 && bytes[next] === bytes[start]));
}
