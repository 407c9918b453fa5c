import { randomUUID } from "node:crypto";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { type ClientOrigin, sharedOrigin } from "../core/net/client-origin.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { faultText } from "../core/parse/text.js";
import { Absence } from "../core/tunnel/absence.js";
import { DeviceRetry, type EndedLink } from "../core/tunnel/device-retry.js";
import { type Farewell, farewellText } from "../core/tunnel/farewell.js";
import type { SendableCommand, TunnelCommand } from "../core/tunnel/frames.js";
import type { SessionCommand } from "../core/tunnel/session-frames.js";
import { addBytes, cutText, type DeviceStatus, type LinkBytes, resumedText } from "../core/tunnel/tunnel-status.js";
import { type Dial, dial, failedDial } from "../dial/dial.js";
import { type CredentialFiles, readCredentials } from "../dial/tls-credentials.js";
import type { End } from "../sockets/end.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import type { AllowedServices } from "./allowed-services.js";
import { DeviceClient } from "./device-client.js";
import type { ResumableEnd } from "./resumable-end.js";
import { ServerConnection } from "./server-connection.js";
import { SessionGreeting } from "./session-greeting.js";
import type { TunnelContext } from "./tunnel-context.js";
import { TunnelLink } from "./tunnel-link.js";
import type { TunnelLinkRules } from "./tunnel-link-events.js";

const CONNECT_MS = 3000; // with the longest pause of 2 s: the link is there again 5 s after the network

/** The settings of a device. */
export interface DeviceRules extends TunnelLinkRules {
  readonly server: HostPort;
  /** The name of its section. */
  readonly name?: string;
  /** Services that its clients may reach. */
  readonly services: AllowedServices;
  /** Present: the link is over TLS, with these files. They are read for each link. */
  readonly tls?: CredentialFiles;
  /** Proves the device to the server. */
  readonly secret?: string;
  /** The name by which the server knows the device, where it knows several. */
  readonly deviceName?: string;
}

type State =
  | { readonly kind: "dialing"; readonly dial: Dial }
  /** Asks the server to go on with the session of the link. */
  | { readonly kind: "greeting"; readonly connection: ServerConnection; readonly greeting: SessionGreeting }
  | { readonly kind: "linked"; readonly connection: ServerConnection }
  /** Waits to dial again. */
  | { readonly kind: "waiting"; readonly timer: Timer; readonly problem: string }
  | { readonly kind: "stopped" };

/** The device's side of a tunnel: keeps a link to a server, and connects the clients of the link to services on this side. */
export class TunnelDevice {
  readonly rules: DeviceRules;
  readonly #context: TunnelContext;
  readonly #counters = { links: 0, clients: 0, refused: 0, resumed: 0 };
  /** Bytes of links that have closed. */
  #closedLinks: LinkBytes = { received: 0, sent: 0 };
  #state: State;
  /** The link; with a session, also while it waits for another connection. */
  #link: TunnelLink | undefined;
  /** Bytes that the session of the link had carried when it was last lost. */
  #carried: number | undefined;
  readonly #retry = new DeviceRetry();
  /** Tells the server that a link is of this device, and not of another one with the same name and secret. */
  readonly #instance = randomUUID();
  readonly #absence = new Absence();
  /** Texts that have been logged since the last good link: each once. */
  readonly #logged = new Set<string>();
  readonly #throttle = new LogThrottle();

  constructor(rules: DeviceRules, context: TunnelContext) {
    this.rules = rules;
    this.#context = context;
    this.#absence.goesOn(context.clock.now());
    this.#state = this.#startDial();
  }

