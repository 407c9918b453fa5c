/** Waiters by key: each owner waits for one key at a time. */
export class WaitingList<Owner> {
  readonly #keys = new Map<Owner, string>();
  readonly #owners = new Map<string, Set<Owner>>();

  /** The owner waits for this key from now on, and for no other. */
  set(owner: Owner, key: string): void {
    this.remove(owner);
    this.#keys.set(owner, key);
    const others = this.#owners.get(key);
    if (others === undefined) this.#owners.set(key, new Set([owner]));
    else others.add(owner);
  }

  /** The owner waits for nothing any more. */
  remove(owner: Owner): void {
    const key = this.#keys.get(owner);
    if (key === undefined) return;
    this.#keys.delete(owner);
    const owners = this.#owners.get(key);
    owners?.delete(owner);
    if (owners?.size === 0) this.#owners.delete(key);
  }

  /** Removes and returns all owners that wait for this key, in the order of their {@link set}. */
  take(key: string): Iterable<Owner> {
    const owners = this.#owners.get(key) ?? [];
    this.#owners.delete(key);
    for (const owner of owners) this.#keys.delete(owner);
    return owners;
  }
}
