/**
 * One item per configuration line, found by the line's key. An item outlives a reload as long as some line has its key.
 */
export class KeyedLines<Line, Item> {
  #items = new Map<string, Item>();
  readonly #keyOf: (line: Line) => string;
  readonly #create: (line: Line, key: string) => Item;

  /**
   * @param keyOf two lines with the same key share one item
   * @param create makes the item of a key that is new
   */
  constructor(keyOf: (line: Line) => string, create: (line: Line, key: string) => Item) {
    this.#keyOf = keyOf;
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
