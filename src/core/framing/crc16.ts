const POLYNOMIAL = 0xa001; // 0x8005 with its bits reversed
const START = 0xffff;

/** Bytes of a CRC. The low byte goes first. */
export const CRC_LENGTH = 2;

/** Made for the first CRC: 2,000 steps wake the optimising compiler, which takes 5 MB of memory (docs/benchmarks.md). */
let madeTable: Uint16Array | undefined;

function table(): Uint16Array {
  madeTable ??= Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    return crc;
  });
  return madeTable;
}

function step(crc: number, byte: number): number {
  return (crc >> 8) ^ (table()[(crc ^ byte) & 0xff] ?? 0);
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
 * How long the message is that ends with its own CRC, where nothing else tells its length. One pass tries all lengths from `min` to `max`, because
 * the CRC over a message with its CRC is 0. Of several lengths that fit, by chance, it is the one that ends with the last byte that is there, or else the
 * shortest. Zeros change no CRC of 0: of two and more behind a CRC none counts, and one counts where nothing follows, or the same unit.
 *
 * @returns undefined where no length fits
 */
export function lengthByCrc(bytes: Buffer, start: number, min: number, max: number): number | undefined {
  const limit = Math.min(max, bytes.length - start);
  let shortest: number | undefined;
  let crc = START;
  for (let length = 1; length <= limit; length += 1) {
    crc = step(crc, bytes[start + length - 1] ?? 0);
    if (crc === 0 && length >= min) shortest ??= length;
  }
  if (shortest === undefined || shortest === limit) return shortest;
  const behind = bytes.subarray(start + shortest);
  if (behind[0] !== 0) return crc === 0 && limit === bytes.length - start ? limit : shortest;
  const isLastZero = behind.length === 1 || (behind[1] !== 0 && behind[1] === bytes[start]);
  return isLastZero ? shortest + 1 : shortest;
}
