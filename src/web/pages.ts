import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admission } from "../accept/admission.js";
import { healthReply } from "../core/health/health-reply.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { type DaemonReport, statusJson } from "../core/status/daemon-status.js";
import { METRICS_TYPE, metricsText } from "../core/web/metrics.js";
import { isForeign, isHostTrusted, parseHistoryQuery, parseLogQuery, parseMessagesQuery } from "../core/web/request.js";
import { type LogTail, MAX_TAIL } from "../log/log-tail.js";
import type { Times } from "../log/times.js";
import type { Monitor } from "../monitor/monitor.js";
import type { Clock } from "../system/clock.js";
import { type Asset, loadAssets } from "./assets.js";
import { logSource, messageSource } from "./event-sources.js";
import { type EventSource, EventStream } from "./event-stream.js";
import { errorPage, type HttpReply } from "./http-reply.js";

/** What the pages show. */
export interface PagesContext {
  readonly clock: Clock;
  readonly monitor: Monitor;
  readonly log: { readonly times: Times };
  readonly tail: LogTail;
  /** The access rules that are in force. */
  admission(): Pick<Admission, "access">;
  status(): DaemonReport;
  /** The last hour from a step on, as JSON in pieces. */
  history(since: number): Iterable<string>;
}

const MAX_STREAMS = 16; // each costs up to 128 KiB, and time with every message
const EVENTS_TYPE = "text/event-stream";
const JSON_TYPE = "application/json";

/** The pages of a site: the page itself with its files, and what it asks for (docs/web-and-metrics.md). */
export class Pages {
  readonly #context: PagesContext;
  readonly #assets: ReadonlyMap<string, Asset> = loadAssets();
  readonly #streams = new Set<EventStream>();

  /** @throws when a file of the page is missing */
  constructor(context: PagesContext) {
    this.#context = context;
  }

  /** Ends all event streams, each behind the lines that wait. */
  close(): void {
    for (const stream of this.#streams) stream.close();
  }

  /**
   * The reply to a request.
   *
   * @param origin of the reader; undefined when it has left
   * @returns undefined when `response` has become an event stream
   */
  reply(request: IncomingMessage, response: ServerResponse, origin: ClientOrigin | undefined): HttpReply | undefined {
    const { method = "", url = "", headers } = request;
    if (!isHostTrusted(headers.host)) return errorPage(403, "ask for this page by an address, not by a name");
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return errorPage(405, "nothing can be changed here");
    }
    const [path = "", query = ""] = url.split("?", 2);
    const asset = this.#assets.get(path);
    if (asset !== undefined) return { status: 200, ...asset };
    if (isForeign(headers)) return errorPage(403, "pages of other sites may not read this");
    const report = this.#report(path, new Map(new URLSearchParams(query)));
    if (report !== undefined) return report;
    const source = this.#source(path, new Map(new URLSearchParams(query)), origin);
    return "start" in source ? this.#stream(source, request, response) : source;
  }

  /** A reply that says how things stand; undefined for a path that is none. */
  #report(path: string, query: ReadonlyMap<string, string>): HttpReply | undefined {
    const { status, history } = this.#context;
    switch (path) {
      case "/status":
        return { status: 200, type: JSON_TYPE, pieces: statusJson(status()) };
      case "/metrics":
        return { status: 200, type: METRICS_TYPE, pieces: metricsText(status()) };
      case "/healthz": {
        const { status: code, body } = healthReply(query, status());
        return { status: code, type: JSON_TYPE, body };
      }
      case "/history": {
        const since = parseHistoryQuery(query);
        if (!since.ok) return errorPage(400, since.message);
        return { status: 200, type: JSON_TYPE, pieces: history(since.value) };
      }
      default:
        return undefined;
    }
  }

  /** What an event stream of this path shows, or why there is none. */
  #source(path: string, query: ReadonlyMap<string, string>, origin: ClientOrigin | undefined): EventSource | HttpReply {
    if (path !== "/messages" && path !== "/log") return errorPage(404, "there is no such page");
    const { monitor, tail, log, status } = this.#context;
    const denialReason = this.#denialReason(origin);
    if (denialReason !== undefined) return errorPage(403, `messages are not shown: ${denialReason}`);
    if (path === "/log") {
      const last = parseLogQuery(query, MAX_TAIL);
      return last.ok ? logSource(tail, last.value, log.times) : errorPage(400, last.message);
    }
    const wanted = parseMessagesQuery(query, status);
    return wanted.ok ? messageSource(wanted.value.watch, wanted.value.last, monitor) : errorPage(400, wanted.message);
  }

  /** Why this reader may not see messages and the log; undefined when it may. */
  #denialReason(origin: ClientOrigin | undefined): string | undefined {
    return origin === undefined ? "it has gone" : this.#context.admission().access.denialReason("watch", origin);
  }

  /** Lets the response become an event stream, if there is room for one; HEAD begins none. */
  #stream(source: EventSource, { method, socket }: IncomingMessage, response: ServerResponse): HttpReply | undefined {
    if (this.#streams.size >= MAX_STREAMS) return errorPage(503, `${MAX_STREAMS} are watching already`);
    if (method === "HEAD") return { status: 200, type: EVENTS_TYPE, body: "" };
    response.writeHead(200, { "Content-Type": EVENTS_TYPE, Connection: "close", "X-Accel-Buffering": "no" });
    const stream = new EventStream(response, source, this.#context.clock);
    this.#streams.add(stream);
    socket.once("close", () => {
      stream.leave();
      this.#streams.delete(stream);
    });
    return undefined;
  }
}
