import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Admission } from "../accept/admission.js";
import { parseEventFilter } from "../core/events/event-filter.js";
import { type HealthSource, healthReply } from "../core/health/health-reply.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { Result } from "../core/parse/result.js";
import type { WatchedPlaces } from "../core/setup/watch-request.js";
import type { DaemonReport } from "../core/status/daemon-status.js";
import { type Gathering, piecesOf } from "../core/status/gathering.js";
import { statusJson } from "../core/status/status-reply.js";
import { actionOf } from "../core/web/action.js";
import { METRICS_TYPE, metricsText } from "../core/web/metrics.js";
import { isHere, type Reader } from "../core/web/reader.js";
import { isForeign, pagePath, parseHistoryQuery, parseLogQuery, parseMessagesQuery } from "../core/web/request.js";
import type { Log } from "../log/log.js";
import { type LogTail, MAX_TAIL } from "../log/log-tail.js";
import type { Monitor } from "../monitor/monitor.js";
import { inSlices } from "../scheduling/in-slices.js";
import type { Clock } from "../system/clock.js";
import { processUsage } from "../system/process-usage.js";
import { Actions, type ActionsContext } from "./actions.js";
import { type Asset, loadAssets } from "./assets.js";
import type { EventFeed } from "./event-feed.js";
import type { Gate } from "./gate.js";
import { errorPage, type HttpReply } from "./http-reply.js";
import { logSource, messageSource } from "./line-sources.js";
import { type LineSource, LineStream } from "./line-stream.js";
import type { LiveStream } from "./live-stream.js";

/** What the pages show. */
export interface PagesContext extends ActionsContext {
  readonly clock: Clock;
  readonly monitor: Monitor;
  readonly log: Pick<Log, "times" | "info" | "error" | "debugging">;
  readonly tail: LogTail;
  readonly feed: EventFeed;
  readonly gate: Gate;
  /** The access rules that are in force. */
  admission(): Pick<Admission, "access">;
  /** How things stand. */
  readonly reporter: HealthSource & WatchedPlaces & { status(): Gathering<DaemonReport> };
  /** The last hour from a step on, as JSON in pieces. */
  history(since: number): Iterable<string>;
}

const metrics = (report: DaemonReport): Iterable<string> => metricsText(report, processUsage());

/** Begins a live stream. */
type Begin = (response: ServerResponse) => LiveStream;

const MAX_STREAMS = 16; // each costs up to 128 KiB, and time with every message
const LIVE = ["/messages", "/log", "/events"];
const EVENTS_TYPE = "text/event-stream";
const JSON_TYPE = "application/json";
const READ_ONLY = { Allow: "GET, HEAD" };

/** The pages of a site: the page itself with its files, what it asks for, and what it can change (docs/web-and-metrics.md). */
export class Pages {
  readonly #context: PagesContext;
  readonly #rejected: (origin: ClientOrigin, reason: string) => void;
  readonly #assets: ReadonlyMap<string, Asset> = loadAssets();
  readonly #actions: Actions;
  readonly #streams = new Set<LiveStream>();

  /**
   * @param rejected called when a reader is turned away, for the log
   * @throws when a file of the page is missing
   */
  constructor(context: PagesContext, rejected: (origin: ClientOrigin, reason: string) => void) {
    this.#context = context;
    this.#rejected = rejected;
    this.#actions = new Actions(context);
  }

