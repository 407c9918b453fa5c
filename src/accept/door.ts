import { ReplacementRate } from "../core/limits/replacement-rate.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { WhenFull } from "../core/options/conn-options.js";
import type { Dial } from "../dial/dial.js";
import { NO_EARLY_BYTES } from "../sockets/early-data.js";
import { endedBy } from "../sockets/end.js";
import type { Clock, Timer } from "../system/clock.js";
import { PlacedDial } from "./placed-dial.js";

/** How many clients a line takes at a time. */
export interface DoorRules {
  readonly maxClients: number;
  readonly whenFull: WhenFull;
  /** All clients have one remote: nobody has to wait until the remote of another is gone. */
  readonly sharesRemote: boolean;
}

/** A client that was let in. */
export interface Guest {
  /** `host:port` */
  readonly name: string;
  /** The client has not sent FIN, and its connection is not closing. */
  readonly isPresent: boolean;
  /** Its client has gone, and may come back (PARK): it counts as present for everybody else. */
  readonly isAway?: boolean;
  /** Whether its client has gone, and may come back from there. */
  mayReturnFrom?(origin: ClientOrigin): boolean;
  /** When the last byte of its connection passed, by the clock. */
  readonly lastActivityAt: number;
  /** Ends its connection: another client gets its place. */
  evict(reason: string): void;
}

/** A client that wants to come in. */
export interface Newcomer {
  /** `host:port` */
  readonly name: string;
  readonly origin: ClientOrigin;
  /** It has gone without a byte, as a health check or a port scan does: it replaces nobody. */
  readonly hasLeft: boolean;
}

/** What becomes of a newcomer: it comes in, or hears a reason, or has left; `detail`: what the log says besides. */
export type Entry =
  | { readonly kind: "left" }
  | { readonly kind: "in"; readonly pass: Pass; readonly replaced: boolean }
  | { readonly kind: "full"; readonly reason: string; readonly detail: string };

/** What a client that connects anew may take to end its last connection. It slows down those who are refused and come back at once, too. */
const MOMENT_MS = 50;
/** A client that has ended may still have an answer to come: so long it is left in peace after the last byte. */
const ENDED_MS = 1000;
/** A device that has closed a connection may need a moment before it takes another one. */
const SETTLE_MS = 50;

/**
 * Lets so many clients of one line in, and no more. Each of them has a place for a remote of its own: a device that takes one connection
 * refuses a second one until the first is closed, so the dial of a newcomer waits until the remote of its predecessor is gone.
 *
 * A client counts until it has sent FIN, or its connection closes; its place is free when its remote is gone.
 */
