import { randomUUID } from "node:crypto";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { type ClientOrigin, sharedOrigin } from "../core/net/client-origin.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { faultText } from "../core/parse/text.js";
import { DeviceRetry, type EndedLink } from "../core/tunnel/device-retry.js";
import type { Farewell } from "../core/tunnel/farewell.js";
import type { TunnelCommand } from "../core/tunnel/frames.js";
import { addBytes, type DeviceStatus, type LinkBytes } from "../core/tunnel/tunnel-status.js";
import { type Dial, dial, failedDial } from "../dial/dial.js";
import { type CredentialFiles, readCredentials } from "../dial/tls-credentials.js";
import { type End, EndReason } from "../sockets/end.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import { watchAddress } from "../system/own-addresses.js";
import type { AllowedServices } from "./allowed-services.js";
import { DeviceClient } from "./device-client.js";
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
  | { readonly kind: "dialling"; readonly dial: Dial }
  | { readonly kind: "linked"; readonly link: TunnelLink }
  /** Waits to dial again. */
  | { readonly kind: "waiting"; readonly timer: Timer; readonly problem: string }
  | { readonly kind: "stopped" };

/** The device's side of a tunnel: keeps a link to a server, and connects the clients of the link to services on this side. */
export class TunnelDevice {
  readonly #rules: DeviceRules;
  readonly #context: TunnelContext;
  readonly #counters = { links: 0, clients: 0, refused: 0, resumed: 0 };
  /** Bytes of links that have closed. */
  #closedLinks: LinkBytes = { received: 0, sent: 0 };
  #state: State;
  readonly #retry = new DeviceRetry();
  /** Tells the server that a link is of this device, and not of another one with the same name and secret. */
  readonly #instance = randomUUID();
  /** Texts that have been logged since the last good link: each once. */
  readonly #logged = new Set<string>();
  readonly #throttle = new LogThrottle();

  constructor(rules: DeviceRules, context: TunnelContext) {
    this.#rules = rules;
    this.#context = context;
    this.#state = this.#startDial();
  }

  get status(): DeviceStatus {
    const server = formatHostPort(this.#rules.server);
    const link = this.#state.kind === "linked" ? this.#state.link : undefined;
    return {
      ...(this.#rules.name !== undefined && { name: this.#rules.name }),
      server,
      services: this.#rules.services.text,
      connected: link !== undefined,
      ...(link && { link: link.status(server) }),
      ...(this.#state.kind === "waiting" && { problem: this.#state.problem }),
      ...addBytes(this.#closedLinks, link?.bytes),
      ...this.#counters,
    };
  }

  /** Closes the link for good. */
  close(reason: string): void {
    const state = this.#state;
    this.#state = { kind: "stopped" };
    switch (state.kind) {
      case "dialling":
        state.dial.abort();
        return;
      case "linked":
        state.link.close(reason);
        return;
      case "waiting":
        state.timer.cancel();
    }
  }

  #startDial(): State {
    const dial = this.#dialServer();
    dial.end.then(
      (end) => this.#connected(end),
      (error: Error) => this.#retryLater(error.message, {}),
    );
    return { kind: "dialling", dial };
  }

  #dialServer(): Dial {
    const { server: target, tls } = this.#rules;
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
    this.#counters.links += 1;
    this.#logOnce("info", "connected");
    const { clock, deadPeers } = this.#context;
    deadPeers.add(end);
    const { localAddress } = end;
    const stopWatch = watchAddress(localAddress, clock, () => {
      end.destroy(new EndReason(`our address ${localAddress} has gone`, true));
    });
    const since = clock.now();
    let farewell: Farewell | undefined;
    const link: TunnelLink = new TunnelLink(end, { ...this.#rules, instance: this.#instance }, clock, {
      command: (command) => {
        if (command.kind === "bye") farewell = command;
        this.#handle(link, command);
      },
      stalled: ({ id }) => this.#context.log.warn(`${this.#label} client ${id} closed: its service does not read`),
      lost: (reason) => {
        deadPeers.remove(end);
        stopWatch();
        this.#closedLinks = addBytes(this.#closedLinks, link.bytes);
        this.#retryLater(`link lost: ${reason}`, { lastedMs: clock.now() - since, farewell });
      },
      unanswered: () => deadPeers.unanswered(end),
      fault: (error) => this.#context.log.error(`${this.#label} ${faultText(error)}`),
    });
    this.#state = { kind: "linked", link };
    this.#introduce(link);
    link.start();
  }

  #introduce(link: TunnelLink): void {
    const { deviceName, secret } = this.#rules;
    if (deviceName !== undefined) link.send({ kind: "name", name: deviceName });
    if (secret !== undefined) link.send({ kind: "secret", bytes: Buffer.from(secret) });
    link.send({ kind: "listen" });
    link.startPinging();
  }

  #handle(link: TunnelLink, command: TunnelCommand): void {
    if (command.kind === "unknown") this.#logOnce("info", `a frame is skipped: ${command.reason}`);
    if (command.kind === "bye") link.close(farewellText(command));
    if (command.kind !== "connect") return;
    const { client: id, ...service } = command;
    const name = formatHostPort(service);
    if (!this.#rules.services.allows(service)) {
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
    const { waitMs, wasSteady } = this.#retry.after(ended, Math.random());
    if (wasSteady) this.#logged.clear();
    const pace =
      ended.farewell === undefined ? "" : `, first in ${Math.round(waitMs / 1000)} s, then more and more rarely`;
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
    return sharedOrigin(`device of ${formatHostPort(this.#rules.server)}`);
  }

  get #label(): string {
    const { name, server } = this.#rules;
    return `[device ${name === undefined ? "" : `${name} `}> ${formatHostPort(server)}]`;
  }
}

/** What the server has said at the end of a link, in words for the log. */
function farewellText({ reason, text }: Farewell): string {
  if (reason === "secret") return `refused: secret (${text})`;
  return reason === "replaced" ? `replaced: ${text}` : `the server has ended the link: ${text}`;
}
