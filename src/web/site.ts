import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Admission } from "../accept/admission.js";
import type { Listener } from "../accept/listener.js";
import { Port } from "../accept/port.js";
import { type ProxyHeaders, wantsProxyHeader } from "../accept/proxy-headers.js";
import { CAME_AND_WENT, GONE_ALREADY, type Rejections } from "../accept/rejections.js";
import type { Network } from "../core/net/access-patterns.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ProxyHeader } from "../core/net/proxy-protocol.js";
import { map, type Result } from "../core/parse/result.js";
import { faultText } from "../core/parse/text.js";
import { MAX_READERS, ReaderPlaces } from "../core/web/reader-places.js";
import type { Log } from "../log/log.js";
import type { Names } from "../names/names.js";
import { atMost } from "../scheduling/waits.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import { errorPage, type HttpReply, sendReply } from "./http-reply.js";
import { Pages, type PagesContext } from "./pages.js";

/** What the web page needs of the daemon. */
export interface WebContext extends PagesContext {
  readonly log: Log;
  readonly rejections: Rejections;
  readonly own: OwnSockets;
  readonly proxyHeaders: ProxyHeaders;
  readonly names: Pick<Names, "first" | "forget">;
  readonly takeSocket?: Supervisor["takeSocket"];
  readonly predecessor?: Supervisor["predecessor"];
  admission(): Admission;
}

const MAX_HEADERS = 64; // a browser sends about 15
const LIMITS = {
  maxHeaderSize: 8192, // bytes
  headersTimeout: 4000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000, // the page asks every other second
  connectionsCheckingInterval: 4000, // each check wakes the process, with readers or without
};
const SILENCE_MS = 45_000; // the reader takes nothing of a reply, or misses three keepalives of an event stream
const DRAIN_MS = 500; // for readers to take the rest of their replies when the site closes

/**
 * What the page may load and do (Content Security Policy, level 3): scripts, styles and pictures are files of ours, and no text of a device
 * or client can become one. Only pages of the same origin show it in a frame: that of Home Assistant, which passes it on.
 */
const POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "img-src", "connect-src", "frame-ancestors"].map((what) => `${what} 'self'`),
  ...["base-uri", "form-action"].map((what) => `${what} 'none'`),
].join("; ");

/** Headers of every reply: the page loads nothing from other sites, no other site shows or reads it, and no cache keeps it. */
const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy": POLICY,
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Where a page is. */
export interface SitePlace {
  /** The address of the configuration to listen on; `*`: all. */
  readonly address: string;
  readonly port: number;
  /** Proxies that name their readers in a header in front of HTTP. */
  readonly proxies: readonly Network[];
}

/** The web page at one address and port: an HTTP server. */
export class Site {
  readonly place: SitePlace;
  readonly #context: WebContext;
  readonly #pages: Pages;
  readonly #server: Server;
  readonly #listening: Port;
  /** The readers, and where each is from. */
  readonly #readers = new Map<Socket, ClientOrigin>();
  readonly #places = new ReaderPlaces();
  /** Readers that have sent a request before the reply to their last one. */
  readonly #pipelining = new WeakSet<Socket>();
  /** What proxies have said of readers. */
  readonly #headers = new WeakMap<Socket, ProxyHeader>();
  #lastReaderLeft = (): void => {};

  /**
   * @throws when a file of the page is missing
   */
  constructor(place: SitePlace, context: WebContext) {
    const { address, port } = place;
    this.place = place;
    this.#context = context;
    this.#pages = new Pages(context, (origin, reason) =>
      context.rejections.mention(origin, this.#listening.listener, reason),
    );
    this.#server = createServer(LIMITS, (request, response) => this.#serve(request, response));
    this.#server.maxConnections = MAX_READERS;
    this.#server.maxHeadersCount = MAX_HEADERS;
    this.#server.timeout = SILENCE_MS;
    this.#server.on("connection", (socket: Socket) => this.#admit(socket));
    const name = `web port ${port}`;
    const rules = { throughDaemon: "refused", accepts: "clients", essential: false } as const;
    const listener = { kind: "web", port, name, ...rules, welcome() {}, reject() {} };
    const { proxies } = place;
    const admit = (behindProxy: Listener, socket: Socket): void => this.#arrive(behindProxy, socket);
    const server = proxies.length === 0 ? this.#server : undefined;
    this.#listening = new Port({ ...listener, proxies }, address, { ...context, admit, admitDatagrams() {} }, server);
  }

  /** Where it listens. */
  get listening(): Port {
    return this.#listening;
  }

  /** Opens the port as soon as that is possible. Resolves after the first attempt. */
  open(): Promise<void> {
    return this.#listening.openEventually();
  }

