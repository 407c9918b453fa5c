import type { Settings } from "../core/config/settings.js";
import type { ListenerStatus } from "../core/status/daemon-status.js";
import { Site, type WebContext } from "./site.js";

/** The web page of the daemon, where there is to be one (`[web]`). */
export class Web {
  readonly #context: WebContext;
  #site: Site | undefined;

  constructor(context: WebContext) {
    this.#context = context;
  }

  /** Where it listens, or tries to. */
  get status(): ListenerStatus[] {
    return this.#site === undefined ? [] : [this.#site.status];
  }

  /** Opens, closes or moves it, as settings ask for. One that stays where it is stays as it is. */
  async configure({ webAddress, webPort }: Settings): Promise<void> {
    const former = this.#site;
    if (former?.address === webAddress && former.port === webPort) return;
    void former?.close();
    this.#site = webPort === 0 ? undefined : new Site(webAddress, webPort, this.#context);
    await this.#site?.open();
  }

  /** Ends it, half a second later at most. */
  async close(): Promise<void> {
    await this.#site?.close();
  }
}
