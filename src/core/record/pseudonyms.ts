/** Values that get pseudonyms of their own; beyond them, all look the same. */
const MAX_VALUES = 10_000;

/**
 * Replaces values by others of the same length and kind: digits by digits, letters by letters. The same value always gets the same pseudonym, so
 * that a reader still sees what belongs together.
 */
export class Pseudonyms {
  readonly #numbers = new Map<string, number>();

  /** The pseudonym of a value. */
  of(value: Buffer): Buffer {
    const text = value.toString("latin1");
    const number = this.#numberOf(text);
    return isText(value) ? Buffer.from(likeText(text, number), "latin1") : likeBytes(value, number);
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MAX_VALUES) return 0;
    const number = this.#numbers.size + 1;
    this.#numbers.set(text, number);
    return number;
  }
}

/** They show the form of an address, a date or a list of cookies; other signs may be what a password is made of. */
const SEPARATORS = /[\s.:,;_/=-]/;

/** Printable ASCII; registers fill the end of a text with zeros. */
function isText(value: Buffer): boolean {
  const length = value.findLastIndex((byte) => byte !== 0) + 1;
  return length > 0 && /^[\x20-\x7e]+$/.test(value.toString("latin1", 0, length));
}

/** The digits of the number take the places of digits, from the right; letters become x or X, in hexadecimal numbers a or A. */
function likeText(text: string, number: number): string {
  const [small, large] = /^[0-9a-f:.-]*$/i.test(text) ? ["a", "A"] : ["x", "X"];
  let rest = number;
  return text
    .split("")
    .reverse()
    .map((character) => {
      if (/[a-z]/.test(character)) return small;
      if (/[A-Z]/.test(character)) return large;
      if (!/\d/.test(character)) return SEPARATORS.test(character) ? character : "*";
      const digit = rest % 10;
      rest = Math.floor(rest / 10);
      return String(digit);
    })
    .reverse()
    .join("");
}

function likeBytes({ length }: Buffer, number: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (length > 1) bytes.writeUInt16BE(number, length - 2);
  else bytes.fill(number & 0xff);
  return bytes;
}
