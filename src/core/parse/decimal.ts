/** An exact decimal number: `digits` divided by ten to the power of `places`. Never with a trailing zero behind the point. */
export interface Decimal {
  readonly digits: bigint;
  /** 0 or more. */
  readonly places: number;
}

const MAX_EXPONENT = 400; // a float64 has none beyond 324

/** Makes a number of its digits, with as few places as it takes. */
function decimal(digits: bigint, places: number): Decimal {
  let [rest, left] = places < 0 ? [digits * 10n ** BigInt(-places), 0] : [digits, places];
  while (left > 0 && rest % 10n === 0n) {
    rest /= 10n;
    left -= 1;
  }
  return { digits: rest, places: left };
}

/** A whole number. */
export function wholeDecimal(value: bigint): Decimal {
  return { digits: value, places: 0 };
}

/** Reads `-12.50`, `5`, `1e-3`, and what JavaScript prints for a finite number; undefined: the text is no such number. */
export function parseDecimal(text: string): Decimal | undefined {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  if (found === null) return undefined;
  const [, sign = "", whole = "", fraction = "", power = "0"] = found;
  const exponent = Number(power);
  if (Math.abs(exponent) > MAX_EXPONENT || text.length > MAX_EXPONENT) return undefined;
  return decimal(BigInt(`${sign}${whole}${fraction}`), fraction.length - exponent);
}

/** The exact product. */
export function times(one: Decimal, other: Decimal): Decimal {
  return decimal(one.digits * other.digits, one.places + other.places);
}

/** The exact sum. */
export function plus(one: Decimal, other: Decimal): Decimal {
  const places = Math.max(one.places, other.places);
  return decimal(scaled(one, places) + scaled(other, places), places);
}

function scaled({ digits, places }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(to - places);
}

/** Rounds to so many places behind the point, halves away from zero. */
export function rounded(value: Decimal, places: number): Decimal {
  if (value.places <= places) return value;
  const unit = 10n ** BigInt(value.places - places);
  const half = value.digits < 0n ? -unit / 2n : unit / 2n;
  return decimal((value.digits + half) / unit, places);
}

/** The number in digits, `-12.5`; `minPlaces`: at least so many of them behind the point. */
export function formatDecimal(value: Decimal, minPlaces = 0): string {
  const places = Math.max(value.places, minPlaces);
  const digits = scaled(value, places);
  const text = (digits < 0n ? -digits : digits).toString().padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places);
  return `${digits < 0n ? "-" : ""}${whole}${places === 0 ? "" : `.${text.slice(-places)}`}`;
}
