import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Admission } from "../accept/admission.js";
import { Port } from "../accept/port.js";
import type { Rejections } from "../accept/rejections.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import type { DaemonReport, ListenerStatus } from "../core/status/daemon-status.js";
import { statusJson } from "../core/status/daemon-status.js";
import { METRICS_TYPE, metricsText } from "../core/web/metrics.js";
import { isForeign, isHostTrusted, parseMessagesQuery } from "../core/web/request.js";
import type { Log } from "../log/log.js";
import type { Monitor } from "../monitor/monitor.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import type { Clock } from "../system/clock.js";
import { type Answer, refusal, send } from "./answer.js";
import { type Asset, loadAssets } from "./assets.js";
import { EventStream } from "./message-stream.js";

/** What the web page needs of the daemon. */
export interface WebContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly monitor: Monitor;
  readonly rejections: Rejections;
  readonly own: OwnSockets;
  /** The rules that are in force. */
  admission(): Admission;
  status(): DaemonReport;
}

const MAX_CONNECTIONS = 64;
const MAX_STREAMS = 16;
const MAX_HEADERS = 64;
const LIMITS = {
  maxHeaderSize: 8192, // bytes
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000, // the page asks every other second
  connectionsCheckingInterval: 1000,
};
const SILENCE_MS = 45_000; // nothing of an answer is taken, or three signs of life of a stream are not
const FAREWELL_MS = 500; // for readers to take what is under way

const EVENTS_TYPE = "text/event-stream";

/** For every answer: nothing from elsewhere on the page, the page nowhere else, nothing kept. */
const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** The web page at one address and port: answers by HTTP, to be read only. */
export class Site {
  /** What it was made for. */
  readonly address: string;
  readonly port: number;
  readonly #context: WebContext;
  readonly #assets: ReadonlyMap<string, Asset> = loadAssets();
  readonly #server: Server;
  readonly #place: Port;
  /** Its readers, and whose they are. */
  readonly #sockets = new Map<Socket, ClientOrigin>();
  readonly #streams = new Set<EventStream>();
  /** Those that have sent a request before their last one was answered. */
  readonly #hasty = new WeakSet<Socket>();
  #emptied = (): void => {};

  /**
   * @param address to listen on; `*`: all
   * @throws when the files of the page are not there
   */
  constructor(address: string, port: number, context: WebContext) {
    this.address = address;
    this.port = port;
    this.#context = context;
    this.#server = createServer(LIMITS, (request, response) => this.#serve(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.maxHeadersCount = MAX_HEADERS;
    this.#server.timeout = SILENCE_MS;
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    const name = `web port ${port}`;
    const rules = { throughDaemon: "refused", accepts: "clients", essential: false } as const;
    const listener = { kind: "web", port, name, ...rules, welcome() {}, reject() {} };
    this.#place = new Port(listener, address, { ...context, admit() {} }, this.#server);
  }

  get status(): ListenerStatus {
    return this.#place.status;
  }

  /** Begins to listen as soon as that is possible. Resolves after the first attempt. */
  open(): Promise<void> {
    return this.#place.openEventually();
  }

  /** Ends everything: event streams behind what they were to show already. Takes half a second at most. */
  async close(): Promise<void> {
    this.#place.close();
    for (const stream of this.#streams) stream.close();
    await new Promise<void>((resolve) => {
      const limit = this.#context.clock.after(FAREWELL_MS, resolve);
      this.#emptied = () => {
        limit.cancel();
        resolve();
      };
      if (this.#sockets.size === 0) this.#emptied();
    });
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #admit(socket: Socket): void {
    const { listener } = this.#place;
    const { rejections, own } = this.#context;
    const origin = own.originOf(socket, listener);
    if (origin.address === "") {
      socket.destroy(); // the reader has left already
      return;
    }
    const admitted = this.#context.admission().admitReader(origin, listener);
    if (!admitted.ok) {
      rejections.mention(origin, listener, admitted.message);
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, origin);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      admitted.value.release();
      if (this.#sockets.size === 0) this.#emptied();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const { log } = this.#context;
    const fault = (error: unknown): void => {
      log.error(`web page: ${faultText(error)}`);
      socket.destroy();
    };
    const behind = response.socket === null; // the answer before it still has the socket
    if (behind && this.#hasty.has(socket)) {
      this.#cut(socket, "it sends requests without end");
      return;
    }
    try {
      response.on("timeout", () => this.#cut(socket, `it has taken nothing for ${SILENCE_MS / 1000} s`));
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      const answer = behind ? this.#slowDown(socket, response) : this.#answer(request, response);
      if (answer !== undefined) send(answer, response, fault);
    } catch (error) {
      fault(error);
    }
  }

  /**
   * What to answer a reader that sends a request before its last one is answered (pipelining): the answer would have to be made
   * ahead, or the request kept. It is refused and the connection ends; a reader that sends still more is cut.
   */
  #slowDown(socket: Socket, response: ServerResponse): Answer {
    this.#hasty.add(socket);
    response.setHeader("Connection", "close");
    return refusal(429, "one request at a time");
  }

  #cut(socket: Socket, reason: string): void {
    const origin = this.#sockets.get(socket);
    if (socket.destroyed || origin === undefined) return;
    this.#context.rejections.mention(origin, this.#place.listener, reason);
    socket.destroy();
  }

  /** What to answer; nothing when an event stream has begun. */
  #answer({ method = "", url = "", headers, socket }: IncomingMessage, response: ServerResponse): Answer | undefined {
    if (!isHostTrusted(headers.host)) return refusal(403, "ask for this page by an address, not by a name");
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return refusal(405, "nothing can be changed here");
    }
    const [path = "", query = ""] = url.split("?", 2);
    const asset = this.#assets.get(path);
    if (asset !== undefined) return { status: 200, ...asset };
    if (isForeign(headers)) return refusal(403, "pages from elsewhere see nothing here");
    const { status } = this.#context;
    if (path === "/status") return { status: 200, type: "application/json", pieces: statusJson(status()) };
    if (path === "/metrics") return { status: 200, type: METRICS_TYPE, pieces: metricsText(status()) };
    if (path !== "/messages") return refusal(404, "there is no such page");
    return this.#showMessages(socket, query, method === "GET", response);
  }

  /** @param wanted whether they are, or only the headers */
  #showMessages(socket: Socket, query: string, wanted: boolean, response: ServerResponse): Answer | undefined {
    const { admission, clock, monitor, status } = this.#context;
    const origin = this.#sockets.get(socket);
    const denialReason = origin === undefined ? "it has gone" : admission().access.denialReason("watch", origin);
    if (denialReason !== undefined) return refusal(403, `messages are not shown: ${denialReason}`);
    const request = parseMessagesQuery(new Map(new URLSearchParams(query)), status);
    if (!request.ok) return refusal(400, request.message);
    if (this.#streams.size >= MAX_STREAMS) return refusal(503, `${MAX_STREAMS} are watching already`);
    if (!wanted) return { status: 200, type: EVENTS_TYPE, body: "" };
    response.writeHead(200, { "Content-Type": EVENTS_TYPE, Connection: "close" });
    const stream = new EventStream(response, request.value, monitor, clock);
    this.#streams.add(stream);
    socket.once("close", () => {
      stream.leave();
      this.#streams.delete(stream);
    });
    return undefined;
  }
}
