import type { Pass } from "../accept/door.js";
import { DEFAULT_PARK_BYTES, type ParkingOptions } from "../core/options/parking-options.js";
import { formatSeconds } from "../core/parse/duration.js";
import type { ParkedStatus } from "../core/status/daemon-status.js";
import type { ParkedState } from "../core/upgrade/session-state.js";
import type { ServerLease } from "../dial/dial.js";
import type { Relay, RelayEnding } from "../relay/relay.js";
import { type EarlyBytes, NOTHING_WAITS, type WaitingBytes } from "../sockets/early-data.js";
import { type End, EndReason, endedBy } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import type { FormerRelay } from "./former-relay.js";
import { ParkableClient } from "./parkable-client.js";
import type { ParkableClientContext, ParkableClientOwner } from "./parkable-client-owner.js";
import type { TakenRemote } from "./taken-remote.js";

/** The connection that can be parked, while its bytes are relayed. */
export interface RelayParkingOwner {
  readonly relay: Relay;
  /** The client has gone: its plugin is not to be told of data. */
  clientLeft(): void;
  /** The connection is parked. */
  parked(waitingBytes: number): void;
  /** It ends as without parking. @param why for the log */
  notParked(why: string): void;
  /** The connection is over: nobody has come for what its remote has left. */
  relayEnded(ending: RelayEnding): void;
  /** The connection is over, without a word to its plugin: its remote is another one's. */
  handedOver(): { readonly serverLease: ServerLease | undefined; readonly pass: Pass | undefined };
  fault(error: unknown): void;
}

/** What the connection has in common with all others that are parked. */
export interface ParkingPlaces {
  readonly context: ParkableClientContext;
  /** How much of a client that has gone may be read though its remote takes nothing. It stays in memory, whoever is its client by then. */
  roomAhead(remote: End): number;
  /** Whether nobody may keep more bytes: the remotes have to wait. */
  readonly isFull: boolean;
  /** The client has gone. */
  enter(parking: RelayParking): void;
  leave(parking: RelayParking): void;
  /** Why a connection that has entered may not be parked; undefined: it may. */
  refusal(parking: RelayParking): string | undefined;
  waitingChanged(by: number): void;
}

/** What parking knows a connection by. */
export interface ParkingName {
  /** By what its client gets it again. */
  readonly key: string;
  /** The address of its client, as parking knows it again. */
  readonly address: string;
}

/**
 * What becomes of a connection when its client goes: it is parked until the client is back, until the time is over, or until the remote has
 * ended and nothing waits (docs/protocol.md, "Parking").
 */
export class RelayParking implements ParkableClientOwner {
  readonly client: ParkableClient;
  readonly key: string;
  readonly address: string;
  readonly #lot: ParkingPlaces;
  readonly #owner: RelayParkingOwner;
  readonly #parkMs: number;
  #timer: Timer | undefined;
  /** When the time is over, by the clock. */
  #until = 0;
  /** What the remote has done by now, where another process has parked the connection. */
  #former: WaitingBytes | undefined;
  /** The remote has ended the relay while bytes wait. */
  #ending: RelayEnding | undefined;

  constructor(
    lot: ParkingPlaces,
    name: ParkingName,
    options: ParkingOptions,
    stream: StreamEnd,
    owner: RelayParkingOwner,
  ) {
    this.#lot = lot;
    this.key = name.key;
    this.address = name.address;
    this.#owner = owner;
    this.#parkMs = options.parkMs;
    this.client = new ParkableClient(stream, options.parkBytes ?? DEFAULT_PARK_BYTES, lot.context, this);
  }

  get remote(): End {
    return this.#owner.relay.remote;
  }