  get status(): DeviceStatus {
    const server = formatHostPort(this.rules.server);
    const link = this.#link;
    return {
      ...(this.rules.name !== undefined && { name: this.rules.name }),
      server,
      services: this.rules.services.text,
      connected: this.#state.kind === "linked",
      ...(this.#state.kind !== "linked" && this.#absence.status(this.#context.clock.now())),
      ...(link && { link: link.status(server) }),
      ...(this.#state.kind === "waiting" && { problem: this.#state.problem }),
      ...addBytes(this.#closedLinks, link?.bytes),
      ...this.#counters,
    };
  }

  /** Closes the link for good. */
  close(reason: string): void {
    const [state, link] = [this.#state, this.#link];
    this.#state = { kind: "stopped" };
    this.#link = undefined;
    if (state.kind === "dialing") state.dial.abort();
    else if (state.kind === "waiting") state.timer.cancel();
    else if (state.kind === "greeting") state.greeting.abort();
    if ("connection" in state) state.connection.stopWatching();
    link?.leave(reason);
  }

  #startDial(): State {
    const dial = this.#dialServer();
    dial.end.then(
      (end) => this.#connected(end),
      (error: Error) => this.#retryLater(error.message, {}),
    );
    return { kind: "dialing", dial };
  }

  #dialServer(): Dial {
    const { server: target, tls } = this.rules;
    const options: ConnOptions = { ...DEFAULT_OPTIONS, connectTimeoutMs: CONNECT_MS };
    if (tls === undefined) return dial({ target, options }, this.#origin, this.#context);
    try {
      return dial(
        { target, options: { ...options, transport: "tls" } },
        this.#origin,
        this.#context,
        readCredentials(tls),
      );
    } catch (error) {
      return failedDial((error as Error).message); // tried again: somebody may be about to put the file in place
    }
  }

  #connected(end: End): void {
    if (this.#state.kind === "stopped" || !(end instanceof StreamEnd)) {
      end.destroy();
      return;
    }
    const connection = new ServerConnection(end, this.#context);
    const session = this.#link?.connection.session;
    if (session === undefined) this.#begin(connection);
    else this.#greet(connection, session);
  }

  #begin(connection: ServerConnection): void {
    this.#counters.links += 1;
    this.#logOnce("info", "connected");
    let farewell: Farewell | undefined;
    const rules = { ...this.rules, instance: this.#instance };
    const link: TunnelLink = new TunnelLink(connection.end, rules, this.#context.clock, {
      command: (command) => {
        if (command.kind === "bye") farewell = command;
        this.#handle(link, command);
      },
      stalled: ({ id }) => this.#context.log.warn(`${this.#label} client ${id} closed: its service does not read`),
      lost: (reason) => this.#lost(link, reason, farewell),
      unanswered: async () => ("connection" in this.#state ? this.#state.connection.unanswered() : undefined),
      fault: (error) => this.#context.log.error(`${this.#label} ${faultText(error)}`),
    });
    this.#link = link;
    this.#state = { kind: "linked", connection };
    this.#introduce(link);
    link.start();
  }

  #lost(link: TunnelLink, reason: string, farewell: Farewell | undefined): void {
    this.#closedLinks = addBytes(this.#closedLinks, link.bytes);
    if (this.#link !== link) return; // this side has given it up
    this.#link = undefined;
    const state = this.#state;
    if (state.kind === "greeting") state.greeting.abort();
    if ("connection" in state) this.#disconnected(`link lost: ${reason}`, state.connection, farewell);
    else if (state.kind !== "stopped") this.#context.log.warn(`${this.#label} link lost: ${reason}`);
  }

  #disconnected(problem: string, connection: ServerConnection, farewell?: Farewell): void {
    connection.stopWatching();
    const lastedMs = this.#state.kind === "greeting" ? 0 : connection.ageMs; // a server that does not answer is no good link
    this.#retryLater(problem, { lastedMs, farewell });
  }

  /** The server offers a session: from now on the link waits for another connection when it loses this one. */
  #joinSession(link: TunnelLink, { id, resumeMs }: SessionCommand): void {
    link.findLossWithin(resumeMs); // the server may have found the loss at once, and waits no longer
    link.connection.beginSession({ id, resumeMs }, true, {
      cut: (reason) => {
        const problem = cutText(reason, link.clientCount, resumeMs);
        if ("connection" in this.#state) this.#disconnected(problem, this.#state.connection);
      },
      resumed: (afterMs) => {
        this.#counters.resumed += 1;
        this.#context.log.info(`${this.#label} ${resumedText(afterMs, link.clientCount)}`);
      },
    });
  }

  #greet(connection: ServerConnection, session: ResumableEnd): void {
    const greeting = new SessionGreeting(connection.end, session, this.#introduction, this.#context.clock, {
      resumed: () => {
        this.#state = { kind: "linked", connection };
      },
      refused: () => {
        this.#forget("the server knows nothing of its session");
        this.#begin(connection);
      },
      dismissed: (farewell) => {
        this.#forget(farewellText(farewell));
        this.#disconnected(farewellText(farewell), connection, farewell);
      },
      failed: (reason) => this.#disconnected(reason, connection),
    });
    this.#state = { kind: "greeting", connection, greeting };
  }