export class Door {
  readonly #clock: Clock;
  readonly #rate = new ReplacementRate();
  /** Who has been let in, in that order, until both its client and its remote are gone. */
  readonly #passes = new Set<Pass>();
  /** Those whose dial waits for a place, in their order. */
  readonly #waiting = new Set<Pass>();
  #maxClients = 0;
  #taken = 0;
  #look: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets a client in, or not: at once where there is room. Otherwise it is seen a moment later, for a client that connects anew may come
   * in before the FIN of its last connection is read.
   *
   * @param rules those in force now
   * @param decided sets {@link Pass.guest} of a client that comes in
   */
  enter(newcomer: Newcomer, rules: DoorRules, decided: (entry: Entry) => void): void {
    this.#maxClients = rules.maxClients;
    this.#serveWaiting(); // a reload may have made room
    if (this.#present(newcomer).length < rules.maxClients) decided(this.#letIn(rules, false));
    else this.#clock.after(MOMENT_MS, () => decided(this.#decide(newcomer, rules)));
  }

  /** Lets a client in that another process has let in, which has handed it over. */
  admit(rules: DoorRules): Pass {
    this.#maxClients = rules.maxClients;
    const pass = new Pass(this, this.#clock, rules.sharesRemote, true);
    this.#passes.add(pass);
    return pass;
  }

  #decide(newcomer: Newcomer, rules: DoorRules): Entry {
    const { name, hasLeft } = newcomer;
    if (hasLeft) return { kind: "left" };
    const { maxClients, whenFull } = rules;
    const present = this.#present(newcomer);
    const [oldest] = present;
    if (oldest === undefined || present.length < maxClients) return this.#letIn(rules, false);
    const now = this.#clock.now();
    const detail = `; the oldest is ${oldest.guest?.name}, for ${Math.round((now - oldest.since) / 1000)} s`;
    const full = `as many clients are connected as max-clients=${maxClients} allows`;
    if (whenFull === "refuse") return { kind: "full", reason: full, detail };
    if (!this.#rate.take(now)) {
      return { kind: "full", reason: `${full}, and they replace each other too often`, detail };
    }
    // several, where a reload has lowered the limit
    for (const { guest } of present.slice(0, present.length - maxClients + 1)) {
      guest?.evict(`replaced by ${name}, a newer client (when-full)`);
    }
    return this.#letIn(rules, true);
  }

  #letIn({ sharesRemote }: DoorRules, replaced: boolean): Entry {
    const pass = new Pass(this, this.#clock, sharesRemote);
    this.#passes.add(pass);
    return { kind: "in", pass, replaced };
  }

  /** Those whose client is there, or may come back and is not the newcomer; the oldest first. Forgets those of whom nothing is left. */
  #present({ origin }: Newcomer): Pass[] {
    for (const pass of this.#passes) if (pass.isOver) this.#passes.delete(pass);
    return [...this.#passes].filter(({ guest }) => guest?.isPresent && guest.mayReturnFrom?.(origin) !== true);
  }

  /** Whether there is a place for a remote; then the pass has it. Otherwise {@link Pass.placed} is called as soon as it has one. */
  take(pass: Pass): boolean {
    if (pass.isAdmitted || this.#taken < this.#maxClients) {
      this.#taken += 1;
      return true;
    }
    this.#waiting.add(pass);
    this.#look ??= this.#clock.after(ENDED_MS, () => this.#evictEnded());
    return false;
  }

  /** The pass waits no more. */
  cancel(pass: Pass): void {
    this.#waiting.delete(pass);
    if (this.#waiting.size > 0) return;
    this.#look?.cancel();
    this.#look = undefined;
  }

  /** A remote is gone. */
  leave(): void {
    this.#clock.after(SETTLE_MS, () => {
      this.#taken -= 1;
      this.#serveWaiting();
    });
  }

  #serveWaiting(): void {
    for (const pass of this.#waiting) {
      if (this.#taken >= this.#maxClients) return;
      this.#taken += 1;
      this.cancel(pass);
      pass.placed();
    }
  }

  /** Clients that have ended keep no place from somebody who waits, unless their answer is still under way. */
  #evictEnded(): void {
    this.#look = this.#clock.after(ENDED_MS, () => this.#evictEnded());
    let wanted = this.#waiting.size;
    for (const { guest, hasPlace } of this.#passes) {
      if (wanted === 0) return;
      if (guest === undefined || (guest.isPresent && !guest.isAway) || !hasPlace) continue;
      wanted -= 1;
      if (!guest.isAway && this.#clock.now() - guest.lastActivityAt < ENDED_MS) continue;
      guest.evict(`${endedBy("client")}, and another one waits for its place (max-clients)`);
    }
  }
}

/** What a client that was let in has of its door. */
export class Pass {
  /** Set once the client is a connection. */
  guest: Guest | undefined;
  /** What the client has sent before it came in. */
  early = NO_EARLY_BYTES;
  /** When the client came, by the clock. */
  readonly since: number;
  readonly #door: Door;
  readonly #clock: Clock;
  readonly #sharesRemote: boolean;
  /** Another process has let it in: its remote is there, whoever has come meanwhile. */
  readonly isAdmitted: boolean;
  #dial: PlacedDial | undefined;

  constructor(door: Door, clock: Clock, sharesRemote: boolean, isAdmitted = false) {
    this.isAdmitted = isAdmitted;
    this.#door = door;
    this.#clock = clock;
    this.#sharesRemote = sharesRemote;
    this.since = clock.now();
  }

  /** Whether it has a remote, or may have. */
  get hasPlace(): boolean {
    return this.#dial?.hasPlace ?? false;
  }

  /** Whether nothing is left of client and remote. */
  get isOver(): boolean {
    return this.guest?.isPresent !== true && !this.hasPlace;
  }

  /**
   * Dials as soon as there is a place for the remote.
   *
   * @param limitMs longest wait for the place
   */
  dial(start: () => Dial, limitMs: number): Dial {
    if (this.#sharesRemote) return start();
    this.#dial = new PlacedDial(start, limitMs, this.#clock, {
      take: () => this.#door.take(this),
      cancel: () => this.#door.cancel(this),
      leave: () => this.#door.leave(),
    });
    return this.#dial;
  }

  /** Has the place for a remote of another one, with the remote: the client of both is the same. */
  takeOver(other: Pass): void {
    this.#dial = other.#dial;
    other.#dial = undefined;
  }

  /** There is a place for the remote now. */
  placed(): void {
    this.#dial?.placed();
  }
}

/** The doors of all lines that limit their clients. */
export class Doors {
  readonly #clock: Clock;
  readonly #doors = new Map<string, Door>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The door with this key. A reload does not change who is behind it. */
  of(key: string): Door {
    const known = this.#doors.get(key);
    if (known !== undefined) return known;
    const door = new Door(this.#clock);
    this.#doors.set(key, door);
    return door;
  }
}
