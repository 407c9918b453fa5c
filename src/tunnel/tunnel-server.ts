import type { Port } from "../accept/port.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort } from "../core/net/address.js";
import { lineName } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import type { Command } from "../core/tunnel/frames.js";
import type { Exposure, TunnelRoute } from "../core/tunnel/tunnel-line.js";
import { type LinkBytes, sum, type TunnelStatus } from "../core/tunnel/tunnel-status.js";
import { attachedDial, type Dial, refusedDial } from "../dial/dial.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import { DeviceAuthentication } from "./device-authentication.js";
import type { TunnelContext } from "./tunnel-context.js";
import { TunnelLink } from "./tunnel-link.js";

/** The server's side of a tunnel: a port that a device connects to, and ports whose clients reach services through it. */
export class TunnelServer {
  readonly #port: number;
  readonly #route: TunnelRoute;
  readonly #context: TunnelContext;
  readonly #counters = { links: 0, clients: 0, refused: 0, stalled: 0, turnedAway: 0 };
  readonly #mentioned = new LogThrottle();
  /** Over links that there were. */
  #past: LinkBytes = { received: 0, sent: 0 };
  /** Links of devices that have not told the secret yet. */
  readonly #candidates = new Map<TunnelLink, DeviceAuthentication>();
  #link: TunnelLink | undefined;
  #address = "";
  /** Those that clients connect to, while a device is there. */
  #ports: Port[] = [];

  constructor(port: number, route: TunnelRoute, context: TunnelContext) {
    this.#port = port;
    this.#route = route;
    this.#context = context;
  }

  get status(): TunnelStatus {
    return {
      port: this.#port,
      exposed: this.#route.exposures.map(nameOf),
      listening: this.#ports.length > 0,
      ...(this.#link && { link: this.#link.status(this.#address) }),
      ...sum(this.#past, this.#link?.bytes),
      ...this.#counters,
    };
  }

  /**
   * Takes a device that has connected. It replaces its predecessor, whose link is dead more often than not: at once, or as soon
   * as it has told the secret where there is one, so that nobody else can put a good link out of work.
   *
   * @param over called when its link is lost
   */
  accept(end: StreamEnd, over: (reason: string) => void): TunnelLink {
    const { tunnel } = this.#route;
    const address = addressOf(end);
    const link: TunnelLink = new TunnelLink(end, tunnel, this.#context.clock, {
      command: (command) => this.#told(link, command),
      stalled: ({ id }) => {
        this.#counters.stalled += 1;
        this.#context.log.warn(`${this.#who} client ${id} closed: it does not read`);
      },
      lost: (reason) => {
        this.#decided(link);
        if (this.#link === link) this.#lost(reason);
        over(reason);
      },
      fault: (error) => this.#context.log.error(`${this.#whoIs(address)} ${faultText(error)}`),
    });
    if (tunnel.secret === undefined) this.#adopt(link, address);
    else this.#candidates.set(link, this.#candidate(link, end, tunnel.secret));
    link.start();
    return link;
  }

  #candidate(link: TunnelLink, end: StreamEnd, secret: string): DeviceAuthentication {
    const address = addressOf(end);
    return new DeviceAuthentication(secret, this.#context.clock, {
      proven: () => {
        this.#decided(link);
        this.#adopt(link, address);
      },
      failed: (reason) => {
        this.#counters.turnedAway += 1;
        this.#mention("warn", address, end.peerAddress, `turned away: ${reason}`);
        link.close(reason);
      },
    });
  }

  /** It is no candidate any longer. */
  #decided(link: TunnelLink): void {
    this.#candidates.get(link)?.done();
    this.#candidates.delete(link);
  }

  /** Has a device that may be one take the place of its predecessor. */
  #adopt(link: TunnelLink, address: string): void {
    this.#link?.close("another device has connected");
    this.#counters.links += 1;
    this.#address = address;
    this.#link = link;
  }

  /** Ends the link. */
  close(reason: string): void {
    this.#link?.close(reason);
    for (const link of [...this.#candidates.keys()]) link.close(reason);
  }

  #told(link: TunnelLink, command: Command): void {
    const authentication = this.#candidates.get(link);
    if (authentication !== undefined) authentication.told(command);
    else if (command.kind === "listen") this.#listen();
    else if (command.kind === "unknown") this.#mention("info", this.#address, "", `skipped: ${command.reason}`);
  }

  /** Tells the log what somebody may do again and again: once a minute. */
  #mention(level: "info" | "warn", address: string, ip: string, text: string): void {
    const more = this.#mentioned.mention(`${ip} ${text}`, this.#context.clock.now());
    if (more !== undefined) this.#context.log[level](`${this.#whoIs(address)} ${text}${more}`);
  }

  #listen(): void {
    if (this.#ports.length > 0) return;
    this.#context.log.info(`${this.#who} the device listens`);
    this.#ports = this.#route.exposures.map((exposure) => this.#portOf(exposure));
    for (const port of this.#ports) void port.openEventually();
  }

  #portOf(exposure: Exposure): Port {
    const { listen, service } = exposure;
    const request = { target: service, options: this.#route.options };
    return this.#context.portOf(
      {
        kind: "expose",
        port: listen.port,
        name: lineName("tunnel", listen.port),
        line: lineName("tunnel", this.#port),
        throughDaemon: "allowed",
        accepts: "clients",
        essential: false,
        route: request,
        welcome: (client) => client.connect(request, "reset", () => this.#attach(exposure)),
        reject() {},
      },
      listen.host,
    );
  }

  /** Connects a client of an exposed port to its service. */
  #attach(exposure: Exposure): Dial {
    const id = this.#link?.freeId();
    if (id !== undefined) this.#link?.send({ kind: "connect", client: id, ...exposure.service }); // which may be the end of it
    if (this.#link === undefined || id === undefined) {
      this.#counters.refused += 1;
      return refusedDial(this.#link === undefined ? "no device is there" : "the link has all the clients it can have");
    }
    this.#counters.clients += 1;
    return attachedDial(this.#link.open(id, exposure.service));
  }

  #lost(reason: string): void {
    this.#context.log.info(`${this.#who} link lost: ${reason}`);
    this.#past = sum(this.#past, this.#link?.bytes);
    this.#link = undefined;
    for (const port of this.#ports) port.close();
    this.#ports = [];
  }

  get #who(): string {
    return this.#whoIs(this.#address);
  }

  #whoIs(address: string): string {
    return `[tunnel ${this.#port} < ${address}]`;
  }
}

function addressOf({ peerAddress, peerPort }: StreamEnd): string {
  return formatHostPort({ host: peerAddress, port: peerPort });
}

function nameOf({ listen, service }: Exposure): string {
  return `${formatHostPort(listen)}>${formatHostPort(service)}`;
}
