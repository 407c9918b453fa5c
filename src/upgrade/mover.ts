import type { FromPredecessor, FromSuccessor } from "../core/upgrade/messages.js";
import { atMost } from "../scheduling/waits.js";
import type { SocketHandle } from "../sockets/node-handle.js";
import type { Clock } from "../system/clock.js";
import type { Movable, Parcel } from "./movable.js";

/**
 * Connections that are on their way at a time. Node sends one socket after the other, and waits for a receipt of each: more of them would only
 * be held for longer, on a busy machine by far (docs/upgrade.md).
 */
const SENT_AT_A_TIME = 2;
/** Connections that are held until both kernels have taken everything. Most need no time for that. */
const SETTLING_AT_A_TIME = 8;
/** So long a connection is held until both kernels have taken everything. */
const SETTLE_MS = 120;
/** From one look at a held connection to the next. */
const LOOK_MS = 2;
/** Until a connection that did not settle is tried again: meanwhile it goes on. */
const AGAIN_MS = 500;
/** The new process has so long to confirm that it has a connection. It needs about 1 ms. */
const ANSWER_MS = 10_000;

/** The new process, as far as connections go there. */
export interface MoverTarget {
  /** Sends a message, and a socket with it. */
  send(message: FromPredecessor, handle?: SocketHandle): void;
  /** It has not answered in time. May be called again and again. */
  isSilent(): void;
}

/** What has become of connections so far. */
export interface MoverReport {
  readonly moved: number;
  /** Of those that moved: the longest time in which one was read by nobody, in milliseconds. */
  readonly longestMs: number;
  /** Connections that the new process did not take, by its reason. */
  readonly declined: ReadonlyMap<string, string>;
}

interface Moving {
  readonly connection: Movable;
  /** Held since then, by the clock. */
  readonly since: number;
}

/** Moves connections to the new process, a few at a time: each is held, sent, acknowledged there, and let go here. */
export class Mover {
  readonly #clock: Clock;
  readonly #target: MoverTarget;
  /** Held, and not sent yet. */
  readonly #settling = new Map<string, Moving>();
  /** Sent, and not acknowledged yet. */
  readonly #sent = new Map<string, Moving>();
  /** Connections that did not settle, and when to try again, by the clock. */
  readonly #again = new Map<string, number>();
  readonly #declined = new Map<string, string>();
  #moved = 0;
  #isOver = false;
  /** Ends the wait of {@link #look}. */
  #wake = (): void => {};
  #longestMs = 0;

  constructor(target: MoverTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  get report(): MoverReport {
    return { moved: this.#moved, longestMs: this.#longestMs, declined: this.#declined };
  }

  /** Whether a connection is on its way: it must not be touched. */
  has(id: string): boolean {
    return this.#sent.has(id) || this.#settling.has(id);
  }

  /**
   * Moves what can be moved of these, each tried once.
   *
   * @returns when each has moved, or goes on here
   */
  async move(connections: Iterable<Movable>): Promise<void> {
    for (const connection of connections) {
      const { id } = connection;
      if (this.#isOver) return;
      if (this.has(id) || this.#declined.has(id) || (this.#again.get(id) ?? 0) > this.#clock.now()) continue;
      while (this.#sent.size >= SENT_AT_A_TIME || this.#settling.size >= SETTLING_AT_A_TIME) await this.#look();
      if (!this.#isOver) this.#begin(connection);
    }
    while (this.#settling.size + this.#sent.size > 0) await this.#look();
  }

  #begin(connection: Movable): void {
    if (!connection.hold()) {
      this.#later(connection);
      return;
    }
    this.#settling.set(connection.id, { connection, since: this.#clock.now() });
    this.#sendSettled();
  }

  /** Waits for an answer of the new process, or for the next look. */
  async #look(): Promise<void> {
    await atMost(LOOK_MS, this.#clock, (wake) => {
      this.#wake = wake;
    });
    this.#sendSettled();
    const [oldest] = this.#sent.values();
    if (oldest !== undefined && this.#clock.now() - oldest.since > ANSWER_MS) this.#target.isSilent();
  }

  #sendSettled(): void {
    for (const [id, moving] of this.#settling) {
      const { connection, since } = moving;
      const parcel = connection.parcel;
      if (parcel !== undefined) {
        this.#settling.delete(id);
        this.#sent.set(id, moving);
        this.#send(id, parcel);
      } else if (this.#clock.now() - since > SETTLE_MS) {
        this.#settling.delete(id);
        connection.goOn();
        this.#later(connection);
      }
    }
  }

  #send(id: string, { session, client, remote }: Parcel): void {
    this.#target.send({ kind: client === undefined ? "parked" : "session", id, session }, client ?? remote);
    if (client !== undefined && remote !== undefined) this.#target.send({ kind: "remote", id }, remote);
  }

  #later({ id }: Movable): void {
    this.#again.set(id, this.#clock.now() + AGAIN_MS);
  }

  /** The new process has answered. */
  answered(message: Extract<FromSuccessor, { kind: "adopted" | "declined" }>): void {
    const { id } = message;
    const moving = this.#sent.get(id);
    if (moving === undefined) return;
    this.#sent.delete(id);
    this.#wake();
    if (message.kind === "declined") {
      this.#declined.set(id, message.reason);
      moving.connection.goOn();
      return;
    }
    moving.connection.letGo();
    this.#target.send({ kind: "go", id });
    this.#moved += 1;
    this.#longestMs = Math.max(this.#longestMs, this.#clock.now() - moving.since);
  }

  /** The new process is gone, and has read nothing of what it has not acknowledged: that goes on here. */
  abandon(): void {
    this.#isOver = true;
    for (const { connection } of [...this.#settling.values(), ...this.#sent.values()]) connection.goOn();
    this.#settling.clear();
    this.#sent.clear();
  }
}
