import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Admission } from "../accept/admission.js";
import { healthReply } from "../core/health/health-reply.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { WatchRequest } from "../core/setup/watch-request.js";
import { type DaemonReport, statusJson } from "../core/status/daemon-status.js";
import { METRICS_TYPE, metricsText } from "../core/web/metrics.js";
import { isForeign, isHostTrusted, parseHistoryQuery, parseMessagesQuery } from "../core/web/request.js";
import type { Monitor } from "../monitor/monitor.js";
import type { Clock } from "../system/clock.js";
import { type Asset, loadAssets } from "./assets.js";
import { EventStream } from "./event-stream.js";
import { errorPage, type HttpReply } from "./http-reply.js";

/** What the pages show. */
export interface PagesContext {
  readonly clock: Clock;
  readonly monitor: Monitor;
  /** The access rules that are in force. */
  admission(): Pick<Admission, "access">;
  status(): DaemonReport;
  /** The last hour from a step on, as JSON in pieces. */
  history(since: number | undefined): Iterable<string>;
}

const MAX_STREAMS = 16; // each costs up to 128 KiB, and time with every message
const EVENTS_TYPE = "text/event-stream";

/** The pages of a site: the page itself with its files, `/status`, `/metrics` and `/messages` (docs/web-and-metrics.md). */
export class Pages {
  readonly #context: PagesContext;
  readonly #assets: ReadonlyMap<string, Asset> = loadAssets();
  readonly #streams = new Set<EventStream>();

  /** @throws when a file of the page is missing */
  constructor(context: PagesContext) {
    this.#context = context;
  }

  /** Ends all event streams, each behind the messages that wait. */
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
    const { method = "", url = "", headers, socket } = request;
    if (!isHostTrusted(headers.host)) return errorPage(403, "ask for this page by an address, not by a name");
    if (method !== "GET" && method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return errorPage(405, "nothing can be changed here");
    }
    const [path = "", query = ""] = url.split("?", 2);
    const asset = this.#assets.get(path);
    if (asset !== undefined) return { status: 200, ...asset };
    if (isForeign(headers)) return errorPage(403, "pages of other sites may not read this");
    const { status } = this.#context;
    if (path === "/status") return { status: 200, type: "application/json", pieces: statusJson(status()) };
    if (path === "/metrics") return { status: 200, type: METRICS_TYPE, pieces: metricsText(status()) };
    if (path === "/healthz") return this.#health(query);
    if (path === "/history") return this.#history(query);
    if (path !== "/messages") return errorPage(404, "there is no such page");
    const denialReason = this.#denialReason(origin);
    if (denialReason !== undefined) return errorPage(403, `messages are not shown: ${denialReason}`);
    const wanted = parseMessagesQuery(new Map(new URLSearchParams(query)), status);
    if (!wanted.ok) return errorPage(400, wanted.message);
    if (this.#streams.size >= MAX_STREAMS) return errorPage(503, `${MAX_STREAMS} are watching already`);
    if (method === "HEAD") return { status: 200, type: EVENTS_TYPE, body: "" };
    this.#startStream(wanted.value, response, socket);
    return undefined;
  }

  #health(query: string): HttpReply {
    const { status, body } = healthReply(new Map(new URLSearchParams(query)), this.#context.status());
    return { status, type: "application/json", body };
  }

  #history(query: string): HttpReply {
    const since = parseHistoryQuery(new Map(new URLSearchParams(query)));
    if (!since.ok) return errorPage(400, since.message);
    return { status: 200, type: "application/json", pieces: this.#context.history(since.value) };
  }

  /** Why this reader may not see messages; undefined when it may. */
  #denialReason(origin: ClientOrigin | undefined): string | undefined {
    return origin === undefined ? "it has gone" : this.#context.admission().access.denialReason("watch", origin);
  }

  #startStream(request: WatchRequest, response: ServerResponse, socket: Socket): void {
    const { clock, monitor } = this.#context;
    response.writeHead(200, { "Content-Type": EVENTS_TYPE, Connection: "close" });
    const stream = new EventStream(response, request, monitor, clock);
    this.#streams.add(stream);
    socket.once("close", () => {
      stream.leave();
      this.#streams.delete(stream);
    });
  }
}
