import { ChainedDial } from "../dial/chained-dial.js";
import type { Dial } from "../dial/dial.js";
import { DialError, GIVEN_UP } from "../dial/dial-error.js";
import { pause } from "../scheduling/waits.js";
import type { End } from "../sockets/end.js";
import { GentleClose } from "../sockets/gentle-close.js";
import { QueuedEnd } from "../sockets/queued-end.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Clock, Timer } from "../system/clock.js";

/** A device that has lost its client a moment ago may still refuse the next one: it is asked again after this time. */
const AGAIN_MS = 250;
/** A dial that nobody wants any more has this time to end by itself. */
const ABORT_MS = 1000;

/** The places for the remotes of a line's clients. */
export interface Places {
  /** Whether there is one; then it is taken. Otherwise {@link PlacedDial.placed} is called as soon as there is. */
  take(): boolean;
  /** No place is waited for any more. */
  cancel(): void;
  /** The place is free: the remote is gone, or was never reached. */
  leave(): void;
}

/** `none`: before the place, and after it. */
type State =
  | { readonly kind: "waiting"; readonly limit: Timer; readonly placed: (isPlaced: boolean) => void }
  | { readonly kind: "placed" | "none" };

/** A dial that waits for a place first, and gives it back when its remote is gone. */
export class PlacedDial extends ChainedDial {
  readonly end: Promise<End>;
  readonly #start: () => Dial;
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #deadline: number;
  #state: State = { kind: "none" };
  #isReached = false;

  /** @param limitMs longest wait for a place */
  constructor(start: () => Dial, limitMs: number, clock: Clock, places: Places) {
    super();
    this.#start = start;
    this.#clock = clock;
    this.#places = places;
    this.#deadline = clock.now() + limitMs;
    this.end = this.#run(limitMs);
  }

  get hasPlace(): boolean {
    return this.#state.kind === "placed";
  }

  /** There is a place now. */
  placed(): void {
    this.#stopWaiting(true);
  }

  override abort(): void {
    this.isAborted = true;
    this.#places.cancel();
    this.#stopWaiting(false);
    // the device may have taken the connection already: only who knows that can close it in a way that the device understands
    if (!this.#isReached) this.#clock.after(ABORT_MS, () => super.abort());
  }

  async #run(limitMs: number): Promise<End> {
    const isFree = this.#places.take();
    if (isFree) this.#state = { kind: "placed" };
    else if (!(await this.#wait(limitMs)))
      throw new DialError(this.isAborted ? GIVEN_UP : "other clients do not leave it (max-clients)");
    try {
      for (;;) {
        const end = await this.#reach(!isFree);
        if (end !== undefined) return end;
      }
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** @param again whether a remote that refuses is asked again: then the result is undefined */
  async #reach(again: boolean): Promise<End | undefined> {
    try {
      this.checkWanted();
      const end = await this.reachedBy(this.#start());
      this.#isReached = true;
      this.#keep(end);
      return end;
    } catch (error) {
      const isOver = this.isAborted || this.isLast || this.#clock.now() + AGAIN_MS > this.#deadline;
      if (!(error instanceof DialError) || !again || isOver) throw error;
      await pause(AGAIN_MS, this.#clock);
      return undefined;
    }
  }

  #wait(limitMs: number): Promise<boolean> {
    return new Promise((placed) => {
      const limit = this.#clock.after(limitMs, () => {
        this.#places.cancel();
        this.#stopWaiting(false);
      });
      this.#state = { kind: "waiting", limit, placed };
    });
  }

  #stopWaiting(isPlaced: boolean): void {
    if (this.#state.kind !== "waiting") return;
    const { limit, placed } = this.#state;
    limit.cancel();
    this.#state = { kind: isPlaced ? "placed" : "none" };
    placed(isPlaced);
  }

  /** Gives the place back when the remote is gone. Datagrams need no place. */
  #keep(end: End): void {
    const stream = streamOf(end);
    const leave = (): void => this.#leave();
    if (stream !== undefined) stream.keeper = new GentleClose(stream, this.#clock, leave);
    else if (end instanceof QueuedEnd) end.onGone = leave;
    else leave();
  }

  #leave(): void {
    if (this.#state.kind !== "placed") return;
    this.#state = { kind: "none" };
    this.#places.leave();
  }
}
