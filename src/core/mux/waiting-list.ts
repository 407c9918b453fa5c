/** Who waits for what to become known: each for one thing at a time. */
export class WaitingList<Owner> {
  readonly #keys = new Map<Owner, string>();
  readonly #owners = new Map<string, Set<Owner>>();

  /** Someone waits for this, and for nothing else any more. */
  set(owner: Owner, key: string): void {
    this.drop(owner);
    this.#keys.set(owner, key);
    const others = this.#owners.get(key);
    if (others === undefined) this.#owners.set(key, new Set([owner]));
    else others.add(owner);
  }

  /** Someone waits for nothing any more. */
  drop(owner: Owner): void {
    const key = this.#keys.get(owner);
    if (key === undefined) return;
    this.#keys.delete(owner);
    const owners = this.#owners.get(key);
    owners?.delete(owner);
    if (owners?.size === 0) this.#owners.delete(key);
  }

  /** Takes all who wait for this. */
  take(key: string): Iterable<Owner> {
    const owners = this.#owners.get(key) ?? [];
    this.#owners.delete(key);
    for (const owner of owners) this.#keys.delete(owner);
    return owners;
  }
}
