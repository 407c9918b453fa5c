import type { LineFormat } from "../options/line-format.js";
import { findNamedRow, namesOf, type OptionText, withValue } from "../options/option-table.js";
import { didYouMean } from "../parse/near-miss.js";
import { fail, type Result } from "../parse/result.js";
import type { Entry } from "./ini-line.js";
import { LINE_KEYS } from "./line-keys.js";
import { formatPort, parseListen } from "./listen.js";
import type { Listen, PortLine, PortSection } from "./settings.js";

/** The reader of one section. */
export interface SectionReader {
  /** Takes one entry; returns its problem, or undefined. */
  read(entry: Entry, at: number): string | undefined;
  /** Ends the section; returns the problem of the section as a whole, or undefined. */
  end?(): string | undefined;
}

/** All lines of one kind that a file has: `[mux]` and every `[mux NAME]`. */
export class PortLines<T extends object, R> {
  readonly lines: PortLine<R>[] = [];
  readonly #section: PortSection;
  readonly #format: LineFormat<T, R>;
  readonly #parse: (text: string) => Result<R>;
  /** The line that has given each port. */
  readonly #givenAt = new Map<string, number>();

  /** @param parse reads the value of a one-line form */
  constructor(section: PortSection, format: LineFormat<T, R>, parse: (text: string) => Result<R>) {
    this.#section = section;
    this.#format = format;
    this.#parse = parse;
  }

  /** Reads `[mux]`: a line is `port=target options`, or `address:port=…`. */
  unnamed(): SectionReader {
    return {
      read: ({ key, value }, at) => {
        if (this.#knows(key)) return `${key} stands in a section with a name of your own: [${this.#section} NAME]`;
        const listen = this.#listen(key, at);
        if (!listen.ok) return listen.message;
        const route = this.#parse(value.replace(/^conn\s+/i, "")); // the original sockproxyd wants this word in [direct]
        if (!route.ok) {
          this.#givenAt.delete(formatPort(listen.value));
          return route.message;
        }
        this.lines.push({ ...listen.value, route: route.value });
        return listen.value.datagrams ? this.#format.datagramProblem?.(route.value) : undefined;
      },
    };
  }

  /** Reads `[mux NAME]`: each line of the file is a key or an option of the same mux. */
  named(name: string): SectionReader {
    const listens: Listen[] = [];
    const places: string[] = [];
    const given = new Map<string, number>();
    let options = this.#format.defaults;
    let wrong = false;

    const take = ({ key, value }: Entry, at: number): string | undefined => {
      if (key === "listen") return this.#takeListens(value, at, listens);
      if (key === this.#format.placeKey) return this.#takePlaces(value, places);
      const row = findNamedRow(this.#format.rows, key);
      if (row === undefined) return this.#unknown(key);
      const before = row.repeats ? undefined : given.get(row.name);
      if (before !== undefined) return `given twice, first in line ${before}`;
      given.set(row.name, at);
      const parsed = row.parse(value, "file");
      if (!parsed.ok) return `bad value${row.isSecret ? "" : ` "${shown(value)}"`}: ${parsed.message}`;
      options = withValue(options, row, parsed.value);
      return undefined;
    };
    return {
      read: (entry, at) => {
        const problem = take(entry, at);
        wrong ||= problem !== undefined;
        return problem;
      },
      end: () => {
        const [listen, ...alsoListens] = listens;
        if (wrong) return undefined; // the entry has told its problem, of which others may be a consequence
        if (listen === undefined) return "listen is missing: the port to listen on";
        const route = this.#format.build(places, options);
        if (!route.ok) return withLongNames(route.message, this.#format.rows);
        this.lines.push({ name, ...listen, ...(alsoListens.length > 0 && { alsoListens }), route: route.value });
        const problem = listens.some(({ datagrams }) => datagrams) && this.#format.datagramProblem?.(route.value);
        return problem ? withLongNames(problem, this.#format.rows) : undefined;
      },
    };
  }

  #takeListens(value: string, at: number, listens: Listen[]): string | undefined {
    for (const word of listOf(value)) {
      const listen = this.#listen(word, at);
      if (!listen.ok) return listen.message;
      listens.push(listen.value);
    }
    return undefined;
  }

  #takePlaces(value: string, places: string[]): string | undefined {
    for (const place of listOf(value)) {
      const alone = this.#format.checkPlace?.(place) ?? this.#format.build([place], this.#format.defaults);
      if (!alone.ok) return alone.message;
      places.push(place);
    }
    return undefined;
  }

  #listen(text: string, at: number): Result<Listen> {
    const listen = parseListen(text);
    if (!listen.ok) return listen;
    if (listen.value.datagrams && !this.#format.datagramProblem) return fail("udp: goes with [direct]");
    const port = formatPort(listen.value);
    const before = this.#givenAt.get(port);
    if (before !== undefined) return fail(`port ${port} is given twice, first in line ${before}`);
    this.#givenAt.set(port, at);
    return listen;
  }

  #knows(key: string): boolean {
    return [...LINE_KEYS.map((line) => line.key), ...this.#format.rows.map(({ name }) => name)].includes(key);
  }

  #unknown(key: string): string {
    const elsewhere = LINE_KEYS.find((line) => line.key === key);
    if (elsewhere !== undefined) return `${key} goes with [${elsewhere.sections.join(" NAME] and [")} NAME]`;
    const own = ["listen", this.#format.placeKey];
    const meant = didYouMean(key, [...own, ...namesOf(this.#format.suggested)]);
    return `unknown key${meant || `; known are ${own.join(", ")} and the options of [${this.#section}]`}`;
  }
}

/** The parts of a value with commas. An empty value is one empty part, which is a mistake. */
function listOf(value: string): string[] {
  return value.split(",").map((part) => part.trim());
}

const MAX_SHOWN = 80;

function shown(value: string): string {
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
}

/** Puts the long names of options into a message that has their four letters. */
function withLongNames(message: string, rows: readonly OptionText[]): string {
  return message.replace(/\b[A-Z]{3,4}\b/g, (word) => rows.find(({ key }) => key === word)?.name ?? word);
}
