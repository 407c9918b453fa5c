import { AccessRules } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import {
  connectionsWithin,
  descriptorsForConnections,
  descriptorsForTraffic,
} from "../core/limits/descriptor-capacity.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import { MAX_HOPS, TARGET_IS_DAEMON, TARGET_IS_LOOP } from "../core/net/loop-rules.js";
import { NO_MORE_FILES } from "../dial/dial.js";
import type { Listener } from "./listener.js";

/** The clients that have been admitted. */
export interface AdmittedClients {
  /** Clients that are connected. */
  readonly open: number;
  /** Descriptors that clients, remotes and readers of the web page take. */
  readonly descriptors: number;
  /** Clients that are connected from the same address; 0 for an origin without an address. */
  openOf(origin: ClientOrigin): number;
}

/** Decides whether a new client is taken in, by the rules of `[access]` and by what the daemon can hold. */
export class Admission {
  readonly access: AccessRules;
  /** Descriptors that clients and remotes may take. */
  readonly #descriptors: number;
  readonly #maxConnections: number;
  readonly #maxPerClient: number;
  readonly #registry: AdmittedClients;

  /** @param descriptors how many files and sockets the process may have open, if that is known */
  constructor(settings: Settings, registry: AdmittedClients, descriptors: number | undefined) {
    this.access = new AccessRules(settings);
    this.#descriptors = descriptors === undefined ? Number.POSITIVE_INFINITY : descriptorsForTraffic(descriptors);
    this.#maxConnections = settings.maxConnections || Number.POSITIVE_INFINITY;
    this.#maxPerClient = settings.maxPerClient || Number.POSITIVE_INFINITY;
    this.#registry = registry;
  }

  /** Why a client of this origin is not taken in; nothing when it is. */
  denialReason(origin: ClientOrigin, listener: Pick<Listener, "accepts" | "throughDaemon">): string | undefined {
    const forbidden = this.#forbidden(origin, listener);
    if (forbidden !== undefined) return forbidden;
    if (this.#registry.open >= this.#maxConnections) {
      return `${this.#maxConnections} connections are open already ([access] max-connections)`;
    }
    if (this.#registry.openOf(origin) >= this.#maxPerClient) {
      return `${clientName(origin)} has ${this.#maxPerClient} connections already ([access] max-per-client)`;
    }
    return this.room ? undefined : NO_MORE_FILES;
  }

  /** Why a reader of the web page is not taken in; nothing when it is. It does not count as a connection. */
  readerDenialReason(origin: ClientOrigin, listener: Pick<Listener, "accepts" | "throughDaemon">): string | undefined {
    return this.#forbidden(origin, listener) ?? (this.room ? undefined : NO_MORE_FILES);
  }

  /** Whether one more client or remote can be had without touching what the daemon keeps for itself. */
  get room(): boolean {
    return this.#registry.descriptors < this.#descriptors;
  }

  #forbidden(
    origin: ClientOrigin,
    { accepts, throughDaemon }: Pick<Listener, "accepts" | "throughDaemon">,
  ): string | undefined {
    const { hops } = origin;
    if (hops > 0 && throughDaemon === "refused") return TARGET_IS_DAEMON;
    if (hops > MAX_HOPS)
      return Number.isFinite(hops) ? `more than ${MAX_HOPS} ports of this daemon in a row` : TARGET_IS_LOOP;
    if (accepts === "devices") {
      return this.access.admitsDevice(origin)
        ? undefined
        : `${clientName(origin)} may not be a device ([access] devices, clients)`;
    }
    return this.access.admits(origin) ? undefined : `${clientName(origin)} may not connect ([access] clients)`;
  }
}

/** What to say when the descriptors do not hold the connections that are asked for; nothing when they do. */
export function descriptorsShort({ maxConnections }: Settings, descriptors: number | undefined): string | undefined {
  if (descriptors === undefined || maxConnections <= connectionsWithin(descriptors)) return undefined;
  const needed = descriptorsForConnections(maxConnections);
  return (
    `max-connections=${maxConnections} needs ${needed} open files, the limit (ulimit -n) is ${descriptors}: ` +
    `no more than ${connectionsWithin(descriptors)} connections will be taken`
  );
}
