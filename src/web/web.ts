import type { Port } from "../accept/port.js";
import type { Settings } from "../core/config/settings.js";
import type { FeedStatus } from "../core/events/feed-status.js";
import type { EventBus } from "../events/event-bus.js";
import { LogTail } from "../log/log-tail.js";
import { EventFeed } from "./event-feed.js";
import { Gate } from "./gate.js";
import { Sampler } from "./sampler.js";
import { Site, type WebContext } from "./site.js";

/** The web page of the daemon, if the configuration asks for one (`[web]`), and the history that it shows. */
export class Web {
  readonly #context: WebContext;
  #site: Site | undefined;
  #sampler: Sampler | undefined;
  #rules = "";

  constructor(context: Omit<WebContext, "history" | "tail" | "feed" | "gate"> & { readonly events: EventBus }) {
    const { clock } = context;
    const tail = new LogTail(() => clock.epochMs());
    const feed = new EventFeed(context.events, clock);
    this.#context = {
      ...context,
      tail,
      feed,
      gate: new Gate(clock),
      history: (since) => this.#sampler?.json(since) ?? [],
    };
  }

  /** The readers of `/events`. */
  get events(): FeedStatus {
    return this.#context.feed.status;
  }

  /** Where it listens; undefined: nowhere. */
  get port(): Port | undefined {
    return this.#site?.listening;
  }

  /** Opens, closes or moves the page. A page that keeps its address and port keeps the readers that still may read. */
  async configure(settings: Settings): Promise<void> {
    const { webAddress: address, webPort: port, webProxies: proxies } = settings;
    const place = { address, port, proxies };
    this.#context.gate.configure(settings);
    const [former, rules] = [this.#site, rulesOf(settings)];
    const haveChanged = rules !== this.#rules;
    this.#rules = rules;
    if (former !== undefined && JSON.stringify(former.place) === JSON.stringify(place)) {
      if (haveChanged) former.askAnew();
      return;
    }
    void former?.close();
    this.#site = undefined;
    this.#keep(port !== 0);
    if (port !== 0) this.#site = new Site(place, this.#context);
    await this.#site?.open();
  }

  /** Keeps what a page that opens later shows: the last hour, the last messages, the last lines of the log. Or nothing. */
  #keep(wanted: boolean): void {
    const { log, monitor, tail } = this.#context;
    log.observer = wanted ? tail : undefined;
    monitor.record(wanted);
    if (wanted) {
      this.#sampler ??= new Sampler(this.#context);
      return;
    }
    this.#sampler?.close();
    this.#sampler = undefined;
  }

  /** Closes the page, until {@link configure} is called again. Takes half a second at most. */
  async close(): Promise<void> {
    this.#keep(false);
    const closing = this.#site?.close();
    this.#site = undefined;
    this.#context.feed.close();
    await closing;
  }
}

/** Who may read the page, in a form to compare. */
function rulesOf(settings: Settings): string {
  const { clients, watch, webClients, webNames, webUser, webPassword, webTrustedProxy } = settings;
  return JSON.stringify([clients, watch, webClients, webNames, webUser, webPassword, webTrustedProxy]);
}
