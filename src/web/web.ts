import type { Settings } from "../core/config/settings.js";
import type { ListenerStatus } from "../core/status/daemon-status.js";
import { Site, type WebContext } from "./site.js";

/** The web page of the daemon, if the configuration asks for one (`[web]`). */
export class Web {
  readonly #context: WebContext;
  #site: Site | undefined;

  constructor(context: WebContext) {
    this.#context = context;
  }

  /** Its port in STAT JSON; nothing without a page. */
  get status(): ListenerStatus[] {
    return this.#site === undefined ? [] : [this.#site.status];
  }

  /** Opens, closes or moves the page. A page that keeps its address and port keeps its readers. */
  async configure({ webAddress, webPort }: Settings): Promise<void> {
    const former = this.#site;
    if (former?.address === webAddress && former.port === webPort) return;
    void former?.close();
    this.#site = webPort === 0 ? undefined : new Site(webAddress, webPort, this.#context);
    await this.#site?.open();
  }

  /** Closes the page. Takes half a second at most. */
  async close(): Promise<void> {
    await this.#site?.close();
  }
}
