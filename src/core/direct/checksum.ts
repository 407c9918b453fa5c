const LETTER_A = 0x41;
/** Two letters and `>` at the end of a telegram. */
const CHECKSUM_SIZE = 2;
const SHORTEST = 1 + CHECKSUM_SIZE + 1;

/**
 * Whether a Conbus telegram, brackets included, ends with the right checksum: all bytes between `<` and it, by exclusive or, as
 * two letters from A to P, the high four bits first: `<S0000000000F01D00FA>`.
 */
export function hasRightChecksum(telegram: Buffer): boolean {
  if (telegram.length < SHORTEST) return false;
  const at = telegram.length - 1 - CHECKSUM_SIZE;
  let sum = 0;
  for (let index = 1; index < at; index += 1) sum ^= telegram[index] ?? 0;
  return telegram[at] === LETTER_A + (sum >> 4) && telegram[at + 1] === LETTER_A + (sum & 0x0f);
}
