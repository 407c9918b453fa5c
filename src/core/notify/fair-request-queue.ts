import { Queue } from "../collections/queue.js";

/** Most requests in flight for one device: a device that hangs leaves the other places to the others. */
const MAX_PER_DEVICE = 16;
/** From so many requests in flight on, only a device without any gets another one: several hanging devices leave half of 64 places free. */
const MAX_FOR_BUSY_DEVICES = 32;

/** A request for a device of a Luup engine. */
interface DeviceRequest {
  readonly device: number;
}

/** The requests for one device. */
interface DeviceShare<T> {
  readonly waiting: Queue<T>;
  inFlight: number;
}

/** A queue of requests with a bounded number in flight. Devices take turns, and a device that hangs does not delay the others. */
export class FairRequestQueue<T extends DeviceRequest> {
  readonly #maxInFlight: number;
  readonly #shares = new Map<number, DeviceShare<T>>();
  /** Devices with a waiting request, in the order of their turns. */
  readonly #turns = new Queue<number>();
  #waiting = 0;
  #inFlight = 0;

  /** @param maxInFlight most requests in flight at a time */
  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Appends a request, which must not be waiting already. */
  push(request: T): void {
    const share = this.#shares.get(request.device) ?? { waiting: new Queue<T>(), inFlight: 0 };
    this.#shares.set(request.device, share);
    share.waiting.push(request);
    this.#turns.push(request.device);
    this.#waiting += 1;
  }

  /** Removes a request if it waits. */
  delete(request: T): void {
    const share = this.#shares.get(request.device);
    if (share?.waiting.delete(request)) this.#waiting -= 1;
    this.#tidy(request.device, share);
  }

  /** Removes the next request and counts it as in flight until {@link finished}; undefined when none may start. */
  startNext(): T | undefined {
    // Only a device with requests in flight is passed over, so the loop passes over few.
    for (let tries = this.#turns.size; tries > 0 && this.#inFlight < this.#maxInFlight; tries -= 1) {
      const device = this.#turns.take();
      const share = device === undefined ? undefined : this.#shares.get(device);
      if (device === undefined || share === undefined) return undefined;
      const request = this.#mayStart(share) ? share.waiting.take() : undefined;
      if (share.waiting.size > 0) this.#turns.push(device);
      if (request === undefined) continue;
      this.#waiting -= 1;
      this.#inFlight += 1;
      share.inFlight += 1;
      return request;
    }
    return undefined;
  }

  /** A request that {@link startNext} returned has ended. */
  finished({ device }: T): void {
    const share = this.#shares.get(device);
    if (share === undefined) return;
    share.inFlight -= 1;
    this.#inFlight -= 1;
    this.#tidy(device, share);
  }

  /** Removes all waiting requests; those in flight stay. */
  clear(): void {
    this.#waiting = 0;
    this.#turns.clear();
    for (const [device, share] of this.#shares) {
      share.waiting.clear();
      this.#tidy(device, share);
    }
  }

  #mayStart({ inFlight }: DeviceShare<T>): boolean {
    return inFlight === 0 || (inFlight < MAX_PER_DEVICE && this.#inFlight < MAX_FOR_BUSY_DEVICES);
  }

  #tidy(device: number, share: DeviceShare<T> | undefined): void {
    if (share === undefined || share.waiting.size > 0) return;
    this.#turns.delete(device);
    if (share.inFlight === 0) this.#shares.delete(device);
  }
}
