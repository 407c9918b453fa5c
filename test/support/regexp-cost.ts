import { cpuMilliseconds, leastCpuMilliseconds } from "./cpu.js";

/** A part of a regular expression, as far as the search for inputs needs it. */
type Part =
  /** One character out of those that the part matches. */
  | { readonly kind: "character"; readonly matches: RegExp }
  /** `empty`: the part matches a position, not a character. */
  | { readonly kind: "group"; readonly choices: readonly (readonly Part[])[]; readonly empty: boolean }
  | { readonly kind: "repetition"; readonly of: Part; readonly least: number; readonly endless: boolean };

/** An input of any length: its middle part is repeated. */
interface Shape {
  readonly before: string;
  readonly middle: string;
  readonly after: string;
}

const LENGTHS = [8, 12, 16, 20, 24, 28, 32, ...Array.from({ length: 9 }, (_, n) => 64 << n)]; // small steps at first: some times grow exponentially
const FLOOR_MS = 10; // a linear expression stays far below, even for the longest input
const MOST_GROWTH = 3; // growth of the time for twice the length
const MIDDLES = [" ", "\t", "\n", "0", "a", "A", ",", '"', "\\", "/", ".", ":", " ,", "a.", "0:"];
const AFTERS = ["", "\0", "\n", "!"];
const CANDIDATES = [...Array(256).keys()].map((code) => String.fromCharCode(code)).concat("\u2028", "\uffff");

/** Parses the source of a regular expression: groups, classes, repetitions, and the characters that other parts match. */
class Reader {
  #at = 0;
  readonly #source: string;
  readonly #flags: string;

  constructor({ source, flags }: RegExp) {
    this.#source = source;
    this.#flags = flags.replace(/[gmy]/g, "");
  }

  choices(): Part[][] {
    const choices: Part[][] = [[]];
    for (; this.#at < this.#source.length && this.#source[this.#at] !== ")"; ) {
      if (this.#take(/\|/y) !== undefined) choices.push([]);
      else choices.at(-1)?.push(...this.#repeated(this.#part()));
    }
    return choices;
  }

  #part(): Part | undefined {
    if (this.#take(/\^|\$|\\[bB]|\\[1-9]/y) !== undefined) return undefined;
    const open = this.#take(/\((?:\?(?:[:=!]|<[=!]|<\w+>))?/y);
    if (open !== undefined) {
      const choices = this.choices();
      this.#at += 1; // the closing bracket
      return { kind: "group", choices, empty: /[=!]$/.test(open) };
    }
    const raw = this.#take(/\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[^}]*\}|\\u....|\\x..|\\c.|\\.|./sy) ?? "";
    return { kind: "character", matches: new RegExp(`^${raw}$`, this.#flags) };
  }

  #repeated(of: Part | undefined): Part[] {
    const sign = this.#take(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
    if (of === undefined) return [];
    if (sign === undefined) return [of];
    const least = sign.startsWith("{") ? Number.parseInt(sign.slice(1), 10) : Number(sign.startsWith("+"));
    return [{ kind: "repetition", of, least, endless: /^[*+]|,\}/.test(sign) }];
  }

  #take(what: RegExp): string | undefined {
    what.lastIndex = this.#at;
    const [found] = what.exec(this.#source) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }
}

function charactersOf(parts: readonly Part[]): RegExp[] {
  return parts.flatMap((part) => {
    if (part.kind === "character") return [part.matches];
    return part.kind === "group" ? part.choices.flatMap(charactersOf) : charactersOf([part.of]);
  });
}

/** One character of each class that the expression tells apart. */
function alphabetOf(choices: readonly (readonly Part[])[]): string[] {
  const classes = choices.flatMap(charactersOf);
  const ways = new Map<string, string>();
  for (const character of CANDIDATES) {
    const way = classes.map((matches) => Number(matches.test(character))).join("");
    if (way.includes("1") && !ways.has(way)) ways.set(way, character);
  }
  return [...ways.values()];
}

/** Makes inputs for one expression. */
class Shapes {
  readonly found: Omit<Shape, "after">[] = [];
  readonly #alphabet: readonly string[];

  constructor(expression: RegExp) {
    const choices = new Reader(expression).choices();
    this.#alphabet = alphabetOf(choices);
    for (const choice of choices) this.#walk(choice, "");
  }

  /** Collects the parts that repeat without limit, each with a text that leads to it. */
  #walk(parts: readonly Part[], start: string): void {
    let before = start;
    for (const part of parts) {
      const of = part.kind === "repetition" ? part.of : part;
      if (of.kind === "group") for (const choice of of.choices) this.#walk(choice, before);
      if (part.kind === "repetition" && part.endless)
        this.found.push(...this.#samples(part.of).map((middle) => ({ before, middle })));
      before += this.#example(part);
    }
  }

  #samples(part: Part): string[] {
    if (part.kind === "character") return this.#alphabet.filter((character) => part.matches.test(character));
    if (part.kind === "repetition") return this.#samples(part.of);
    return part.choices.map((choice) => choice.map((each) => this.#example(each)).join("")).filter(Boolean);
  }

  #example(part: Part): string {
    if (part.kind === "character") return this.#alphabet.find((character) => part.matches.test(character)) ?? "";
    if (part.kind === "repetition") return this.#example(part.of).repeat(Math.max(1, part.least));
    return part.empty ? "" : (part.choices[0] ?? []).map((each) => this.#example(each)).join("");
  }
}

function searching(expression: RegExp, { before, middle, after }: Shape, length: number): () => void {
  const text = before + middle.repeat(Math.ceil(length / middle.length)) + after;
  return () => {
    text.split(expression);
    text.replace(expression, "");
  };
}

/** The input length from which the time grows faster than the input; undefined when it never does. */
function steepAt(expression: RegExp, shape: Shape): number | undefined {
  for (const [index, length] of LENGTHS.entries()) {
    const search = searching(expression, shape, length);
    if (cpuMilliseconds(search) < FLOOR_MS) continue;
    const ms = leastCpuMilliseconds(search);
    const shorter = searching(expression, shape, LENGTHS[index - 1] ?? 1);
    if (ms > FLOOR_MS && ms > MOST_GROWTH * leastCpuMilliseconds(shorter)) return length;
  }
  return undefined;
}

/**
 * Searches an input whose time grows faster than its length. The inputs repeat the parts that the expression itself repeats, behind a text
 * that leads there, and the most common characters; each input has an end that may fail to match.
 *
 * @returns a description of such an input, or undefined
 */
export function worstInput(expression: RegExp): string | undefined {
  const everywhere = new RegExp(expression.source, [...new Set(`${expression.flags.replace("y", "")}g`)].join(""));
  const own = new Shapes(expression).found;
  for (const { before, middle } of [...own, ...MIDDLES.map((each) => ({ before: "", middle: each }))]) {
    for (const after of AFTERS) {
      const length = steepAt(everywhere, { before, middle, after });
      if (length === undefined) continue;
      return `${JSON.stringify(before)}, then ${JSON.stringify(middle)} up to ${length} characters, then ${JSON.stringify(after)}`;
    }
  }
  return undefined;
}
