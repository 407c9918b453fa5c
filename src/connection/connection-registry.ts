import { Tally } from "../core/collections/tally.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { allDropped, noneDropped } from "../core/net/datagrams.js";
import type { ConnectionReport, ConnectionTraffic, LineTraffic, TrafficStatus } from "../core/status/daemon-status.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { NotificationSender } from "../notify/luup-way.js";
import type { DescriptorLease } from "../system/descriptor-budget.js";

const NO_TRAFFIC: LineTraffic = { connections: 0, received: 0, sent: 0 };

/** What the registry, and through it the daemon, knows of a connection. */
export interface RegisteredConnection extends ConnectionReport {
  readonly origin: ClientOrigin;
  readonly isClientGone: boolean;
  /** Whether the connection is closing, its client has been sent FIN and its plugin the final notification. */
  readonly isEndAnnounced: boolean;
  /** Whether, besides, the client is gone: nothing of the connection is left. */
  readonly isFinished: boolean;
  /** Whether the client watches messages of others. */
  readonly isWatching: boolean;
  /** Where its notifications go. */
  readonly notificationSender: NotificationSender;
  /** Its messages, while bytes are relayed. */
  readonly streams: readonly TracedStream[];
  readonly traffic: ConnectionTraffic;
  /** Whether it has ended by a reset. */
  readonly isReset: boolean;
  /** Tells what happens to it, from now on, to those who want all events, where there are any. */
  tellBus(): void;
  /** Ends the connection because the daemon ends. */
  stop(reason: string): void;
  /** The daemon waits no longer: a client that is to be reset behind its last bytes is reset now, for the exit would send FIN. */
  abandon(): void;
}

/** All connections of clients, until nothing of them is left. */
export class ConnectionRegistry {
  readonly #connections = new Map<string, RegisteredConnection>();
  /** Connections whose client's socket is still there, each with the descriptor of that socket. */
  readonly #open = new Map<RegisteredConnection, DescriptorLease>();
  readonly #openByClient = new Tally<string>();
  /** Bytes of connections that are finished. */
  #past: TrafficStatus = { connections: 0, received: 0, sent: 0, resets: 0, datagramsDropped: noneDropped() };
  /** Their part by listener. */
  readonly #pastLines = new Map<string, LineTraffic>();
  #whenEndsAnnounced: (() => void) | undefined;
  #checking = false;

  /** Clients that are connected. */
  get open(): number {
    return this.#open.size;
  }

  /** Connections and bytes since the start. */
  get traffic(): TrafficStatus {
    let sum = this.#past;
    for (const connection of this.#connections.values()) sum = added(sum, connection);
    return sum;
  }

  /** Connections and bytes since the start, by the name of the listener. */
  get lines(): Readonly<Record<string, LineTraffic>> {
    const lines = new Map(this.#pastLines);
    for (const connection of this.#connections.values()) addToLine(lines, connection);
    return Object.fromEntries(lines);
  }

  /** Clients that are connected from the same address, by whatever port; 0 for an origin without an address. */
  openOf({ address = "" }: ClientOrigin): number {
    return this.#openByClient.of(address);
  }

  /**
   * Adds a new connection.
   *
   * @param lease the descriptor of its client's socket, released when that socket is gone
   */
  add(connection: RegisteredConnection, lease: DescriptorLease): void {
    this.#connections.set(connection.id, connection);
    this.#open.set(connection, lease);
    const { address } = connection.origin;
    if (address !== undefined) this.#openByClient.add(address);
  }

  /** The connection of this id; undefined when nothing of it is left. */
  find(id: string): RegisteredConnection | undefined {
    return this.#connections.get(id);
  }

  /** All connections, the oldest first. */
  all(): RegisteredConnection[] {
    return [...this.#connections.values()];
  }

  /**
   * The connections of this moment, the oldest first. A slow reader skips connections that have finished meanwhile, and keeps none of
   * them in memory.
   */
  get present(): Iterable<RegisteredConnection> {
    const connections = this.#connections;
    const ids = [...connections.keys()];
    return {
      *[Symbol.iterator]() {
        for (const id of ids) {
          const connection = connections.get(id);
          if (connection !== undefined) yield connection;
        }
      },
    };
  }

  /** A connection has come a step closer to its end. */
  changed(connection: RegisteredConnection): void {
    if (connection.isClientGone) this.#close(connection);
    if (connection.isFinished && this.#connections.delete(connection.id)) {
      this.#past = added(this.#past, connection);
      addToLine(this.#pastLines, connection);
    }
    this.#check();
  }

  /** Calls `callback` once the end of every connection has been announced: see {@link RegisteredConnection.isEndAnnounced}. */
  whenEndsAnnounced(callback: () => void): void {
    this.#whenEndsAnnounced = callback;
    this.#check();
  }

  /** The client's socket is gone: releases its descriptor, and counts the client no more. */
  #close(connection: RegisteredConnection): void {
    const lease = this.#open.get(connection);
    if (lease === undefined) return;
    this.#open.delete(connection);
    lease.release();
    const { address } = connection.origin;
    if (address !== undefined) this.#openByClient.remove(address);
  }

  #check(): void {
    if (this.#whenEndsAnnounced === undefined || this.#checking) return;
    this.#checking = true;
    setImmediate(() => {
      this.#checking = false;
      for (const { isEndAnnounced } of this.#connections.values()) if (!isEndAnnounced) return;
      this.#whenEndsAnnounced?.();
    });
  }
}

/** A total with one connection more. */
function added(sum: TrafficStatus, { traffic, isReset }: RegisteredConnection): TrafficStatus {
  return {
    connections: sum.connections + 1,
    received: sum.received + traffic.received,
    sent: sum.sent + traffic.sent,
    resets: sum.resets + Number(isReset),
    datagramsDropped:
      traffic.datagramsDropped === undefined
        ? sum.datagramsDropped
        : allDropped([sum.datagramsDropped, traffic.datagramsDropped]),
  };
}

/** Adds one connection to the part of its listener. */
function addToLine(lines: Map<string, LineTraffic>, { listener, traffic }: RegisteredConnection): void {
  const { connections, received, sent } = lines.get(listener) ?? NO_TRAFFIC;
  lines.set(listener, {
    connections: connections + 1,
    received: received + traffic.received,
    sent: sent + traffic.sent,
  });
}
