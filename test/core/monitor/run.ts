import assert from "node:assert/strict";
import type { Message, MessageParser, View } from "#src/core/monitor/view.js";

export type Direction = "up" | "down";

/** A message as it was when it came; its bytes are a string, one character each. */
export interface Seen {
  readonly bytes: string;
  readonly note?: string;
  /** Why it is junk; of several in a row, the first reason. */
  readonly junk?: string;
  readonly text: string;
  readonly fault?: string;
  readonly decoded?: string;
}

/** Pushes chunks into one parser and ends it. Each chunk is overwritten once it has been pushed, as a read buffer is. */
export function watch(view: View, parser: MessageParser, chunks: readonly Buffer[], direction: Direction): Seen[] {
  const seen: Seen[] = [];
  for (const chunk of chunks) {
    const buffer = Buffer.from(chunk);
    for (const message of parser.push(buffer)) seen.push(show(view, message, direction));
    buffer.fill(0xaa);
  }
  for (const message of parser.end()) seen.push(show(view, message, direction));
  return seen;
}

function show(view: View, message: Message, direction: Direction): Seen {
  const { bytes, ...about } = message;
  const decoded = view.decode?.(message, direction)?.text;
  return {
    ...about,
    bytes: bytes.toString("latin1"),
    ...view.render(message),
    ...(decoded !== undefined && { decoded }),
  };
}

/** Neighbouring junk as one; how it looks and why it is junk is left out, since that depends on how it came. */
export function mergeJunk(seen: readonly Seen[]): Partial<Seen>[] {
  const merged: Partial<Seen>[] = [];
  for (const one of seen) {
    const last = merged.at(-1);
    const isPlainJunk = one.junk !== undefined && one.note === undefined;
    if (!isPlainJunk) merged.push(one);
    else if (last?.junk === "") merged[merged.length - 1] = { junk: "", bytes: `${last.bytes}${one.bytes}` };
    else merged.push({ junk: "", bytes: one.bytes });
  }
  return merged;
}

/** The texts of what is seen, with the faults of those that have one: `text !! fault`. */
export function texts(seen: readonly Seen[]): string[] {
  return seen.map(({ text, fault }) => (fault === undefined ? text : `${text} !! ${fault}`));
}

/** What an up parser makes of a stream that comes at once; a byte at a time it must make the same. */
export function seenUp(view: View, input: Buffer): Seen[] {
  const whole = watch(view, view.createParsers().up, [input], "up");
  const single = watch(
    view,
    view.createParsers().up,
    Array.from(input, (_, at) => input.subarray(at, at + 1)),
    "up",
  );
  assert.deepEqual(mergeJunk(single), mergeJunk(whole));
  return whole;
}
