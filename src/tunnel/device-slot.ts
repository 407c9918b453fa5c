import { randomBytes, timingSafeEqual } from "node:crypto";
import { clientLimit, refusalBy } from "../accept/client-limit.js";
import type { Port } from "../accept/port.js";
import type { LinkAlerts } from "../alerts/link-alerts.js";
import type { TunnelLine } from "../core/config/settings.js";
import { LINE_ENDS } from "../core/limits/end-rules.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort } from "../core/net/address.js";
import { lineLabel, lineName } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import { Absence } from "../core/tunnel/absence.js";
import { DeviceContention } from "../core/tunnel/device-contention.js";
import { CLIENTS_MAX, type TunnelCommand } from "../core/tunnel/frames.js";
import { SESSION_ID_BYTES } from "../core/tunnel/session-frames.js";
import { type Exposure, exposureText } from "../core/tunnel/tunnel-line.js";
import { addBytes, cutText, type LinkBytes, resumedText, type SlotStatus } from "../core/tunnel/tunnel-status.js";
import { attachedDial, type Dial, failedDial } from "../dial/dial.js";
import type { Timer } from "../system/clock.js";
import type { DeviceVisit, LinkHolder } from "./device-visit.js";
import type { TunnelContext } from "./tunnel-context.js";

/** A session has begun this long after LISTEN: two ways there and back. A device of another make cannot have one. */
const SESSION_WITHIN_MS = 2000;

/** What a slot is made of: a device that a line expects. */
export interface SlotRules {
  readonly line: Pick<TunnelLine, "port" | "name">;
  /** The name of the device; undefined where the line is for one device, which needs none. */
  readonly device?: string | undefined;
  readonly exposures: readonly Exposure[];
  /** How clients are treated. */
  readonly options: TunnelLine["route"]["options"];
  /** A link that is lost waits so long for its device to come back; milliseconds, 0: it ends at once. */
  readonly resumeMs: number;
}

/** The device that is linked now. */
interface LinkedDevice {
  readonly visit: DeviceVisit;
  /** The exposed ports; none before LISTEN. */
  readonly ports: readonly Port[];
  /** LISTEN has come, and the ports wait until a session has begun, or until this fires. */
  readonly opening?: Timer;
  /** The device that it has replaced, until HELLO tells whether that was another one. */
  readonly replaced?: DeviceVisit;
}

/** The place of one device in a `[tunnel]` line: its link while it is there, and the ports whose clients reach services beside it. */
export class DeviceSlot {
  readonly rules: SlotRules;
  readonly #context: TunnelContext;
  readonly #counters = { links: 0, clients: 0, refused: 0, stalled: 0, replaced: 0, resumed: 0 };
  readonly #throttle = new LogThrottle();
  readonly #contention = new DeviceContention();
  readonly #alerts: LinkAlerts;
  /** Bytes of links that have closed. */
  #closedLinks: LinkBytes = { received: 0, sent: 0 };
  #linked: LinkedDevice | undefined;
  /** Of the device, for clients: before it is ready, too. */
  readonly #absence = new Absence();
  readonly #exposed: readonly string[];

  constructor(rules: SlotRules, context: TunnelContext) {
    this.rules = rules;
    this.#exposed = rules.exposures.map(exposureText);
    this.#context = context;
    this.#alerts = context.alerts.linkAlerts(rules.line.port);
    this.#absence.goesOn(this.#context.clock.now(), "no device has connected yet");
  }

  get status(): SlotStatus {
    const { visit, ports = [] } = this.#linked ?? {};
    const blocked = ports.flatMap((port) => port.blocked ?? []);
    return {
      ...(this.rules.device !== undefined && { device: this.rules.device }),
      exposed: this.#exposed,
      listening: this.#isListening,
      ...(visit && { link: visit.link.status(visit.from) }),
      ...this.#absence.status(this.#context.clock.now()),
      ...(blocked.length > 0 && { blocked }),
      ...addBytes(this.#closedLinks, visit?.link.bytes),
      ...this.#counters,
    };
  }

  /** Clients of its link. */
  get clientCount(): number {
    return this.#linked?.visit.link.clientCount ?? 0;
  }

  get isFree(): boolean {
    return this.#linked === undefined;
  }

  get #isListening(): boolean {
    return this.#linked !== undefined && this.#linked.ports.length > 0;
  }

