import type { MuxLine } from "../core/config/settings.js";
import type { ValueStatus } from "../core/mux/publish/published-value.js";
import type { Mux } from "./mux.js";
import type { MuxContext } from "./mux-context.js";
import { PassivePublish } from "./passive-publish.js";
import { RequestMux } from "./request-mux.js";

/** The lines of `[mux]` whose values are published. */
export class PublishedLines {
  readonly #byMux = new Map<Mux, PassivePublish>();

  /** What STAT shows of the values of a line; undefined: it publishes none. */
  statusOf(mux: Mux): ValueStatus[] | undefined {
    return this.#byMux.get(mux)?.status;
  }

  /** Publishes the values of these lines, and of no others. Values that stay are known still. */
  configure(lines: ReadonlyMap<Mux, MuxLine>, context: MuxContext): void {
    for (const [mux, published] of this.#byMux) {
      if (lines.get(mux)?.route.mux.publish.length) continue;
      published.stop();
      this.#byMux.delete(mux);
    }
    for (const [mux, line] of lines) {
      if (line.route.mux.publish.length === 0 || !(mux instanceof RequestMux)) continue;
      const former = this.#byMux.get(mux);
      former?.stop();
      this.#byMux.set(mux, new PassivePublish(mux, line, context, undefined, former));
    }
  }

  /** Publishes nothing more, and asks no device any more. */
  stop(): void {
    for (const published of this.#byMux.values()) published.stop();
    this.#byMux.clear();
  }
}
