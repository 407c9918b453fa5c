import { Queue } from "../collections/queue.js";

const MAX_OF_ONE = 16; // one device that hangs leaves the rest to everybody else
const MAX_SECOND = 32; // several that hang leave the other half to devices that have no request under way

/** A request for a device of a Luup system. */
interface ForDevice {
  readonly device: number;
}

/** What one device has. */
interface Share<T> {
  readonly waiting: Queue<T>;
  underWay: number;
}

/** Requests that wait for their turn: a bounded number is under way, devices take turns, and one that hangs does not hold up others. */
export class FairRequestQueue<T extends ForDevice> {
  readonly #most: number;
  readonly #shares = new Map<number, Share<T>>();
  /** Devices for which a request waits. */
  readonly #scheduler = new Queue<number>();
  #waiting = 0;
  #underWay = 0;

  /** @param most requests under way at a time */
  constructor(most: number) {
    this.#most = most;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get inFlight(): number {
    return this.#underWay;
  }

  /** Puts one at the end; it must not wait already. */
  push(request: T): void {
    const share = this.#shares.get(request.device) ?? { waiting: new Queue<T>(), underWay: 0 };
    this.#shares.set(request.device, share);
    share.waiting.push(request);
    this.#scheduler.push(request.device);
    this.#waiting += 1;
  }

  /** Takes one out before its turn, if it waits. */
  delete(request: T): void {
    const share = this.#shares.get(request.device);
    if (share?.waiting.delete(request)) this.#waiting -= 1;
    this.#tidy(request.device, share);
  }

  /** Whose turn it is, if there is room: it counts as under way. */
  startNext(): T | undefined {
    // those that have had their turn in vain have some under way: there are not many of them
    for (let tries = this.#scheduler.size; tries > 0 && this.#underWay < this.#most; tries -= 1) {
      const device = this.#scheduler.take();
      const share = device === undefined ? undefined : this.#shares.get(device);
      if (device === undefined || share === undefined) return undefined;
      const request = this.#mayHaveAnother(share) ? share.waiting.take() : undefined;
      if (share.waiting.size > 0) this.#scheduler.push(device);
      if (request === undefined) continue;
      this.#waiting -= 1;
      this.#underWay += 1;
      share.underWay += 1;
      return request;
    }
    return undefined;
  }

  /** One that was under way is not any more. */
  finished({ device }: T): void {
    const share = this.#shares.get(device);
    if (share === undefined) return;
    share.underWay -= 1;
    this.#underWay -= 1;
    this.#tidy(device, share);
  }

  /** Forgets those that wait. */
  clear(): void {
    this.#waiting = 0;
    this.#scheduler.clear();
    for (const [device, share] of this.#shares) {
      share.waiting.clear();
      this.#tidy(device, share);
    }
  }

  #mayHaveAnother({ underWay }: Share<T>): boolean {
    return underWay === 0 || (underWay < MAX_OF_ONE && this.#underWay < MAX_SECOND);
  }

  #tidy(device: number, share: Share<T> | undefined): void {
    if (share === undefined || share.waiting.size > 0) return;
    this.#scheduler.delete(device);
    if (share.underWay === 0) this.#shares.delete(device);
  }
}
