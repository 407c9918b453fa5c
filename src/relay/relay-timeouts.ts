import {
  type IdleDeadline,
  type IdleLimits,
  idleDeadline,
  type PeerBacklog,
  STALL_LIMIT_MS,
} from "../core/limits/idle-deadlines.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import type { End } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";
import type { Flow } from "./flow.js";

/** How often it is asked whether a client is still there that is not read, because the remote takes nothing. */
const LOOK_MS = 5000;
/** So long after the last byte behind a FIN, peers that read have taken everything, and need no further look. */
const FIRST_LOOK_MS = 200;
/** How often the others are asked: all of them at the same moments, so that one reading of the kernel's table does for all. */
const LOOK_AGAIN_MS = 1000;
/** Who has not moved for long is asked less often: after such a part of that time, and this at most. */
const LOOK_AGAIN_PART = 0.25;
const SELDOM_MS = 10_000;

/** What limits ask of the relay they hold for, and tell it. */
export interface Limited {
  /** Whether the client is still there, though it cannot be asked. */
  clientState(): Promise<PeerState>;
  /** What the peer of an end has not taken, as far as that is known. */
  backlogOf(end: End): Promise<PeerBacklog>;
  /** A silence has been too long. */
  expired(deadline: IdleDeadline): void;
  /** The client has gone, unseen behind bytes that the remote does not take. */
  clientGone(): void;
  fault(error: unknown): void;
}

/** Watches over the silences of a relay: none may last for ever once somebody has closed, nor longer than RTIM at all. */
export class RelayTimeouts {
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #silences: IdleLimits;
  readonly #clock: Clock;
  readonly #limited: Limited;
  #timer: Timer | undefined;
  /** When the last step of closing was taken. */
  #stepAt = 0;
  /** When the client was last looked for. */
  #lookedAt = 0;
  /** When both were last asked what they have not taken. */
  #askedAt = 0;
  #stopped = false;

  /**
   * @param down from the remote to the client
   * @param up from the client to the remote
   */
  constructor(down: Flow, up: Flow, silences: IdleLimits, clock: Clock, limited: Limited) {
    this.#down = down;
    this.#up = up;
    this.#silences = silences;
    this.#clock = clock;
    this.#limited = limited;
  }

  /** A step of closing has been taken: the next one has its time from now on. */
  step(): void {
    this.#stepAt = this.#clock.now();
    this.watch();
  }

  /** Waits for what is due next. Bytes that come put it off without touching the timer: it looks again when it fires. */
  watch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#stopped) return;
    const at = Math.min(this.#deadline()?.at ?? Number.POSITIVE_INFINITY, this.#lookDue(), this.#askDue());
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(Math.max(1, Math.ceil(at - this.#clock.now())), () => this.#expire());
  }

  /** Nothing passes any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #deadline(): IdleDeadline | undefined {
    return idleDeadline(this.#down, this.#up, this.#stepAt, this.#silences, this.#clock.now());
  }

  /** When the client is to be looked for: while it is not read, its FIN or reset would not be noticed. */
  #lookDue(): number {
    const { stalled, eof, lastActivityAt } = this.#up;
    return stalled && !eof ? Math.max(lastActivityAt, this.#lookedAt) + LOOK_MS : Number.POSITIVE_INFINITY;
  }

  /** When both are to be asked: behind a FIN, silence counts from the moment at which everything has been taken. */
  #askDue(): number {
    const [down, up] = [this.#down, this.#up];
    if (!down.eof && !up.eof) return Number.POSITIVE_INFINITY;
    const first = Math.max(this.#stepAt, down.lastActivityAt, up.lastActivityAt) + FIRST_LOOK_MS;
    if (this.#askedAt < first) return first;
    if (down.isTaken && up.isTaken) return Number.POSITIVE_INFINITY;
    const still = this.#askedAt - Math.max(first, down.peerProgressAt, up.peerProgressAt);
    const ms = Math.min(Math.max(LOOK_AGAIN_MS, still * LOOK_AGAIN_PART), SELDOM_MS);
    return Math.floor((this.#askedAt + ms) / LOOK_AGAIN_MS) * LOOK_AGAIN_MS;
  }

  /** Asks both what they have not taken, and judges then. */
  #ask(): void {
    this.#askedAt = this.#clock.now();
    const ask = async (flow: Flow): Promise<void> => flow.looked(await this.#limited.backlogOf(flow.to));
    Promise.all([ask(this.#down), ask(this.#up)])
      .then(() => this.#judgeSoon())
      .catch((error: unknown) => this.#limited.fault(error));
  }

  /** In the next pass of the event loop: signs of life may be due at this very moment. */
  #judgeSoon(): void {
    setImmediate(() => {
      if (this.#stopped) return;
      try {
        const deadline = this.#deadline();
        if (deadline !== undefined && deadline.at <= this.#clock.now()) this.#limited.expired(deadline);
        else this.watch();
      } catch (error) {
        this.#limited.fault(error);
      }
    });
  }

  #lookForClient(): void {
    this.#lookedAt = this.#clock.now();
    this.#limited
      .clientState()
      .then((state) => {
        const { stalled, lastActivityAt } = this.#up;
        const patience = state === "ended" ? STALL_LIMIT_MS : 0;
        if (stalled && state !== "present" && this.#clock.now() - lastActivityAt >= patience)
          this.#limited.clientGone();
        else this.watch();
      })
      .catch((error: unknown) => this.#limited.fault(error));
  }

  #expire(): void {
    try {
      const now = this.#clock.now();
      const { at, cause } = this.#deadline() ?? { at: Number.POSITIVE_INFINITY };
      if (at <= now && cause === "remote silent")
        this.#judgeSoon(); // whatever its backlog, it has said nothing
      else if (Math.min(at, this.#askDue()) <= now) this.#ask();
      else if (this.#lookDue() <= now) this.#lookForClient();
      else this.watch();
    } catch (error) {
      this.#limited.fault(error);
    }
  }
}
