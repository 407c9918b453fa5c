import { CAME_AND_WENT } from "../accept/rejections.js";
import type { ConnectionEvent, TraceSource } from "../core/monitor/trace-event.js";
import { formatHostPort } from "../core/net/address.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import { formatSeconds } from "../core/parse/duration.js";
import { faultText } from "../core/parse/text.js";
import type { LineSubject } from "../log/line-format.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { End } from "../sockets/end.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { HeldLines, LineHolder } from "./held-lines.js";

type Side = "client" | "remote";

/** A line this much older than its place in the log says so. */
const OLD_LINE_MS = 100;

/** A line that waits until it is known whether the connection is worth it. */
interface HeldLine {
  readonly text: string;
  /** The connection as it was then. */
  readonly of: LineSubject;
  readonly since: number;
}

/** Where the events of connections go. */
export interface ConnectionLogContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly monitor: Monitor;
  readonly heldLines: HeldLines;
}

/** Whose connection it is. */
export type LoggedClient = Pick<End, "peerAddress" | "peerPort"> & {
  /** The client has sent FIN, or is gone. */
  readonly hasEnded?: boolean;
};

/**
 * The log of one connection: its id, client and target stand in front of every line. Events are shown in the monitor, too.
 *
 * The first lines are held back until a byte passes, something goes wrong, or {@link HeldLines} says so. A connection whose client comes
 * and goes without a byte leaves one line for debugging only. Lines stand in the order of their times; a late one says how old it is.
 */
export class ConnectionLog implements LineHolder, LineSubject {
  /** The remote as the client named it, once it has. */
  target = "-";
  readonly #context: ConnectionLogContext;
  readonly id: string;
  readonly #port: number;
  /** `host:port` */
  readonly client: string;
  /** Lines that wait, and for whom; undefined: lines are written at once. The log may outlive its client, and must not keep it in memory. */
  #held: { readonly lines: HeldLine[]; readonly client: LoggedClient } | undefined;

  /** @param port of the listener that the client has connected to */
  constructor(context: ConnectionLogContext, id: string, port: number, client: LoggedClient) {
    this.#context = context;
    this.id = id;
    this.#port = port;
    this.#held = { lines: [], client };
    this.client = formatHostPort({ host: client.peerAddress, port: client.peerPort });
    context.heldLines.add(this);
  }

  info(text: string): void {
    if (this.#held === undefined) {
      this.#context.log.connection(text, this);
      return;
    }
    const { id, client, target } = this;
    this.#held.lines.push({ text, of: { id, client, target }, since: this.#context.clock.now() });
  }

  /** Logs that the remote has been reached. */
  connected(remote: End, afterMs: number): void {
    const { peerAddress: host, peerPort: port } = remote;
    const security = streamOf(remote)?.security;
    const how = security === undefined ? "" : ` (${security})`;
    this.info(`connected to ${formatHostPort({ host, port })} after ${Math.round(afterMs)} ms${how}`);
  }

  warn(text: string): void {
    this.release();
    this.#context.log.warn(text, this);
  }

  /** @param text a function makes a text that costs something: it is called when the log wants it */
  debug(text: string | (() => string)): void {
    if (!this.#context.log.debugging) return;
    this.release();
    this.#context.log.debug(typeof text === "string" ? text : text(), this);
  }

  /** A client that has gone already has nothing to say: a remote that does not close yet changes nothing of that. */
  due(): void {
    if (this.#held?.client.hasEnded !== true) this.release();
  }

  /** Writes the lines that were held back: from now on, every line is written at once. */
  release(): void {
    const held = this.#takeHeld();
    if (held === undefined) return;
    const { clock, log } = this.#context;
    for (const { text, of, since } of held) {
      const ageMs = clock.now() - since;
      log.connection(ageMs < OLD_LINE_MS ? text : `${text} (${formatSeconds(ageMs)} ago)`, of);
    }
  }

  /**
   * Logs the end of the connection.
   *
   * @param byClient whether the client has ended it
   * @returns whether the client came and went without a byte
   */
  closed(text: string, byClient: boolean): boolean {
    const held = byClient ? this.#takeHeld() : undefined;
    if (held !== undefined) {
      const before = held.map((line) => `${line.text}; `).join("");
      this.debug(`${CAME_AND_WENT}: ${before}closed: ${text}`);
      return true;
    }
    this.release();
    this.info(`closed: ${text}`);
    return false;
  }

  /** Logs for debugging that bytes have been read on one side and written to the other. */
  passed(bytes: number, from: Side, side: Side, to: End): void {
    if (this.#held !== undefined) this.release();
    if (!this.#context.log.debugging) return;
    const outcome = to.unsent === 0 ? `written to ${side}` : `${side} is busy, ${to.unsent} bytes wait`;
    this.debug(`read ${bytes} bytes from ${from}, ${outcome}`);
  }

  /** Logs an error of the program itself. */
  fault(error: unknown): void {
    this.release();
    this.#context.log.error(faultText(error), this);
  }

  /** Shows an event of the connection to the subscribers of its messages. */
  show(request: ConnRequest, event: ConnectionEvent, text: () => string): void {
    const { monitor } = this.#context;
    if (monitor.wants(request.options))
      monitor.showConnectionEvent(this.source(request), request.options, event, text());
  }

  /** The connection as the monitor names it. */
  source(request: ConnRequest): TraceSource {
    return { connection: this.id, listener: this.#port, client: this.client, server: formatRemote(request) };
  }

  #takeHeld(): HeldLine[] | undefined {
    const held = this.#held;
    if (held === undefined) return undefined;
    this.#held = undefined;
    this.#context.heldLines.remove(this);
    return held.lines;
  }
}