  /** Closes the port and all readers, event streams behind the messages that wait. Takes half a second at most. */
  async close(): Promise<void> {
    this.#listening.close();
    this.#pages.endStreams();
    await atMost(DRAIN_MS, this.#context.clock, (left) => {
      this.#lastReaderLeft = left;
      if (this.#readers.size === 0) left();
    });
    for (const socket of this.#readers.keys()) socket.destroy();
  }

  /** Other readers may come in now: those that may not any more are cut. Event streams end; whoever comes back is asked anew. */
  askAnew(): void {
    const admission = this.#context.admission();
    this.#pages.endStreams();
    for (const [socket, origin] of this.#readers) {
      const denialReason = admission.readerDenialReason(origin, this.#listening.listener);
      if (denialReason !== undefined) this.#cut(socket, denialReason);
    }
  }

  /** A reader on a port that has proxies in front: the server gets it behind the header. */
  #arrive(listener: Listener, socket: Socket): void {
    const serve = (later: Socket, header?: ProxyHeader): void => {
      if (header !== undefined) this.#headers.set(later, header);
      this.#server.emit("connection", later);
      later.resume();
    };
    if (wantsProxyHeader(listener, socket)) this.#context.proxyHeaders.read(socket, listener, serve);
    else serve(socket);
  }

  #admit(socket: Socket): void {
    const { listener } = this.#listening;
    const { rejections, own } = this.#context;
    const origin = own.originOf(socket, listener, this.#headers.get(socket));
    if (origin.address === "") {
      socket.destroy();
      rejections.leftAtOnce(origin, listener, GONE_ALREADY);
      return;
    }
    const entered = this.#enter(origin);
    if (!entered.ok) {
      rejections.mention(origin, listener, entered.message);
      socket.destroy();
      return;
    }
    this.#readers.set(socket, origin);
    const { bytesRead: before } = socket;
    socket.on("close", () => {
      this.#readers.delete(socket);
      if (socket.bytesRead === before) rejections.leftAtOnce(origin, listener, CAME_AND_WENT);
      entered.value();
      if (this.#readers.size === 0) this.#lastReaderLeft();
    });
  }

  /** Takes the descriptor and the place of a reader. @returns what gives both back; or why it may not read */
  #enter(origin: ClientOrigin): Result<() => void> {
    const admitted = this.#context.admission().admitReader(origin, this.#listening.listener);
    if (!admitted.ok) return admitted;
    const place = this.#places.take(origin);
    if (!place.ok) admitted.value.release();
    return map(place, (giveBack) => () => {
      giveBack();
      admitted.value.release();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const { log } = this.#context;
    const fault = (error: unknown): void => {
      log.error(`web page: ${faultText(error)}`);
      socket.destroy();
    };
    const pipelined = response.socket === null; // the last reply still has the socket
    if (pipelined && this.#pipelining.has(socket)) {
      this.#cut(socket, "it sends requests without end");
      return;
    }
    try {
      response.on("timeout", () => this.#cut(socket, `it has taken nothing for ${SILENCE_MS / 1000} s`));
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      const origin = this.#readers.get(socket);
      if (origin === undefined) return; // it has gone
      const reply = this.#refusal(request, pipelined) ?? this.#pages.reply(request, response, origin);
      if (reply instanceof Promise) reply.then((later) => sendReply(later, response, fault)).catch(fault);
      else if (reply !== undefined) sendReply(reply, response, fault);
    } catch (error) {
      fault(error);
    }
  }

  /**
   * Refuses a request that comes before the reply to the last one (pipelining): memory would have to hold its reply. The connection ends
   * behind this; a reader that sends still more is cut off. Refuses one with very many headers, too: Node.js drops those behind
   * {@link MAX_HEADERS}, and what a proxy says of its reader may be among them. And one that names two hosts (RFC 9112, section 3.2).
   */
  #refusal({ socket, rawHeaders, headersDistinct }: IncomingMessage, pipelined: boolean): HttpReply | undefined {
    if (pipelined) {
      this.#pipelining.add(socket);
      return { ...errorPage(429, "one request at a time"), isLast: true };
    }
    if (rawHeaders.length >= 2 * MAX_HEADERS) return { ...errorPage(431, "too many headers"), isLast: true };
    const { host } = headersDistinct;
    return host !== undefined && host.length > 1
      ? { ...errorPage(400, "one Host is wanted"), isLast: true }
      : undefined;
  }

  #cut(socket: Socket, reason: string): void {
    const origin = this.#readers.get(socket);
    if (socket.destroyed || origin === undefined) return;
    this.#context.rejections.mention(origin, this.#listening.listener, reason);
    socket.destroy();
  }
}