  /** The session is over. */
  #forget(reason: string): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close(reason);
    this.#context.log.warn(`${this.#label} link lost: ${reason}`);
  }

  #introduce(link: TunnelLink): void {
    for (const command of this.#introduction) link.send(command);
    link.send({ kind: "listen" });
    link.startPinging();
  }

  /** Says who the device is, where the server wants to know. */
  get #introduction(): SendableCommand[] {
    const { deviceName, secret } = this.rules;
    return [
      ...(deviceName === undefined ? [] : [{ kind: "name", name: deviceName } as const]),
      ...(secret === undefined ? [] : [{ kind: "secret", bytes: Buffer.from(secret) } as const]),
    ];
  }

  #handle(link: TunnelLink, command: TunnelCommand): void {
    if (command.kind === "unknown") this.#logOnce("info", `a frame is skipped: ${command.reason}`);
    if (command.kind === "bye") link.close(farewellText(command));
    if (command.kind === "session") this.#joinSession(link, command);
    if (command.kind !== "connect") return;
    const { client: id, ...service } = command;
    const name = formatHostPort(service);
    if (!this.rules.services.allows(service)) {
      this.#refuse(id, name);
      link.send({ kind: "close", client: id });
      return;
    }
    this.#counters.clients += 1;
    new DeviceClient(link.open(id, service), service, this.#origin, this.#context, {
      over: (reason, silent) => {
        this.#context.log[silent ? "debug" : "info"](`${this.#label} client ${id} > ${name} closed: ${reason}`);
      },
      fault: (error) => this.#context.log.error(`${this.#label} ${faultText(error)}`),
    });
  }

  #refuse(id: number, service: string): void {
    this.#counters.refused += 1;
    const more = this.#throttle.mention("", this.#context.clock.now()); // one key for all: the server may ask for anything
    const text = `client ${id} refused: ${service} is not among the services allowed`;
    if (more !== undefined) this.#context.log.warn(`${this.#label} ${text}${more}`);
  }

  #retryLater(problem: string, ended: EndedLink): void {
    if (this.#state.kind === "stopped") return;
    const carried = this.#link?.connection.session?.carried;
    const waits = carried === undefined ? {} : { waits: { carried: carried !== this.#carried } };
    this.#carried = carried;
    const { waitMs, wasSteady } = this.#retry.after({ ...ended, ...waits }, Math.random());
    if (wasSteady) {
      this.#logged.clear();
      this.#absence.end();
    }
    this.#absence.goesOn(this.#context.clock.now(), problem);
    const { reason = "closed" } = ended.farewell ?? {};
    const pace = reason === "closed" ? "" : `, first in ${Math.round(waitMs / 1000)} s, then more and more rarely`;
    this.#logOnce("warn", problem, `; the device tries again${pace}`);
    const timer = this.#context.clock.after(waitMs, () => {
      this.#state = this.#startDial();
    });
    this.#state = { kind: "waiting", timer, problem };
  }

  #logOnce(level: "info" | "warn", text: string, more = ""): void {
    if (this.#logged.has(text)) return;
    this.#logged.add(text);
    this.#context.log[level](`${this.#label} ${text}${more}`);
  }

  get #origin(): ClientOrigin {
    return sharedOrigin(`device of ${formatHostPort(this.rules.server)}`);
  }

  get #label(): string {
    const { name, server } = this.rules;
    return `[device ${name === undefined ? "" : `${name} `}> ${formatHostPort(server)}]`;
  }
}
