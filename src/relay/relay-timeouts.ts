import {
  hasEnded,
  type IdleDeadline,
  type IdleLimits,
  idleDeadline,
  type PeerBacklog,
} from "../core/limits/idle-deadlines.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import type { End } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";
import type { Flow } from "./flow.js";

/** Interval of the checks whether a client is still there. While the remote takes nothing, the client is not read, and its end goes unseen. */
const CLIENT_CHECK_MS = 5000;
/** Time from the last byte behind a FIN to the first look at both backlogs: by then, peers that read have taken everything. */
const FIRST_LOOK_MS = 200;
/** Time between further looks. All relays look at the same moments, so that one reading of the kernel's table does for all. */
const LOOK_AGAIN_MS = 1000;
/** A peer that has taken nothing for long is looked at less often: after this part of that time, at most {@link RARE_LOOK_MS}. */
const LOOK_AGAIN_PART = 0.25;
const RARE_LOOK_MS = 10_000;

/** What the timeouts ask, and tell, the relay they belong to. */
export interface RelayTimeoutsOwner {
  /** What the kernel knows of a client that is not being read. */
  clientState(): Promise<PeerState>;
  /** What the peer of an end has not taken, as far as the kernel knows. */
  backlogOf(end: End): Promise<PeerBacklog>;
  /** A silence has lasted too long. */
  timedOut(deadline: IdleDeadline): void;
  /** The client has reset the connection. Nobody saw it, because the remote does not take the bytes before that. */
  clientVanished(): void;
  fault(error: unknown): void;
}

/**
 * Watches the silences of a relay. With RTIM or IDLE, they are limited at any time; once one side has closed, they always are. The
 * limits are those of {@link idleDeadline}; this class keeps the one timer, and asks the kernel what peers have not taken.
 */
export class RelayTimeouts {
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #limits: IdleLimits;
  readonly #clock: Clock;
  readonly #owner: RelayTimeoutsOwner;
  #timer: Timer | undefined;
  /** When it fires. */
  #timerAt = 0;
  /** When the last step of closing was taken. */
  #closingStepAt = 0;
  #clientCheckedAt = 0;
  #isClientGone = false;
  /** When both backlogs were last looked at. */
  #lookedAt = 0;
  #isStopped = false;

  /**
   * @param down from the remote to the client
   * @param up from the client to the remote
   */
  constructor(down: Flow, up: Flow, limits: IdleLimits, clock: Clock, owner: RelayTimeoutsOwner) {
    this.#down = down;
    this.#up = up;
    this.#limits = limits;
    this.#clock = clock;
    this.#owner = owner;
  }

  /** A step of closing has been taken: from now on, the next one has its full time. */
  closingStep(): void {
    this.#closingStepAt = this.#clock.now();
    this.watch();
  }

  /** Sets the timer for what is due next. What puts that off does not touch the timer: it checks when it fires. */
  watch(): void {
    if (this.#isStopped) return;
    const deadlineAt = this.#deadline()?.at ?? Number.POSITIVE_INFINITY;
    const at = Math.min(deadlineAt, this.#clientCheckDue(), this.#lookDue());
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timerAt <= at)) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(Math.max(1, Math.ceil(at - this.#clock.now())), () => this.#timerFired());
  }

  /** Ends nothing until {@link watch}: the bytes of the relay are not read meanwhile. */
  pause(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The relay is over. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #deadline(): IdleDeadline | undefined {
    return idleDeadline(this.#down, this.#up, this.#closingStepAt, this.#limits, this.#clock.now());
  }

  /** While the client is not read, its FIN or reset goes unseen: the kernel is asked then. */
  #clientCheckDue(): number {
    const { stalled, eof, lastActivityAt } = this.#up;
    return stalled && !eof && !this.#isClientGone
      ? Math.max(lastActivityAt, this.#clientCheckedAt) + CLIENT_CHECK_MS
      : Number.POSITIVE_INFINITY;
  }

  /** Behind a FIN, silence counts from the moment at which both peers have taken everything: the kernel is asked for that. */
  #lookDue(): number {
    const [down, up] = [this.#down, this.#up];
    if (!hasEnded(down) && !hasEnded(up)) return Number.POSITIVE_INFINITY;
    const first = Math.max(this.#closingStepAt, down.lastActivityAt, up.lastActivityAt) + FIRST_LOOK_MS;
    if (this.#lookedAt < first) return first;
    if (down.isTaken && up.isTaken) return Number.POSITIVE_INFINITY;
    const withoutProgressMs = this.#lookedAt - Math.max(first, down.peerProgressAt, up.peerProgressAt);
    const ms = Math.min(Math.max(LOOK_AGAIN_MS, withoutProgressMs * LOOK_AGAIN_PART), RARE_LOOK_MS);
    return Math.floor((this.#lookedAt + ms) / LOOK_AGAIN_MS) * LOOK_AGAIN_MS;
  }

  #timerFired(): void {
    this.#timer = undefined;
    try {
      const now = this.#clock.now();
      const { at, cause } = this.#deadline() ?? { at: Number.POSITIVE_INFINITY };
      if (at <= now && cause === "remote silent")
        this.#judgeInNextPass(); // whatever its backlog, it has said nothing
      else if (Math.min(at, this.#lookDue()) <= now) this.#look();
      else if (this.#clientCheckDue() <= now) this.#checkClient();
      else this.watch();
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  /** Asks the kernel what both peers have not taken, then judges. */
  #look(): void {
    this.#lookedAt = this.#clock.now();
    const look = async (flow: Flow): Promise<void> => flow.backlogSeen(await this.#owner.backlogOf(flow.sink));
    Promise.all([look(this.#down), look(this.#up)])
      .then(() => this.#judgeInNextPass())
      .catch((error: unknown) => this.#owner.fault(error));
  }

  /** The event loop reads sockets first: a sign of life may have come by this very moment. */
  #judgeInNextPass(): void {
    setImmediate(() => {
      if (this.#isStopped) return;
      try {
        const deadline = this.#deadline();
        if (deadline !== undefined && deadline.at <= this.#clock.now()) this.#owner.timedOut(deadline);
        else this.watch();
      } catch (error) {
        this.#owner.fault(error);
      }
    });
  }

  #checkClient(): void {
    this.#clientCheckedAt = this.#clock.now();
    this.#owner
      .clientState()
      .then((state) => {
        if (this.#up.stalled && state !== "present") {
          this.#up.lost = true; // what it has sent is still on its way
          this.#isClientGone = state === "gone";
          if (this.#isClientGone) this.#owner.clientVanished();
        }
        this.watch();
      })
      .catch((error: unknown) => this.#owner.fault(error));
  }
}
