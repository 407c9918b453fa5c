import { descriptorsForTraffic } from "../core/limits/descriptor-capacity.js";

/** One descriptor, taken from a budget. */
export interface DescriptorLease {
  /** Gives the descriptor back. Only the first call counts. */
  release(): void;
}

/**
 * The descriptors that clients, remotes and readers of the web page may take together. Some of the process's descriptors stay outside
 * of it: the log, the listeners and notifications must work when there are too many clients.
 */
export class DescriptorBudget {
  /** Files and sockets that the process may have open; undefined where the system does not tell. */
  readonly limit: number | undefined;
  readonly #capacity: number;
  #used = 0;

  constructor(limit: number | undefined) {
    this.limit = limit;
    this.#capacity = limit === undefined ? Number.POSITIVE_INFINITY : descriptorsForTraffic(limit);
  }

  /** Descriptors that are taken. */
  get used(): number {
    return this.#used;
  }

  /** Whether {@link take} would get one. */
  get hasRoom(): boolean {
    return this.#used < this.#capacity;
  }

  /** Takes a descriptor, to be released when its socket is closed; undefined when none is left. */
  take(): DescriptorLease | undefined {
    return this.hasRoom ? this.takeReserved() : undefined;
  }

  /** As {@link take}, for who may be anybody, and many: gets none of the last half, so that others get one. */
  takeSpare(): DescriptorLease | undefined {
    return this.#used < this.#capacity / 2 ? this.takeReserved() : undefined;
  }

  /** Takes a descriptor even when none is left: for a client that must get in then, too. */
  takeReserved(): DescriptorLease {
    this.#used += 1;
    return new DescriptorBudget.#Lease(this);
  }

  static readonly #Lease = class implements DescriptorLease {
    #budget: DescriptorBudget | undefined;

    constructor(budget: DescriptorBudget) {
      this.#budget = budget;
    }

    release(): void {
      if (this.#budget !== undefined) this.#budget.#used -= 1;
      this.#budget = undefined;
    }
  };
}