  /** Whether this device may be linked at once, or has to prove first that it is one of our own: see {@link DeviceContention}. */
  judge(visit: DeviceVisit): "replace" | "prove" {
    if (this.#linked === undefined) return "replace";
    const verdict = this.#contention.judge(visit, this.#linked.visit, this.#context.clock.now());
    this.#warnOfTwo(visit, this.#linked.visit);
    return verdict;
  }

  /** Links a device. It replaces the former one, whose link usually is dead. */
  take(visit: DeviceVisit): LinkHolder {
    const former = this.#linked?.visit;
    if (former !== undefined) this.#replace(former, visit);
    this.#counters.links += 1;
    this.#absence.goesOn(this.#context.clock.now(), "the device has connected, and is not ready yet");
    this.#linked = { visit, ports: [], ...(former && { replaced: former }) };
    if (visit.instance !== undefined) this.#identified(visit);
    this.#offerSession(visit);
    return {
      handle: (command) => this.#handle(visit, command),
      stalled: ({ id }) => {
        this.#counters.stalled += 1;
        this.#context.log.warn(`${this.#label(visit)} client ${id} closed: it does not read`);
      },
      lost: (reason) => {
        if (this.#linked?.visit === visit) this.#lost(this.#linked, reason);
      },
      fault: (error) => this.#context.log.error(`${this.#label(visit)} ${faultText(error)}`),
    };
  }

  /** Whether the link of the device has this session. The id proves the device where nothing else does. */
  isSession(id: Buffer): boolean {
    const session = this.#linked?.visit.link.connection.session;
    return session !== undefined && timingSafeEqual(session.terms.id, id);
  }

  /**
   * The device goes on with its session over another connection.
   *
   * @param received bytes of the session that it has received
   */
  resume(visit: DeviceVisit, received: number): void {
    this.#linked?.visit.goOnOver(visit, received);
  }

  /** Closes the link, and with it the exposed ports. Nobody has to be told. */
  close(reason: string): void {
    this.#linked?.visit.leave(reason);
    this.#alerts.forget();
  }

  #replace(former: DeviceVisit, visit: DeviceVisit): void {
    const { clock } = this.#context;
    this.#counters.replaced += 1;
    this.#contention.swapped(visit, former, clock.now());
    const farewell = { reason: "replaced", text: `another device has connected, from ${visit.from}` } as const;
    const told = former.link.peer.can("bye") ? farewell : undefined;
    former.dismiss("another device has connected", told, (answered) => {
      if (!answered) return;
      this.#contention.answered(former, visit, clock.now());
      this.#warnOfTwo(former, visit);
    });
  }

  #handle(visit: DeviceVisit, command: TunnelCommand): void {
    if (command.kind === "listen") this.#listens(visit);
    else if (command.kind === "hello") {
      this.#identified(visit);
      this.#offerSession(visit);
      if (!visit.link.peer.can("session")) this.#openWaitingPorts(visit);
    } else if (command.kind === "bye") visit.link.close(`the device has ended the link: ${command.text}`);
    else if (command.kind === "session") visit.link.send({ kind: "no-session" });
    else if (command.kind === "unknown") this.#logUnknown(visit, command.reason);
  }

  #identified(visit: DeviceVisit): void {
    if (this.#linked?.visit !== visit) return;
    const { replaced, ...linked } = this.#linked;
    this.#linked = linked;
    this.#contention.identified(visit, replaced, this.#context.clock.now());
    if (replaced !== undefined) this.#warnOfTwo(replaced, visit);
  }

  /** One of our own that has said HELLO can go on after its connection is lost. */
  #offerSession(visit: DeviceVisit): void {
    const { resumeMs } = this.rules;
    const { link } = visit;
    if (resumeMs === 0 || link.connection.session !== undefined || !link.peer.can("session")) return;
    visit.beginSession(
      { id: randomBytes(SESSION_ID_BYTES), resumeMs },
      {
        begun: () => this.#openWaitingPorts(visit),
        cut: (reason) => {
          const text = cutText(reason, link.clientCount, resumeMs);
          if (this.#linked?.visit === visit) this.#absence.goesOn(this.#context.clock.now(), text);
          this.#context.log.info(`${this.#label(visit)} ${text}`);
        },
        resumed: (afterMs) => {
          if (this.#linked?.visit === visit) this.#absence.end();
          this.#counters.resumed += 1;
          this.#context.log.info(`${this.#label(visit)} ${resumedText(afterMs, link.clientCount)}`);
        },
      },
    );
  }

  #warnOfTwo(one: DeviceVisit, other: DeviceVisit): void {
    if (!this.#contention.takeWarning(this.#context.clock.now())) return;
    this.#context.log.warn(
      `${this.#label()} two devices replace each other: ${one.from} and ${other.from}; each needs a line of its own, or a device=NAME:SECRET`,
    );
  }

