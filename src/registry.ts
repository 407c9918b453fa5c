import type { Connection } from "./connection.js";

/** Who is connected, and who still has something to say. */
export class Registry {
  readonly #connections = new Map<string, Connection>();
  #whenSettled: (() => void) | undefined;
  #looking = false;

  /** Takes a new connection in. */
  add(connection: Connection): void {
    this.#connections.set(connection.id, connection);
  }

  /** In the order they came. */
  all(): Connection[] {
    return [...this.#connections.values()];
  }

  /** A connection has made a step towards its end. */
  changed(connection: Connection): void {
    if (connection.finished) this.#connections.delete(connection.id);
    this.#look();
  }

  /** Has `callback` called once every connection is over and its plugin told. */
  whenSettled(callback: () => void): void {
    this.#whenSettled = callback;
    this.#look();
  }

  #look(): void {
    if (this.#whenSettled === undefined || this.#looking) return;
    this.#looking = true;
    setImmediate(() => {
      this.#looking = false;
      if (this.all().every((connection) => connection.settled)) this.#whenSettled?.();
    });
  }
}