  /** What STAT shows; undefined: the client is there. */
  get status(): ParkedStatus | undefined {
    if (!this.client.isParked) return undefined;
    const restMs = Math.max(0, Math.round(this.#until - this.#lot.context.clock.now()));
    return { bytes: this.client.waiting, restMs };
  }

  /** What another process needs to park it, too; undefined: the client is there. */
  get parkedState(): ParkedState | undefined {
    const { status, client } = this;
    return (
      status && {
        bytes: client.kept.toString("base64"),
        ended: client.hasEnded,
        ...(this.#ending && { closed: this.#ending.reason }),
        isCut: client.isCut,
        restMs: status.restMs,
      }
    );
  }

  /** Goes on where another process has been, which may have parked the connection. To be called before {@link start}. */
  restore({ unacknowledged, parked }: FormerRelay): void {
    if (parked === undefined) {
      this.client.restore(unacknowledged);
      return;
    }
    const { bytes, isCut, restMs, ended, closed } = parked;
    this.#former = { ...NOTHING_WAITS, ended, closed };
    this.client.restoreParked(Buffer.from(bytes, "base64"), isCut);
    this.#lot.enter(this);
    this.#wait(restMs);
  }

  /** Begins to relay: see {@link Relay.start}. A client that has gone already may be back, if it has sent something, or is to get something. */
  start({ bytes, ended, lost }: EarlyBytes, waiting = this.#former): void {
    const mayBeBack = bytes.length > 0 || waiting !== undefined;
    if (this.client.isParked) this.#owner.clientLeft();
    else if (mayBeBack && ended) this.client.eof();
    else if (mayBeBack && lost !== undefined) this.client.closed(lost);
    this.#owner.relay.start({ bytes, ended: ended && !mayBeBack }, waiting);
  }

  /** Whether the client has closed its socket, by the kernel's table: what it has sent before may still be to be read. */
  async hasClientGone(): Promise<boolean> {
    const { peerPort, ownKey, peerKey } = this.client.base;
    return peerPort !== 0 && (await this.#lot.context.sockets.peerState(ownKey, peerKey)) !== "present";
  }

  get isFull(): boolean {
    return this.#lot.isFull;
  }

  /** See {@link ParkableClient.readToEnd}. */
  readToEnd(): boolean {
    const most = this.#lot.roomAhead(this.remote);
    return most > 0 && this.client.readToEnd(most);
  }

  clientLeft(): void {
    this.#lot.enter(this);
    this.#owner.clientLeft();
  }

  mayPark(): boolean {
    const why = this.#lot.refusal(this);
    if (why !== undefined) this.#owner.notParked(why);
    return why === undefined;
  }

  nothingParked(): void {
    this.#end(undefined);
  }

  parked(): void {
    this.#wait(this.#parkMs);
    this.#owner.parked(this.client.waiting);
    if (this.#ending !== undefined && this.client.waiting === 0) this.remoteLeft();
  }

  remoteLeft(): void {
    this.#end(undefined, endedBy("client"));
  }

  waitingChanged(by: number): void {
    this.#lot.waitingChanged(by);
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
  }

  /** The relay has ended. @returns whether the connection goes on without it: bytes wait, or may wait */
  keeps(ending: RelayEnding): boolean {
    const { isAway, isParked, waiting } = this.client;
    if (!isAway || (isParked && waiting === 0)) return false;
    this.#ending = ending;
    return true;
  }

  /** Gives the remote, and what waits, to another connection. Nothing must happen between that and the end of this pass of the event loop. */
  handOver(): TakenRemote {
    const { relay } = this.#owner;
    const isClosed = this.#ending !== undefined;
    const end = isClosed ? relay.remote : relay.release();
    const ended = this.client.hasEnded;
    const bytes = this.client.takeWaiting();
    relay.uncount(bytes.length);
    this.close();
    return { end, waiting: { bytes, ended, closed: this.#ending?.reason }, ...this.#owner.handedOver() };
  }

  /** Parks nothing any more. */
  close(): void {
    this.#timer?.cancel();
    this.#lot.leave(this);
    this.client.giveUp();
  }

  /** @param ms from now on: another process may have waited already */
  #wait(ms: number): void {
    const { clock } = this.#lot.context;
    const why = `not back within ${formatSeconds(this.#parkMs)} (PARK)`;
    this.#until = clock.now() + ms;
    this.#timer = clock.after(ms, () => this.#end(why, `${endedBy("client")}, and ${why}`));
  }

  /**
   * The connection is over, or goes on without being parked.
   *
   * @param why behind the reason of a relay that has ended
   * @param reason of one that has not, where its client's socket is closed already
   */
  #end(why: string | undefined, reason?: string): void {
    const ending = this.#ending;
    if (!this.client.isAway) return;
    this.#timer?.cancel();
    this.#lot.leave(this);
    if (ending === undefined) {
      this.client.passOn(reason === undefined ? undefined : new EndReason(reason, this.client.isCut));
      return;
    }
    this.client.giveUp();
    this.#owner.relayEnded(why === undefined ? ending : { ...ending, reason: `${ending.reason}, ${why}` });
  }
}
