import type { SessionState } from "../core/upgrade/session-state.js";
import type { End } from "../sockets/end.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Movable, Parcel } from "../upgrade/movable.js";
import { Connection } from "./connection.js";
import type { RelayedConnection } from "./connection-phase.js";
import type { RegisteredConnection } from "./connection-registry.js";

/** Why a connection stays, by its phase in STAT. */
const BY_PHASE: Readonly<Record<string, string>> = {
  setup: "in setup mode",
  dialing: "being connected",
  watching: "watching",
  linked: "link of a tunnel",
  closing: "closing",
  parked: "parked",
  echo: "datagrams",
};

/** Why a connection stays that this program moves never: it is of no kind that moves, or not in its time. */
export function stayingReason(connection: RegisteredConnection): string {
  const { phase } = connection.status;
  if (phase === "echo" && connection instanceof Connection) return "in a tunnel"; // its port belongs to the tunnel
  return BY_PHASE[phase] ?? phase;
}

/** A connection whose bytes are relayed, on its way to another process (docs/upgrade.md). */
export class MovingConnection implements Movable {
  readonly id: string;
  readonly #connection: Connection;
  /** The name of its port: see {@link SessionState.port}. */
  readonly #port: string;
  readonly #successor: string;
  #isHeld = false;

  /** @param successor the process that gets it, for the log */
  constructor(connection: Connection, port: string, successor: string) {
    this.id = connection.id;
    this.#connection = connection;
    this.#port = port;
    this.#successor = successor;
  }

  get reason(): string {
    const remote = this.#remote;
    const { client } = this.#connection.relayed ?? {};
    if (client === undefined || remote === undefined) return stayingReason(this.#connection);
    const streams = [client, remote].filter((end) => end instanceof StreamEnd);
    if (streams.some(({ security }) => security !== undefined)) return "TLS";
    if (client.peerPort === 0) return "on a Unix socket";
    if (remote.rests !== undefined) return "with an exchange under way";
    if (remote.dropped !== undefined) return "UDP";
    if (!(remote instanceof StreamEnd)) return remote.base === undefined ? "in a tunnel" : "with telegrams";
    return "busy";
  }

  /** Whether its client has gone, and may come back: to the new process, which has to have it then. */
  get isAway(): boolean {
    return this.#connection.isAway;
  }

  /** Whether it is a client of a shared device. */
  get isShared(): boolean {
    return this.#remote?.rests !== undefined;
  }

  hold(): boolean {
    if (this.#isHeld) return true;
    const { relaying } = this.#connection.relayed ?? {};
    if (relaying === undefined) return false;
    const { handover } = relaying.relay;
    const isToldEnd = relaying.notifier !== undefined && handover.remoteEnded; // the final notification is this process's
    if (isToldEnd && !this.#connection.isAway) return false;
    handover.hold();
    relaying.notifier?.hold();
    this.#isHeld = true;
    return true;
  }

  goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const { relaying } = this.#connection.relayed ?? {};
    relaying?.notifier?.goOn();
    relaying?.relay.handover.goOn();
  }

  get parcel(): Parcel | undefined {
    const { relayed } = this.#connection;
    if (relayed === undefined) return undefined;
    const session = this.#sessionOf(relayed);
    const { client, relaying } = relayed;
    const { request, relay, notifier, parking } = relaying;
    const { remote, handover } = relay;
    const ways = notifier === undefined ? [] : notifier.state;
    if (ways === undefined) return undefined;
    const state = { peer: { host: remote.peerAddress, port: remote.peerPort }, request, ways };
    if (parking?.client.isAway) {
      const { parkedState: parked } = parking;
      const isClosed = parked?.closed !== undefined;
      const handle = remote instanceof StreamEnd && handover.isParked ? remote.handle : undefined;
      if (parked === undefined || (handle === undefined && !isClosed)) return undefined;
      return { session: { ...session, remote: { ...state, parked } }, client: undefined, remote: handle };
    }
    if (!handover.isEmpty || client.handle === undefined) return undefined;
    if (remote.rests === true && notifier === undefined) return { session, client: client.handle };
    if (!(remote instanceof StreamEnd) || remote.handle === undefined) return undefined;
    const unacknowledged = parking?.client.kept.toString("base64");
    const whole = { ...state, ...(unacknowledged !== undefined && { unacknowledged }) };
    return { session: { ...session, remote: whole }, client: client.handle, remote: remote.handle };
  }

  #sessionOf({ client, relaying, ageMs, openedEpochMs, now }: RelayedConnection): SessionState {
    const { id, origin } = this.#connection;
    return {
      ...{ id, port: this.#port, origin, ageMs, openedEpochMs },
      client: { host: client.peerAddress, port: client.peerPort },
      progress: relaying.relay.handover.progress(now),
    };
  }

  letGo(): void {
    this.#connection.letGo(`goes on in ${this.#successor}`);
  }

  get #remote(): End | undefined {
    return this.#connection.relayed?.relaying.relay.remote;
  }
}
