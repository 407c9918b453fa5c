import { Tally } from "../core/collections/tally.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnectionReport, TrafficStatus } from "../core/status/daemon-status.js";
import type { TracedStream } from "../monitor/monitor.js";
import type { NotificationSender } from "../notify/notification-scheduler.js";
import type { DescriptorLease } from "../system/descriptor-budget.js";

/** What the registry, and through it the daemon, knows of a connection. */
export interface RegisteredConnection extends ConnectionReport {
  readonly origin: ClientOrigin;
  /** Whether the client's socket is gone. */
  readonly gone: boolean;
  /** Whether the connection has ended, and both its client and its plugin have been told. */
  readonly settled: boolean;
  /** Whether it is settled and the client's socket is gone: nothing of it is left. */
  readonly finished: boolean;
  /** Whether the client watches messages of others. */
  readonly watches: boolean;
  /** Where its notifications go. */
  readonly luup: NotificationSender;
  /** Its messages, while bytes are relayed. */
  readonly streams: readonly TracedStream[];
  /** Bytes from the remote, and to it. */
  readonly traffic: { readonly received: number; readonly sent: number };
  /** Ends the connection because the daemon ends. */
  stop(reason: string): void;
}

/** Who is connected, and who still has something to say. */
export class ConnectionRegistry {
  readonly #connections = new Map<string, RegisteredConnection>();
  /** Connections whose client's socket is still there, each with the descriptor of that socket. */
  readonly #open = new Map<RegisteredConnection, DescriptorLease>();
  readonly #openByClient = new Tally<string>();
  /** What has passed through connections of which nothing is left. */
  #past: TrafficStatus = { connections: 0, received: 0, sent: 0 };
  #whenSettled: (() => void) | undefined;
  #looking = false;

  /** Clients that are connected. */
  get open(): number {
    return this.#open.size;
  }

  /** What has passed since the start. */
  get traffic(): TrafficStatus {
    let sum = this.#past;
    for (const connection of this.#connections.values()) sum = added(sum, connection);
    return sum;
  }

  /** Clients that are connected from the same address, whatever they have come by. Those that nobody can tell apart count for nobody. */
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

  /** In the order they came. */
  all(): RegisteredConnection[] {
    return [...this.#connections.values()];
  }

  /**
   * Those that are there now, in the order they came. Whoever goes through them slowly does not meet those that have gone meanwhile, and
   * keeps nothing of them.
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

  /** A connection has made a step towards its end. */
  changed(connection: RegisteredConnection): void {
    if (connection.gone) this.#close(connection);
    if (connection.finished && this.#connections.delete(connection.id)) this.#past = added(this.#past, connection);
    this.#look();
  }

  /** Has `callback` called once every connection is over and its plugin told. */
  whenSettled(callback: () => void): void {
    this.#whenSettled = callback;
    this.#look();
  }

  /** Gives back what an open connection holds. */
  #close(connection: RegisteredConnection): void {
    const lease = this.#open.get(connection);
    if (lease === undefined) return;
    this.#open.delete(connection);
    lease.release();
    const { address } = connection.origin;
    if (address !== undefined) this.#openByClient.remove(address);
  }

  #look(): void {
    if (this.#whenSettled === undefined || this.#looking) return;
    this.#looking = true;
    setImmediate(() => {
      this.#looking = false;
      for (const { settled } of this.#connections.values()) if (!settled) return;
      this.#whenSettled?.();
    });
  }
}

/** A total with one connection more. */
function added({ connections, received, sent }: TrafficStatus, { traffic }: RegisteredConnection): TrafficStatus {
  return { connections: connections + 1, received: received + traffic.received, sent: sent + traffic.sent };
}