  /** Ends all event streams, each behind the lines that wait. A browser comes back for another one. */
  endStreams(): void {
    for (const stream of this.#streams) stream.close();
  }

  /**
   * The reply to a request.
   *
   * @param origin of the reader
   * @returns undefined when `response` has become an event stream
   */
  reply(
    request: IncomingMessage,
    response: ServerResponse,
    origin: ClientOrigin,
  ): HttpReply | Promise<HttpReply> | undefined {
    const { url = "", method = "", headers } = request;
    const { gate } = this.#context;
    const entered = gate.enter(headers, origin, (reason) => this.#rejected(origin, reason));
    if ("reply" in entered) return entered.reply;
    const { reader } = entered;
    const [whole = "", ...queryParts] = url.split("?"); // a query may have further question marks (RFC 3986, section 3.4)
    const path = pagePath(whole, headers);
    const action = actionOf(path);
    const isReading = method === "GET" || method === "HEAD";
    const asset = this.#assets.get(path);
    if (asset !== undefined && isReading) return { status: 200, ...asset };
    if (isForeign(headers, gate.names)) return errorPage(403, "pages of other sites may not read this");
    if (action !== undefined) {
      if (method !== "POST") return errorPage(405, "this is done by POST", { Allow: "POST" });
      return this.#actions.perform(action, request, reader, gate.hasLogin);
    }
    if (!isReading) return errorPage(405, "nothing can be changed here", READ_ONLY);
    const query = new Map(new URLSearchParams(queryParts.join("?")));
    const report = path === "/actions" ? this.#actions.offer(reader, gate.hasLogin) : this.#report(path, query);
    if (report !== undefined) return report;
    const begin = this.#live(path, query, reader, headers);
    return typeof begin === "function" ? this.#stream(begin, request, response) : begin;
  }

  /** A reply that says how things stand; undefined for a path that is none. */
  #report(path: string, query: ReadonlyMap<string, string>): HttpReply | Promise<HttpReply> | undefined {
    const { reporter, history } = this.#context;
    switch (path) {
      case "/status":
        return { status: 200, type: JSON_TYPE, pieces: piecesOf(reporter.status(), statusJson) };
      case "/metrics":
        return { status: 200, type: METRICS_TYPE, pieces: piecesOf(reporter.status(), metrics) };
      case "/healthz":
        return this.#healthPage(query);
      case "/history": {
        const since = parseHistoryQuery(query);
        if (!since.ok) return errorPage(400, since.message);
        return { status: 200, type: JSON_TYPE, pieces: history(since.value) };
      }
      default:
        return undefined;
    }
  }

  #healthPage(query: ReadonlyMap<string, string>): Promise<HttpReply> {
    return new Promise((resolve, reject) => {
      const work = healthReply(query, this.#context.reporter);
      inSlices(work, ({ status, body }) => resolve({ status, type: JSON_TYPE, body }), reject);
    });
  }

  /** What begins the live stream of this path, or why there is none. */
  #live(
    path: string,
    query: ReadonlyMap<string, string>,
    reader: Reader,
    headers: IncomingHttpHeaders,
  ): Begin | HttpReply {
    if (!LIVE.includes(path)) return errorPage(404, "there is no such page");
    const { monitor, tail, log, reporter, feed } = this.#context;
    const { access } = this.#context.admission();
    const denialReason = access.denialReason("watch", reader.origin, isHere(reader));
    const what = path === "/events" ? "events" : "messages";
    if (denialReason !== undefined) return errorPage(403, `${what} are not shown: ${denialReason}`);
    if (path === "/log") return this.#shown(parseLogQuery(query, MAX_TAIL), (last) => logSource(tail, last, log.times));
    if (path === "/messages") {
      return this.#shown(parseMessagesQuery(query, reporter), ({ watch, last }) => messageSource(watch, last, monitor));
    }
    const filter = parseEventFilter(query);
    if (!filter.ok) return errorPage(400, filter.message);
    const lastId = headers["last-event-id"];
    return (response) => feed.open(response, filter.value, lastId === undefined ? undefined : String(lastId));
  }

  #shown<T>(wanted: Result<T>, source: (wanted: T) => LineSource): Begin | HttpReply {
    if (!wanted.ok) return errorPage(400, wanted.message);
    return (response) => new LineStream(response, source(wanted.value), this.#context.clock);
  }

  /** Lets the response become an event stream, if there is room for one; HEAD begins none. */
  #stream(begin: Begin, { method, socket }: IncomingMessage, response: ServerResponse): HttpReply | undefined {
    if (this.#streams.size >= MAX_STREAMS) return errorPage(503, `${MAX_STREAMS} are watching already`);
    if (method === "HEAD") return { status: 200, type: EVENTS_TYPE, body: "" };
    response.writeHead(200, { "Content-Type": EVENTS_TYPE, Connection: "close", "X-Accel-Buffering": "no" });
    const stream = begin(response);
    this.#streams.add(stream);
    socket.once("close", () => {
      stream.leave();
      this.#streams.delete(stream);
    });
    return undefined;
  }
}
