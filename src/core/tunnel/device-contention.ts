import { setNewest } from "../collections/newest.js";

/** A device that was replaced counts as a contender for this long. One of our own may wait for 60 s before it comes back. */
const REPLACED_MS = 60_000;
const REPLACED_INSTANCE_MS = 180_000;
/** A contender of another make is turned away until the last swap is this long ago: the first time, and from then on (2 a minute at most). */
const FIRST_HOLD_MS = 10_000;
const HOLD_MS = 35_000;
/**
 * Living devices behind one address may replace each other this often, and for this long with more than one swap: it may be one that dials
 * twice.
 */
const SAME_ADDRESS_SWAPS = 8;
const SAME_ADDRESS_MS = 9_000;
/** Contention is over when nobody has contended for this long. The next one is a new one, with a new warning. */
const PEACE_MS = 300_000;
/** Most contenders to remember: the one replaced longest ago is forgotten. */
const MAX_REMEMBERED = 256;

/** A device that is linked, or wants to be. */
export interface Contender {
  /** Its IP address. */
  readonly address: string;
  /** What our own devices say in HELLO; undefined for others, and before HELLO. */
  readonly instance?: string | undefined;
}

/**
 * Tells two devices that share one line from one device that comes back. Both replace their predecessor: a device whose link has died must
 * not wait for the server to notice. Two devices would replace each other for ever; one of another make cannot be told that it was replaced,
 * so it is turned away for a while instead.
 *
 * Times are milliseconds of a clock that never jumps.
 */
export class DeviceContention {
  /** When devices were replaced, by address; by another address only. */
  readonly #addresses = new Map<string, number>();
  /** The same by instance. */
  readonly #instances = new Map<string, number>();
  /** The latest swaps within one address in which the replaced device was alive. */
  #sameAddressSwaps: number[] = [];
  /** The last device that was replaced alive. */
  #answered: Contender | undefined;
  #swappedAt = Number.NEGATIVE_INFINITY;
  #contendedAt = Number.NEGATIVE_INFINITY;
  /** Swaps by contenders since the last peace. */
  #contendedSwaps = 0;
  #warned = false;

  /**
   * A device wants to replace the one that is linked.
   *
   * @returns `replace`: at once. `prove`: only if it is one of our own, which HELLO proves; another has to come again later.
   */
  judge(newcomer: Contender, linked: Contender, now: number): "replace" | "prove" {
    if (!this.#contends(newcomer, linked, now)) return "replace";
    const holdMs = this.#contendedSwaps === 0 && newcomer.address !== linked.address ? FIRST_HOLD_MS : HOLD_MS;
    this.#contended(now);
    if (now - this.#swappedAt >= holdMs) return "replace";
    if (newcomer.address !== linked.address) setNewest(this.#addresses, newcomer.address, now, MAX_REMEMBERED); // of three it may wait for longer than a minute
    return "prove";
  }

  /** The newcomer has replaced the linked device. */
  swapped(newcomer: Contender, linked: Contender, now: number): void {
    if (this.#contends(newcomer, linked, now)) {
      this.#contended(now);
      this.#contendedSwaps += 1;
    }
    this.#swappedAt = now;
    if (newcomer.address !== linked.address) setNewest(this.#addresses, linked.address, now, MAX_REMEMBERED);
    if (linked.instance !== undefined) setNewest(this.#instances, linked.instance, now, MAX_REMEMBERED);
  }

  /** The newcomer of the last swap has said HELLO: now its instance is known. The one it replaced may have been itself. */
  identified(newcomer: Contender, replaced: Contender | undefined, now: number): void {
    const { instance } = newcomer;
    if (instance === undefined) return;
    if (instance === replaced?.instance) {
      this.#addresses.delete(replaced.address);
      this.#instances.delete(instance);
      return;
    }
    const wasReplaced = isWithin(this.#instances.get(instance), REPLACED_INSTANCE_MS, now);
    if (wasReplaced || (replaced?.instance !== undefined && replaced === this.#answered)) this.#contended(now);
  }

  /** The replaced device has closed its link in answer to ours: it was alive. That may come before HELLO, or behind it. */
  answered(replaced: Contender, newcomer: Contender, now: number): void {
    this.#answered = replaced;
    if (newcomer.instance !== undefined) this.identified(newcomer, replaced, now);
    else if (replaced.instance === undefined && replaced.address === newcomer.address) {
      this.#sameAddressSwaps = [...this.#sameAddressSwaps, now].slice(-SAME_ADDRESS_SWAPS);
    }
  }

  /** Whether to warn now: once for each contention. */
  takeWarning(now: number): boolean {
    if (this.#warned || !isWithin(this.#contendedAt, REPLACED_MS, now)) return false;
    this.#warned = true;
    return true;
  }

  #contends({ address }: Contender, linked: Contender, now: number): boolean {
    if (address !== linked.address) return isWithin(this.#addresses.get(address), REPLACED_MS, now);
    const swaps = this.#sameAddressSwaps.filter((at) => isWithin(at, REPLACED_MS, now));
    const [first = now] = swaps;
    const isContended = this.#contendedSwaps > 0 && isWithin(this.#contendedAt, PEACE_MS, now);
    return isContended || swaps.length === SAME_ADDRESS_SWAPS || (swaps.length > 1 && now - first >= SAME_ADDRESS_MS);
  }

  #contended(now: number): void {
    if (!isWithin(this.#contendedAt, PEACE_MS, now)) {
      this.#warned = false;
      this.#contendedSwaps = 0;
    }
    this.#contendedAt = now;
  }
}

function isWithin(at: number | undefined, ms: number, now: number): boolean {
  return at !== undefined && now - at < ms;
}
