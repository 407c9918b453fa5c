import { backoffMs } from "../core/limits/backoff.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { type ClientOrigin, sharedOrigin } from "../core/net/client-origin.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { faultText } from "../core/parse/text.js";
import type { Command } from "../core/tunnel/frames.js";
import { type DeviceStatus, type LinkBytes, sum } from "../core/tunnel/tunnel-status.js";
import { type Dial, dial, refusedDial } from "../dial/dial.js";
import { type CredentialFiles, readCredentials } from "../dial/tls-credentials.js";
import type { End } from "../sockets/end.js";
import { StreamEnd } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import type { AllowedServices } from "./allowed-services.js";
import { DeviceClient } from "./device-client.js";
import type { TunnelContext } from "./tunnel-context.js";
import { TunnelLink, type TunnelLinkRules } from "./tunnel-link.js";

/** A link that has lasted so long is a good one: others are tried again more and more slowly, as servers that are not there. */
const STEADY_MS = 1000;
const RETRY = { firstMs: 250, maxMs: 2000 };
const CONNECT_MS = 3000; // with the pause: it is there again 5 s after the network is

/** What a device needs to know. */
export interface DeviceRules extends TunnelLinkRules {
  readonly server: HostPort;
  /** Services that may be dialled. */
  readonly services: AllowedServices;
  /** It speaks TLS, by these files; they are read for each link. */
  readonly tls?: CredentialFiles;
  /** What the server wants to hear. */
  readonly secret?: string;
}

/** The device's side of a tunnel: keeps a link to a server, and connects its clients to services here. */
export class TunnelDevice {
  readonly #rules: DeviceRules;
  readonly #context: TunnelContext;
  readonly #counters = { links: 0, clients: 0, refused: 0 };
  /** Over links that there were. */
  #past: LinkBytes = { received: 0, sent: 0 };
  #dial: Dial | undefined;
  #link: TunnelLink | undefined;
  #retry: Timer | undefined;
  #steady: Timer | undefined;
  #failures = 0;
  /** What the log has been told since the last good link: each thing once. */
  readonly #mentioned = new Set<string>();
  readonly #rejections = new LogThrottle();
  #stopped = false;

  constructor(rules: DeviceRules, context: TunnelContext) {
    this.#rules = rules;
    this.#context = context;
    this.#connect();
  }

  get status(): DeviceStatus {
    const server = formatHostPort(this.#rules.server);
    return {
      server,
      services: this.#rules.services.text,
      connected: this.#link !== undefined,
      ...(this.#link && { link: this.#link.status(server) }),
      ...sum(this.#past, this.#link?.bytes),
      ...this.#counters,
    };
  }

  /** Ends it for good. */
  close(reason: string): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#dial?.abort();
    this.#link?.close(reason);
  }

  #connect(): void {
    this.#dial = this.#reach();
    this.#dial.end.then(
      (end) => this.#connected(end),
      (error: Error) => this.#again(error.message),
    );
  }

  #reach(): Dial {
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
      return refusedDial((error as Error).message); // somebody may be about to put the file in place
    }
  }

  #connected(end: End): void {
    if (this.#stopped || !(end instanceof StreamEnd)) {
      end.destroy();
      return;
    }
    this.#counters.links += 1;
    this.#mention("info", "connected");
    this.#steady = this.#context.clock.after(STEADY_MS, () => {
      this.#failures = 0;
      this.#mentioned.clear();
    });
    this.#context.deadPeers.add(end);
    const link: TunnelLink = new TunnelLink(end, this.#rules, this.#context.clock, {
      command: (command) => this.#told(link, command),
      stalled: ({ id }) => this.#context.log.warn(`${this.#who} client ${id} closed: its service does not read`),
      lost: (reason) => {
        this.#context.deadPeers.remove(end);
        this.#again(`link lost: ${reason}`);
      },
      fault: (error) => this.#context.log.error(`${this.#who} ${faultText(error)}`),
    });
    this.#link = link;
    const { secret } = this.#rules;
    if (secret !== undefined) link.send({ kind: "secret", bytes: Buffer.from(secret) });
    link.send({ kind: "listen" });
    link.startPinging();
    link.start();
  }

  #told(link: TunnelLink, command: Command): void {
    if (command.kind === "unknown") this.#mention("info", `skipped: ${command.reason}`);
    if (command.kind !== "connect") return;
    const { client: id, ...service } = command;
    const name = formatHostPort(service);
    if (!this.#rules.services.permit(service)) {
      this.#counters.refused += 1;
      const more = this.#rejections.mention("", this.#context.clock.now()); // whatever it asks for: it may ask for anything
      const what = `client ${id} refused: ${name} is not among the services allowed`;
      if (more !== undefined) this.#context.log.warn(`${this.#who} ${what}${more}`);
      link.send({ kind: "close", client: id });
      return;
    }
    this.#counters.clients += 1;
    new DeviceClient(link.open(id, service), service, this.#origin, this.#context, {
      over: (reason) => {
        this.#context.log.info(`${this.#who} client ${id} > ${name} closed: ${reason}`);
      },
      fault: (error) => this.#context.log.error(`${this.#who} ${faultText(error)}`),
    });
  }

  #again(reason: string): void {
    this.#past = sum(this.#past, this.#link?.bytes);
    this.#link = undefined;
    this.#steady?.cancel();
    if (this.#stopped) return;
    this.#failures += 1;
    this.#mention("warn", `${reason}; it is tried again`);
    this.#retry = this.#context.clock.after(backoffMs(RETRY, this.#failures, Math.random()), () => this.#connect());
  }

  #mention(level: "info" | "warn", text: string): void {
    if (this.#mentioned.has(text)) return;
    this.#mentioned.add(text);
    this.#context.log[level](`${this.#who} ${text}`);
  }

  get #origin(): ClientOrigin {
    return sharedOrigin(`device of ${formatHostPort(this.#rules.server)}`);
  }

  get #who(): string {
    return `[device > ${formatHostPort(this.#rules.server)}]`;
  }
}
