import { formatHostPort } from "../core/net/address.js";
import type { Contender } from "../core/tunnel/device-contention.js";
import type { Farewell } from "../core/tunnel/farewell.js";
import type { TunnelCommand } from "../core/tunnel/frames.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { Channel } from "./channel.js";
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

/** A device that has connected, whether it is let in or not. */
export class DeviceVisit implements Contender {
  readonly link: TunnelLink;
  readonly address: string;
  /** `host:port` of the device. */
  readonly from: string;
  /** Set before the link starts. */
  holder!: LinkHolder;
  #instance: string | undefined;
  readonly #closed: (reason: string) => void;

  /**
   * @param closed called when the link has closed
   * @param heard called when the device has said something
   */
  constructor(
    end: StreamEnd,
    rules: TunnelLinkRules,
    clock: Clock,
    closed: (reason: string) => void,
    heard: () => void,
  ) {
    this.address = end.peerAddress;
    this.from = formatHostPort({ host: end.peerAddress, port: end.peerPort });
    this.#closed = closed;
    this.link = new TunnelLink(end, rules, clock, {
      command: (command) => {
        heard();
        this.#handle(command);
      },
      stalled: (channel) => this.holder.stalled(channel),
      lost: (reason, isDismissed) => {
        this.holder.lost(reason);
        if (!isDismissed) closed(reason);
      },
      fault: (error) => this.holder.fault(error),
    });
  }

  get instance(): string | undefined {
    return this.#instance;
  }

  /**
   * Closes the link, and tells the device why.
   *
   * @param gone told once, when the device has closed, too; `answered`: it did so in answer to that
   */
  dismiss(reason: string, farewell: Farewell, gone?: (answered: boolean) => void): void {
    this.link.dismiss(reason, farewell, (answered) => {
      this.#closed(reason);
      gone?.(answered);
    });
  }

  #handle(command: TunnelCommand): void {
    if (command.kind === "hello") this.#instance = command.instance;
    this.holder.handle(command);
  }
}
