/**
 * One item per configuration line, found by the line's key. An item outlives a reload as long as some line has its key.
 */
export class KeyedLines<Line extends object, Item> {
  #items = new Map<string, Item>();
  readonly #makeKey: (line: Line) => string;
  /** Of the lines that were asked for: each client asks. */
  readonly #keys = new WeakMap<Line, string>();
  readonly #create: (line: Line, key: string) => Item;

  /**
   * @param keyOf two lines with the same key share one item; a line never changes
   * @param create makes the item of a key that is new
   */
  constructor(keyOf: (line: Line) => string, create: (line: Line, key: string) => Item) {
    this.#makeKey = keyOf;
    this.#create = create;
  }

  /** All items, in the order of their lines. */
  get all(): Item[] {
    return [...this.#items.values()];
  }

  /** The item of a line; a new one where no item has the line's key. The line may belong to a reload that is still under way. */
  of(line: Line): Item {
    const key = this.#keyOf(line);
    const known = this.#items.get(key);
    if (known !== undefined) return known;
    const item = this.#create(line, key);
    this.#items.set(key, item);
    return item;
  }

  #keyOf(line: Line): string {
    const known = this.#keys.get(line);
    if (known !== undefined) return known;
    const key = this.#makeKey(line);
    this.#keys.set(line, key);
    return key;
  }

  /**
   * Keeps the items of these lines, makes those that are missing, and forgets all others.
   *
   * @returns the forgotten items, by key
   */
  replace(lines: readonly Line[]): Map<string, Item> {
    const next = new Map(lines.map((line) => [this.#keyOf(line), this.of(line)]));
    const forgotten = new Map([...this.#items].filter(([key]) => !next.has(key)));
    this.#items = next;
    return forgotten;
  }
}