  /** Logs what a peer may do again and again: once a minute. */
  #logUnknown(visit: DeviceVisit, reason: string): void {
    const more = this.#throttle.mention(reason, this.#context.clock.now());
    if (more !== undefined) this.#context.log.info(`${this.#label(visit)} a frame is skipped: ${reason}${more}`);
  }

  /** With `resume`, the ports wait for the session: before it has begun, a cut would close their clients. */
  #listens(visit: DeviceVisit): void {
    const linked = this.#linked;
    if (linked?.visit !== visit || linked.opening !== undefined || this.#isListening) return;
    if (this.rules.resumeMs === 0 || visit.link.connection.session?.hasBegun) {
      this.#openPorts();
      return;
    }
    const opening = this.#context.clock.after(SESSION_WITHIN_MS, () => this.#openPorts());
    this.#linked = { ...linked, opening };
  }

  #openWaitingPorts(visit: DeviceVisit): void {
    if (this.#linked?.visit === visit && this.#linked.opening !== undefined) this.#openPorts();
  }

  #openPorts(): void {
    if (this.#linked === undefined || this.#isListening) return;
    this.#linked.opening?.cancel();
    this.#context.log.info(`${this.#label(this.#linked.visit)} the device listens`);
    this.#alerts.found({ device: this.rules.device, server: this.#linked.visit.from });
    const ports = this.rules.exposures.map((exposure) => this.#portOf(exposure));
    this.#linked = { ...this.#linked, ports };
    this.#absence.end();
    for (const port of ports) void port.openEventually();
  }

  #portOf(exposure: Exposure): Port {
    const { listen, service } = exposure;
    const { line, options } = this.rules;
    const request = { target: service, options };
    return this.#context.portOf(
      {
        kind: "expose",
        ends: LINE_ENDS,
        port: listen.port,
        name: lineName("tunnel", { ...line, port: listen.port }),
        ...clientLimit(options, { key: `expose ${formatHostPort(listen)}`, refuse: refusalBy("reset", request) }),
        ...(line.name !== undefined && { section: line.name }),
        line: lineName("tunnel", line),
        throughDaemon: "allowed",
        accepts: "clients",
        essential: false,
        ...(options.listenTls !== undefined && { tls: options.listenTls }),
        ...(options.proxies !== undefined && { proxies: options.proxies }),
        route: request,
        welcome: (client) => client.connect(request, "reset", () => this.#openClient(exposure)),
        reject() {},
      },
      listen.host,
    );
  }

  /** Connects a client of an exposed port to its service. */
  #openClient({ service }: Exposure): Dial {
    const id = this.#linked?.visit.link.freeId();
    if (id !== undefined) this.#linked?.visit.link.send({ kind: "connect", client: id, ...service }); // may close the link
    if (this.#linked === undefined || id === undefined) {
      this.#counters.refused += 1;
      return failedDial(this.#linked === undefined ? "no device is connected" : `the link has ${CLIENTS_MAX} clients`);
    }
    this.#counters.clients += 1;
    return attachedDial(this.#linked.visit.link.open(id, service));
  }

  #lost({ visit, ports, opening }: LinkedDevice, reason: string): void {
    opening?.cancel();
    const level = visit.link.bytes.received === 0 ? "debug" : "info"; // a health check or a port scan
    this.#context.log[level](`${this.#label(visit)} link lost: ${reason}`);
    this.#closedLinks = addBytes(this.#closedLinks, visit.link.bytes);
    this.#linked = undefined;
    this.#absence.goesOn(this.#context.clock.now(), `link lost: ${reason}`);
    this.#alerts.lost({ device: this.rules.device, server: visit.from }, reason);
    for (const port of ports) port.close();
  }

  /** Begins each log line. */
  #label(visit?: DeviceVisit): string {
    return slotLabel(this.rules, visit?.from);
  }
}

/** Begins each log line of a device: `[tunnel 7000 barn < 10.0.0.9:40000]`. */
export function slotLabel({ line, device }: Pick<SlotRules, "line" | "device">, address?: string): string {
  const from = address === undefined ? "" : ` < ${address}`;
  return `[tunnel ${lineLabel(line)}${device === undefined ? "" : ` ${device}`}${from}]`;
}
