import assert from "node:assert/strict";
import type { Cut, Framing, HttpHead } from "#src/core/framing/framing.js";

/** A cut in a form that does not depend on chunks; its bytes are a string, one character each. */
export interface Piece {
  readonly kind: Cut["kind"];
  readonly bytes: string;
  readonly heads: readonly HttpHead[];
  /** Of junk: the first reason. */
  readonly reason?: string;
}

/**
 * Pushes the chunks and ends. Parts of a message are joined with what follows, and neighbouring junk. Each chunk is overwritten
 * once it has been pushed, as a read buffer is.
 */
export function pieces(framing: Framing, chunks: readonly Buffer[], maxHeld = Number.POSITIVE_INFINITY): Piece[] {
  const found: Piece[] = [];
  for (const chunk of chunks) {
    const buffer = Buffer.from(chunk);
    for (const cut of framing.push(buffer)) add(found, cut);
    buffer.fill(0xaa);
    assert.ok(framing.held <= maxHeld, `${framing.held} bytes held`);
  }
  for (const cut of framing.end()) add(found, cut);
  assert.equal(framing.held, 0);
  return found;
}

function add(found: Piece[], cut: Cut): void {
  const bytes = cut.bytes.toString("latin1");
  const heads = cut.kind !== "junk" && cut.head !== undefined ? [cut.head] : [];
  const last = found.at(-1);
  if (cut.kind === "junk") {
    assert.ok(cut.reason.length > 10 && bytes.length > 0);
    if (last?.kind === "junk") found[found.length - 1] = { ...last, bytes: last.bytes + bytes };
    else found.push({ kind: "junk", bytes, heads, reason: cut.reason });
  } else if (last?.kind === "part") {
    found[found.length - 1] = { kind: cut.kind, bytes: last.bytes + bytes, heads: [...last.heads, ...heads] };
  } else {
    found.push({ kind: cut.kind, bytes, heads });
  }
}

/** Cuts a buffer at the given places. */
export function cutAt(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

/**
 * As {@link cutAt}, for bare RTU: not beside a zero. Behind a function code without a known length, only what comes at once tells whether the CRC
 * ends with that zero.
 */
export function cutApartFromZeros(whole: Buffer, places: readonly number[]): Buffer[] {
  const apart = places.filter((place) => {
    const at = place % (whole.length + 1);
    return whole[at - 1] !== 0 && whole[at] !== 0;
  });
  return cutAt(whole, apart);
}

/** The bytes as a string of one character each, or as numbers. */
export function bytes(...parts: readonly (string | readonly number[])[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part))),
  );
}

/** What comes out, the same whole and byte by byte: `frame`, `part` and `junk` with their bytes. */
export function outcome(make: () => Framing, input: Buffer): Piece[] {
  const whole = pieces(make(), [input]);
  const byteByByte = pieces(
    make(),
    Array.from(input, (_, at) => input.subarray(at, at + 1)),
  );
  assert.deepEqual(
    byteByByte.map(({ kind, bytes }) => [kind, bytes]),
    whole.map(({ kind, bytes }) => [kind, bytes]),
  );
  return whole;
}

/** Holds what comes out against `[kind, bytes]` pairs; returns the reasons of the junk. */
export function expectCuts(
  make: () => Framing,
  input: Buffer,
  expected: readonly (readonly [Cut["kind"], Buffer | string])[],
): string[] {
  const found = outcome(make, input);
  assert.deepEqual(
    found.map(({ kind, bytes }) => [kind, bytes]),
    expected.map(([kind, bytes]) => [kind, bytes.toString("latin1")]),
  );
  return found.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
}
