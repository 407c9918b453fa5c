import type { ConnectionEvent, TraceSource } from "../core/monitor/trace-event.js";
import { formatHostPort } from "../core/net/address.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import { faultText } from "../core/parse/text.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { End } from "../sockets/end.js";

type Side = "client" | "remote";

/** Where the events of connections go. */
export interface ConnectionLogContext {
  readonly log: Log;
  readonly monitor: Monitor;
}

/** The log of one connection: its id, client and target stand in front of every line. Events are shown in the monitor, too. */
export class ConnectionLog {
  /** The remote as the client named it, once it has. */
  target = "-";
  readonly #context: ConnectionLogContext;
  readonly #id: string;
  readonly #port: number;
  /** `host:port` */
  readonly client: string;

  /** @param port of the listener that the client has connected to */
  constructor(context: ConnectionLogContext, id: string, port: number, { peerAddress, peerPort }: End) {
    this.#context = context;
    this.#id = id;
    this.#port = port;
    this.client = formatHostPort({ host: peerAddress, port: peerPort });
  }

  info(text: string): void {
    this.#context.log.connection(this.#line(text));
  }

  warn(text: string): void {
    this.#context.log.warn(this.#line(text));
  }

  debug(text: string): void {
    if (this.#context.log.debugging) this.#context.log.debug(this.#line(text));
  }

  /** Logs for debugging that bytes have been read on one side and written to the other. */
  passed(bytes: number, from: Side, side: Side, to: End): void {
    if (!this.#context.log.debugging) return;
    const outcome = to.unsent === 0 ? `written to ${side}` : `${side} is busy, ${to.unsent} bytes wait`;
    this.debug(`read ${bytes} bytes from ${from}, ${outcome}`);
  }

  /** Logs an error of the program itself. */
  fault(error: unknown): void {
    this.#context.log.error(this.#line(faultText(error)));
  }

  /** Shows an event of the connection to the subscribers of its messages. */
  show(request: ConnRequest, event: ConnectionEvent, text: () => string): void {
    const { monitor } = this.#context;
    if (monitor.wants(request.options))
      monitor.showConnectionEvent(this.source(request), request.options, event, text());
  }

  /** The connection as the monitor names it. */
  source(request: ConnRequest): TraceSource {
    return { connection: this.#id, listener: this.#port, client: this.client, server: formatRemote(request) };
  }

  #line(text: string): string {
    return `[${this.#id} ${this.client} > ${this.target}] ${text}`;
  }
}
