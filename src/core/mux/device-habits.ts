const MAX_LATE = 100; // requests that got no answer, and whose answer may still come

/** What the answers of a device have shown about it. It holds for all its links, and as long as the mux lives. */
export class DeviceHabits {
  /** Whether requests come back in front of their answers: an adapter hears itself. */
  echoes = false;
  /** Whether answers carry ids that the device makes itself. */
  ownIds = false;
  /** Units that the device names in its answers, by the units that were asked, where they differ. */
  readonly ownUnits = new Map<number, number>();
  /** Whether an answer was refused because several requests waited: it is time to ask one by one, until ids have shown to be right. */
  areIdsDoubtful = false;
  /** Whether the log says already that answers are matched by their order. */
  isTold = false;
  readonly #late = new Set<number>();

  /** Whether ids and units do not tell answers: their order does. */
  get byOrder(): boolean {
    return this.ownIds || this.ownUnits.size > 0;
  }

  /** The request with this id has no answer: it may come late, on another link even. */
  lost(id: number): void {
    this.#late.add(id);
    const [oldest] = this.#late;
    if (this.#late.size > MAX_LATE && oldest !== undefined) this.#late.delete(oldest);
  }

  /** Whether a message with this id is perhaps a late answer. */
  mayBeLate(id: number): boolean {
    return this.#late.has(id);
  }
}
