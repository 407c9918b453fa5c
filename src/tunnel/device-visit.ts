import type { SocketOwner } from "../accept/listener.js";
import { formatHostPort } from "../core/net/address.js";
import type { Contender } from "../core/tunnel/device-contention.js";
import type { Farewell } from "../core/tunnel/farewell.js";
import type { TunnelCommand } from "../core/tunnel/frames.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Channel } from "./channel.js";
import type { SessionEvents, SessionTerms } from "./resumable-end.js";
import type { TunnelContext } from "./tunnel-context.js";
import { TunnelLink } from "./tunnel-link.js";
import type { TunnelLinkRules } from "./tunnel-link-events.js";

/** Is told what happens on the link of a visit. */
export interface LinkHolder {
  /** Any command that is not about a client of the link. */
  handle(command: TunnelCommand): void;
  /** A client is closed because it did not read for too long. */
  stalled(channel: Channel): void;
  lost(reason: string): void;
  fault(error: unknown): void;
}

/** A connection of a device, and whom to tell that it is over. */
interface VisitConnection {
  readonly address: string;
  readonly from: string;
  closed(reason: string): void;
}

/** A device that has connected, whether it is let in or not. With a session, it stays the same when it connects anew. */
export class DeviceVisit implements Contender {
  readonly link: TunnelLink;
  /** Set before the link starts. */
  holder!: LinkHolder;
  #instance: string | undefined;
  /** The latest connection. */
  #connection: VisitConnection;
  /** The visit that goes on over the connection of this one. */
  #successor: DeviceVisit | undefined;

  /**
   * @param closed called when this connection is closed
   * @param heard called when the device has said something
   */
  constructor(
    end: StreamEnd,
    rules: TunnelLinkRules,
    context: Pick<TunnelContext, "clock" | "deadPeers">,
    closed: (reason: string) => void,
    heard: () => void,
  ) {
    this.#connection = {
      address: end.peerAddress,
      from: formatHostPort({ host: end.peerAddress, port: end.peerPort }),
      closed,
    };
    this.link = new TunnelLink(end, rules, context.clock, {
      command: (command) => {
        heard();
        this.#handle(command);
      },
      stalled: (channel) => this.holder.stalled(channel),
      lost: (reason, isDismissed) => {
        this.holder.lost(reason);
        if (!isDismissed) this.#connection.closed(reason);
      },
      unanswered: () => context.deadPeers.unanswered(end),
      fault: (error) => this.holder.fault(error),
    });
  }

  get instance(): string | undefined {
    return this.#instance;
  }

  /** The IP address of the device. */
  get address(): string {
    return this.#connection.address;
  }

  /** `host:port` of the device. */
  get from(): string {
    return this.#connection.from;
  }

  /** The owner of the connection that the visit has now: it closes the link with it. */
  get owner(): SocketOwner {
    const connection = this.#connection;
    return {
      close: (reason) => {
        const visit = this.#successor ?? this;
        if (visit.#connection === connection) visit.leave(reason);
      },
    };
  }

  /** From now on the link outlives its connection. */
  beginSession(terms: SessionTerms, told: SessionEvents): void {
    this.link.connection.beginSession(terms, false, {
      begun: () => told.begun?.(),
      cut: (reason) => {
        const { closed } = this.#connection;
        this.#connection = { ...this.#connection, closed() {} };
        closed(reason);
        told.cut(reason);
      },
      resumed: (afterMs) => told.resumed(afterMs),
    });
  }

  /**
   * Goes on over the connection of another visit. That is over by this, and nobody is told.
   *
   * @param received what the device has received
   */
  goOnOver(other: DeviceVisit, received: number): void {
    const end = other.link.release();
    if (end === undefined) return;
    this.link.connection.session?.cut(`the device has connected anew, from ${other.from}`);
    this.#connection = other.#connection;
    other.#successor = this;
    if (this.link.connection.session?.goOn(end, received) === true) return;
    end.destroy();
    this.#connection.closed("its session is over");
  }

  /**
   * Closes the link.
   *
   * @param farewell tells the device why; undefined for a device that would not understand
   * @param gone told once, when the device has closed, too; `answered`: it did so in answer to that
   */
  dismiss(reason: string, farewell: Farewell | undefined, gone?: (answered: boolean) => void): void {
    const { closed } = this.#connection;
    this.link.dismiss(reason, farewell, (answered) => {
      closed(reason);
      gone?.(answered);
    });
  }

  /** Closes the link because the server wants so. */
  leave(reason: string): void {
    const { closed } = this.#connection;
    this.link.leave(reason, () => closed(reason));
  }

  #handle(command: TunnelCommand): void {
    if (command.kind === "hello") this.#instance = command.instance;
    this.holder.handle(command);
  }
}
