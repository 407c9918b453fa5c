import type { Port } from "../accept/port.js";
import type { TunnelLine } from "../core/config/settings.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort } from "../core/net/address.js";
import { lineLabel, lineName } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import { CLIENTS_MAX, type TunnelCommand } from "../core/tunnel/frames.js";
import type { Exposure } from "../core/tunnel/tunnel-line.js";
import { addBytes, type LinkBytes, type TunnelStatus } from "../core/tunnel/tunnel-status.js";
import { attachedDial, type Dial, failedDial } from "../dial/dial.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import { DeviceAuthentication } from "./device-authentication.js";
import type { TunnelContext } from "./tunnel-context.js";
import { TunnelLink } from "./tunnel-link.js";

/** The device that is connected now, and authenticated. */
interface ConnectedDevice {
  readonly link: TunnelLink;
  /** `host:port` */
  readonly address: string;
  /** The exposed ports; none before LISTEN. */
  readonly ports: readonly Port[];
}

/** The server's side of a tunnel: a port that a device connects to, and ports whose clients reach services beside the device. */
export class TunnelServer {
  readonly #line: TunnelLine;
  readonly #context: TunnelContext;
  readonly #counters = { links: 0, clients: 0, refused: 0, stalled: 0, turnedAway: 0 };
  readonly #throttle = new LogThrottle();
  /** Bytes of links that have closed. */
  #closedLinks: LinkBytes = { received: 0, sent: 0 };
  /** Links of devices that have not sent the secret yet. */
  readonly #authentications = new Map<TunnelLink, DeviceAuthentication>();
  #device: ConnectedDevice | undefined;

  constructor(line: TunnelLine, context: TunnelContext) {
    this.#line = line;
    this.#context = context;
  }

  get status(): TunnelStatus {
    return {
      port: this.#line.port,
      ...(this.#line.name !== undefined && { name: this.#line.name }),
      exposed: this.#line.route.exposures.map(exposureText),
      listening: this.#isListening,
      ...(this.#device && { link: this.#device.link.status(this.#device.address) }),
      ...addBytes(this.#closedLinks, this.#device?.link.bytes),
      ...this.#counters,
    };
  }

  get #isListening(): boolean {
    return this.#device !== undefined && this.#device.ports.length > 0;
  }

  /**
   * Accepts a device. The device replaces the former one, whose link usually is dead. Where the line has a secret, the device has to send
   * the secret first, so that no stranger can end a good link.
   *
   * @param closed called when the link of the device has closed
   */
  accept(end: StreamEnd, closed: (reason: string) => void): TunnelLink {
    const { tunnel } = this.#line.route;
    const address = peerOf(end);
    const link: TunnelLink = new TunnelLink(end, tunnel, this.#context.clock, {
      command: (command) => this.#handle(link, address, command),
      stalled: ({ id }) => {
        this.#counters.stalled += 1;
        this.#context.log.warn(`${this.#label(address)} client ${id} closed: it does not read`);
      },
      lost: (reason) => {
        this.#endAuthentication(link);
        if (this.#device?.link === link) this.#deviceLost(this.#device, reason);
        closed(reason);
      },
      fault: (error) => this.#context.log.error(`${this.#label(address)} ${faultText(error)}`),
    });
    if (tunnel.secret === undefined) this.#replaceDevice(link, address);
    else this.#authentications.set(link, this.#authenticate(link, end, tunnel.secret));
    link.start();
    return link;
  }

  #authenticate(link: TunnelLink, end: StreamEnd, secret: string): DeviceAuthentication {
    const address = peerOf(end);
    return new DeviceAuthentication(secret, this.#context.clock, {
      authenticated: () => {
        this.#endAuthentication(link);
        this.#replaceDevice(link, address);
      },
      rejected: (reason) => {
        this.#counters.turnedAway += 1;
        this.#logThrottled("warn", address, end.peerAddress, `rejected: ${reason}`);
        link.close(reason);
      },
    });
  }

  #endAuthentication(link: TunnelLink): void {
    this.#authentications.get(link)?.cancel();
    this.#authentications.delete(link);
  }

  #replaceDevice(link: TunnelLink, address: string): void {
    this.#device?.link.close("another device has connected");
    this.#counters.links += 1;
    this.#device = { link, address, ports: [] };
  }

  /** Closes all links, and with them the exposed ports. */
  close(reason: string): void {
    this.#device?.link.close(reason);
    for (const link of [...this.#authentications.keys()]) link.close(reason);
  }

  #handle(link: TunnelLink, address: string, command: TunnelCommand): void {
    const authentication = this.#authentications.get(link);
    if (authentication !== undefined) authentication.handle(command);
    else if (command.kind === "listen") this.#openPorts();
    else if (command.kind === "unknown")
      this.#logThrottled("info", address, "", `a frame is skipped: ${command.reason}`);
  }

  /** Logs what a peer may do again and again: once a minute. */
  #logThrottled(level: "info" | "warn", address: string, ip: string, text: string): void {
    const more = this.#throttle.mention(`${ip} ${text}`, this.#context.clock.now());
    if (more !== undefined) this.#context.log[level](`${this.#label(address)} ${text}${more}`);
  }

  #openPorts(): void {
    if (this.#device === undefined || this.#isListening) return;
    this.#context.log.info(`${this.#label(this.#device.address)} the device listens`);
    const ports = this.#line.route.exposures.map((exposure) => this.#portOf(exposure));
    this.#device = { ...this.#device, ports };
    for (const port of ports) void port.openEventually();
  }

  #portOf(exposure: Exposure): Port {
    const { listen, service } = exposure;
    const request = { target: service, options: this.#line.route.options };
    return this.#context.portOf(
      {
        kind: "expose",
        port: listen.port,
        name: lineName("tunnel", { ...this.#line, port: listen.port }),
        line: lineName("tunnel", this.#line),
        throughDaemon: "allowed",
        accepts: "clients",
        essential: false,
        route: request,
        welcome: (client) => client.connect(request, "reset", () => this.#openClient(exposure)),
        reject() {},
      },
      listen.host,
    );
  }

  /** Connects a client of an exposed port to its service. */
  #openClient(exposure: Exposure): Dial {
    const id = this.#device?.link.freeId();
    if (id !== undefined) this.#device?.link.send({ kind: "connect", client: id, ...exposure.service }); // may close the link
    if (this.#device === undefined || id === undefined) {
      this.#counters.refused += 1;
      return failedDial(this.#device === undefined ? "no device is connected" : `the link has ${CLIENTS_MAX} clients`);
    }
    this.#counters.clients += 1;
    return attachedDial(this.#device.link.open(id, exposure.service));
  }

  #deviceLost({ link, address, ports }: ConnectedDevice, reason: string): void {
    this.#context.log.info(`${this.#label(address)} link lost: ${reason}`);
    this.#closedLinks = addBytes(this.#closedLinks, link.bytes);
    this.#device = undefined;
    for (const port of ports) port.close();
  }

  /** Begins each log line. */
  #label(address: string): string {
    return `[tunnel ${lineLabel(this.#line)} < ${address}]`;
  }
}

function peerOf({ peerAddress, peerPort }: StreamEnd): string {
  return formatHostPort({ host: peerAddress, port: peerPort });
}

function exposureText({ listen, service }: Exposure): string {
  return `${formatHostPort(listen)}>${formatHostPort(service)}`;
}
