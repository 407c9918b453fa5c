import { formatHostPort } from "../core/address.js";
import { faultText } from "../core/text.js";
import type { Command } from "../core/tunnel/frames.js";
import type { Exposure, TunnelOrder } from "../core/tunnel/line.js";
import type { TunnelStatus } from "../core/tunnel/status.js";
import { type Dial, refusedDial } from "../dial.js";
import type { StreamEnd } from "../ends/stream-end.js";
import { NOTHING_HELD } from "../hold.js";
import type { Port } from "../port.js";
import type { TunnelHost } from "./host.js";
import { Link } from "./link.js";

/** The server's side of a tunnel: a port that a device connects to, and ports whose clients reach services through it. */
export class TunnelServer {
  readonly #port: number;
  readonly #order: TunnelOrder;
  readonly #host: TunnelHost;
  readonly #counters = { links: 0, clients: 0, refused: 0, stalled: 0 };
  #link: Link | undefined;
  #address = "";
  /** Those that clients connect to, while a device is there. */
  #ports: Port[] = [];

  constructor(port: number, order: TunnelOrder, host: TunnelHost) {
    this.#port = port;
    this.#order = order;
    this.#host = host;
  }

  get status(): TunnelStatus {
    return {
      port: this.#port,
      exposed: this.#order.exposures.map(nameOf),
      listening: this.#ports.length > 0,
      ...(this.#link && { link: this.#link.status(this.#address) }),
      ...this.#counters,
    };
  }

  /**
   * Takes a device that has connected. It replaces its predecessor at once, whose link is dead more often than not.
   *
   * @param over called when its link is lost
   */
  accept(end: StreamEnd, over: (reason: string) => void): Link {
    this.#link?.close("another device has connected");
    this.#counters.links += 1;
    this.#address = formatHostPort({ host: end.peerAddress, port: end.peerPort });
    const link: Link = new Link(end, this.#order.tunnel, this.#host.clock, {
      command: (command) => this.#told(link, command),
      stalled: ({ id }) => {
        this.#counters.stalled += 1;
        this.#host.log.warn(`${this.#who} client ${id} closed: it does not read`);
      },
      lost: (reason) => {
        if (this.#link === link) this.#lost(reason);
        over(reason);
      },
      fault: (error) => this.#host.log.error(`${this.#who} ${faultText(error)}`),
    });
    this.#link = link;
    link.start();
    return link;
  }

  /** Ends the link. */
  close(reason: string): void {
    this.#link?.close(reason);
  }

  #told(link: Link, command: Command): void {
    if (command.kind === "listen") this.#listen(link);
    else if (command.kind === "unknown") this.#host.log.info(`${this.#who} skipped: ${command.reason}`);
  }

  #listen(link: Link): void {
    if (this.#ports.length > 0 || this.#link !== link) return;
    this.#host.log.info(`${this.#who} the device listens`);
    this.#ports = this.#order.exposures.map((exposure) => this.#portOf(exposure));
    for (const port of this.#ports) void port.openEventually();
  }

  #portOf(exposure: Exposure): Port {
    const { listen, service } = exposure;
    const order = { target: service, options: this.#order.options };
    return this.#host.portOf(
      {
        kind: "expose",
        port: listen.port,
        name: `tunnel port ${listen.port}`,
        essential: false,
        order,
        welcome: (connection) => connection.connect(order, NOTHING_HELD, "reset", () => this.#attach(exposure)),
        turnAway() {},
      },
      listen.host === "0.0.0.0" ? "*" : listen.host,
    );
  }

  /** Connects a client of an exposed port to its service. */
  #attach(exposure: Exposure): Dial {
    const id = this.#link?.freeId();
    if (this.#link === undefined || id === undefined) {
      this.#counters.refused += 1;
      return refusedDial(this.#link === undefined ? "no device is there" : "the link has all the clients it can have");
    }
    this.#counters.clients += 1;
    this.#link.send({ kind: "connect", client: id, ...exposure.service });
    return { end: Promise.resolve(this.#link.open(id, exposure.service)), descriptors: 0, abort() {} };
  }

  #lost(reason: string): void {
    this.#host.log.info(`${this.#who} link lost: ${reason}`);
    this.#link = undefined;
    for (const port of this.#ports) port.close();
    this.#ports = [];
  }

  get #who(): string {
    return `[tunnel ${this.#port} < ${this.#address}]`;
  }
}

function nameOf({ listen, service }: Exposure): string {
  return `${formatHostPort(listen)}>${formatHostPort(service)}`;
}
