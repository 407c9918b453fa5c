import { Access } from "./access.js";
import { connectionsFor, descriptorsFor } from "./core/capacity.js";
import type { Settings } from "./core/config/settings.js";
import type { Registry } from "./registry.js";

/** Decides whether a new client is taken in, by the rules of `[access]` and by what the daemon can hold. */
export class Admission {
  readonly access: Access;
  /** Connections that can be held at a time. */
  readonly capacity: number;
  readonly #maxPerClient: number;
  readonly #registry: Registry;

  /** @param descriptors how many files and sockets the process may have open, if that is known */
  constructor(settings: Settings, registry: Registry, descriptors: number | undefined) {
    const held = descriptors === undefined ? Number.POSITIVE_INFINITY : connectionsFor(descriptors);
    const { maxConnections, maxPerClient } = settings;
    this.access = new Access(settings);
    this.capacity = maxConnections === 0 ? held : Math.min(maxConnections, held);
    this.#maxPerClient = maxPerClient;
    this.#registry = registry;
  }

  /** Why a client at this address is not taken in; nothing when it is. */
  objection(address: string): string | undefined {
    if (!this.access.admits(address)) return `${address} may not connect ([access] clients)`;
    if (this.#registry.open >= this.capacity) return `${this.capacity} connections are open, no more can be had`;
    if (this.#maxPerClient > 0 && this.#registry.openOf(address) >= this.#maxPerClient) {
      return `${address} has ${this.#maxPerClient} connections already ([access] max-per-client)`;
    }
    return undefined;
  }
}

/** What to say when the descriptors do not hold the connections that are asked for; nothing when they do. */
export function descriptorsShort({ maxConnections }: Settings, descriptors: number | undefined): string | undefined {
  if (descriptors === undefined || maxConnections <= connectionsFor(descriptors)) return undefined;
  const needed = descriptorsFor(maxConnections);
  return (
    `max-connections=${maxConnections} needs ${needed} open files, the limit (ulimit -n) is ${descriptors}: ` +
    `no more than ${connectionsFor(descriptors)} connections will be taken`
  );
}
