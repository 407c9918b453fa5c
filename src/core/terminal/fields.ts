/**
 * A JSON value that another program has sent: any member may be missing or of another kind. Whoever reads it gets texts and numbers, or
 * nothing.
 */
export class Fields {
  readonly #members: ReadonlyMap<string, unknown>;

  constructor(value: unknown) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    this.#members = new Map(isObject ? Object.entries(value) : []);
  }

  /** The members of an object by their names. */
  get entries(): [string, Fields][] {
    return [...this.#members].map(([name, value]) => [name, new Fields(value)]);
  }

  /** Empty when there is none. */
  text(name: string): string {
    const value = this.#members.get(name);
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  }

  number(name: string): number | undefined {
    const value = this.#members.get(name);
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  }

  isTrue(name: string): boolean {
    return this.#members.get(name) === true;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  child(name: string): Fields {
    return new Fields(this.#members.get(name));
  }

  list(name: string): Fields[] {
    const value = this.#members.get(name);
    return Array.isArray(value) ? value.map((one) => new Fields(one)) : [];
  }
}
