import type { Problem } from "../health/problem.js";

/**
 * Work on all lines and connections, of which there may be thousands: whoever has it done may serve others at each `yield`. What it yields is a
 * piece of text without a character, so that it can go before the pieces of a reply.
 */
export type Gathering<T> = Generator<"", T, void>;

/** What a function makes of each item, with a pause behind each. */
export function* gatherEach<Item, Made>(items: Iterable<Item>, make: (item: Item) => Made): Gathering<Made[]> {
  const all: Made[] = [];
  for (const item of items) {
    all.push(make(item));
    yield "";
  }
  return all;
}

/** The pieces of a reply that needs the whole of something first. */
export function* piecesOf<T>(gathering: Gathering<T>, pieces: (whole: T) => Iterable<string>): Generator<string> {
  yield* pieces(yield* gathering);
}

/** Has all of it done at once: for where nobody waits. */
export function gatherNow<T>(gathering: Gathering<T>): T {
  for (;;) {
    const { done, value } = gathering.next();
    if (done) return value;
  }
}

/** By what a line is called: as {@link Problem.line} has it, or else by its port or its server. */
export type LineNames = readonly [key: string, other: string];

/** Something that has a place in the status as a line, or as a part of one. */
export interface NamedLine {
  readonly lineNames: LineNames;
}

/** Which lines are looked at. */
export type WantedLines = (line: NamedLine) => boolean;

export const ALL_LINES: WantedLines = () => true;
