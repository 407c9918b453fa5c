import type { Dial, FormerProcess, ServerLease } from "../dial/dial.js";
import { DialError, GIVEN_UP } from "../dial/dial-error.js";
import type { WaitingBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import type { Parking } from "./parking.js";
import type { TakenRemote } from "./taken-remote.js";

/** What a dial needs to know that may find its remote parked. */
export interface ParkingTask {
  readonly parking: Parking;
  /** By what the client gets its connection again. */
  readonly key: string;
  /** Whether the client may still have this remote. */
  permits(remote: End): boolean;
  /** The client gets this remote. */
  taken(remote: TakenRemote): void;
  /** Dials where nothing is parked. */
  start(): Dial;
}

/** A dial that takes the remote of a parked connection, where there is one. */
export class ParkingDial implements Dial {
  readonly end: Promise<End>;
  #dial: Dial | undefined;
  #taken: TakenRemote | undefined;
  #isAborted = false;
  #isLast = false;

  constructor(task: ParkingTask) {
    this.end = this.#run(task);
  }

  get kind(): Dial["kind"] {
    return this.#taken === undefined ? (this.#dial?.kind ?? "socket") : "channel";
  }

  get serverLease(): ServerLease | undefined {
    return this.#taken?.serverLease ?? this.#dial?.serverLease;
  }

  get former(): FormerProcess | undefined {
    return this.#dial?.former;
  }

  get waiting(): WaitingBytes | undefined {
    return this.#taken?.waiting;
  }

  abort(): void {
    this.#isAborted = true;
    this.#dial?.abort();
  }

  endRetries(): void {
    this.#isLast = true;
    this.#dial?.endRetries?.();
  }

  async #run({ parking, key, permits, taken, start }: ParkingTask): Promise<End> {
    const lot = await parking.load();
    const parked = await lot.find(key);
    if (this.#isAborted) throw new DialError(GIVEN_UP);
    if (parked === undefined || !permits(parked.remote)) return this.#start(start);
    const remote = parked.handOver();
    this.#taken = remote;
    taken(remote);
    return remote.end;
  }

  #start(start: () => Dial): Promise<End> {
    this.#dial = start();
    if (this.#isLast) this.#dial.endRetries?.();
    return this.#dial.end;
  }
}
