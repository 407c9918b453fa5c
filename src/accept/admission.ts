import { AccessRules } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import { connectionsWithin, descriptorsForConnections } from "../core/limits/descriptor-capacity.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import { MAX_HOPS, TARGET_IS_DAEMON, TARGET_IS_LOOP } from "../core/net/loop-rules.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { NO_MORE_FILES } from "../dial/dial-error.js";
import type { DescriptorBudget, DescriptorLease } from "../system/descriptor-budget.js";
import type { Listener } from "./listener.js";

/** The clients that have been admitted and are still connected. */
export interface AdmittedClients {
  /** How many there are. */
  readonly open: number;
  /** How many there are of the same address; 0 for an origin without an address. */
  openOf(origin: ClientOrigin): number;
}

/** The facts of a port that decide who may connect to it. */
type PortRules = Pick<Listener, "accepts" | "throughDaemon" | "datagrams">;

/** Why a client of UDP does not get one of the last descriptors: its address may be forged, and TCP clients need them. */
const NO_SPARE_FILES = "half of the files that can be opened (ulimit -n) are in use: UDP clients get no more";

/** Decides whether a new client is admitted: by the rules of `[access]`, and by the descriptors that are left. */
export class Admission {
  readonly access: AccessRules;
  readonly #maxConnections: number;
  readonly #maxPerClient: number;
  readonly #clients: AdmittedClients;
  readonly #descriptors: DescriptorBudget;

  constructor(settings: Settings, clients: AdmittedClients, descriptors: DescriptorBudget) {
    this.access = new AccessRules(settings);
    this.#maxConnections = settings.maxConnections || Number.POSITIVE_INFINITY;
    this.#maxPerClient = settings.maxPerClient || Number.POSITIVE_INFINITY;
    this.#clients = clients;
    this.#descriptors = descriptors;
  }

  /** Takes the descriptor of a client that may connect. Fails with the reason why another one may not. */
  admit(origin: ClientOrigin, port: PortRules): Result<DescriptorLease> {
    const denialReason = this.denialReason(origin, port);
    if (denialReason !== undefined || !port.datagrams) return this.#lease(denialReason);
    const lease = this.#descriptors.takeSpare();
    return lease === undefined ? fail(NO_SPARE_FILES) : ok(lease);
  }

  /** As {@link admit}, for a reader of the web page: that is no connection, and not counted as one. */
  admitReader(origin: ClientOrigin, port: PortRules): Result<DescriptorLease> {
    return this.#lease(this.readerDenialReason(origin, port));
  }

  /** Why a reader of this origin may not see the web page, descriptors apart; undefined when it may. */
  readerDenialReason(origin: ClientOrigin, port: PortRules): string | undefined {
    const isReader = this.access.admitsReader(origin);
    const rule = isReader ? undefined : `${clientName(origin)} may not read the page ([web] clients)`;
    return this.#ruleAgainst(origin, port) ?? rule;
  }

  /** Why a client of this origin may not connect, descriptors apart; undefined when it may. */
  denialReason(origin: ClientOrigin, port: PortRules): string | undefined {
    const rule = this.#ruleAgainst(origin, port);
    if (rule !== undefined) return rule;
    if (this.#clients.open >= this.#maxConnections) {
      return `${this.#maxConnections} connections are open already ([access] max-connections)`;
    }
    if (this.#clients.openOf(origin) >= this.#maxPerClient) {
      return `${clientName(origin)} has ${this.#maxPerClient} connections already ([access] max-per-client)`;
    }
    return undefined;
  }

  #lease(denialReason: string | undefined): Result<DescriptorLease> {
    if (denialReason !== undefined) return fail(denialReason);
    const lease = this.#descriptors.take();
    return lease === undefined ? fail(NO_MORE_FILES) : ok(lease);
  }

  #ruleAgainst(origin: ClientOrigin, { accepts, throughDaemon }: PortRules): string | undefined {
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

/**
 * The warning that the process may not open enough files for `max-connections`; undefined when it may.
 *
 * @param limit files that the process may have open; undefined where the system does not tell
 */
export function descriptorWarning({ maxConnections }: Settings, limit: number | undefined): string | undefined {
  if (limit === undefined || maxConnections <= connectionsWithin(limit)) return undefined;
  const needed = descriptorsForConnections(maxConnections);
  return (
    `max-connections=${maxConnections} needs ${needed} open files, the limit (ulimit -n) is ${limit}: ` +
    `no more than ${connectionsWithin(limit)} connections will be taken`
  );
}
