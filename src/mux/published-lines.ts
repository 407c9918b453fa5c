import type { MuxLine } from "../core/config/settings.js";
import type { ValueStatus } from "../core/mux/publish/published-value.js";
import type { Mux } from "./mux.js";
import type { MuxContext } from "./mux-context.js";
import { PassivePublish } from "./passive-publish.js";
import { RequestMux } from "./request-mux.js";
import { ValueTopics } from "./value-topics.js";

/** A line whose values are published. */
interface Published {
  readonly values: PassivePublish;
  /** Undefined: there is no broker. */
  readonly topics: ValueTopics | undefined;
}

/** The lines of `[mux]` whose values are published. */
export class PublishedLines {
  readonly #byMux = new Map<Mux, Published>();

  /** What STAT shows of the values of a line; undefined: it publishes none. */
  statusOf(mux: Mux): ValueStatus[] | undefined {
    return this.#byMux.get(mux)?.values.status;
  }

  /** Publishes the values of these lines, and of no others. Values that stay are known still. */
  configure(lines: ReadonlyMap<Mux, MuxLine>, context: MuxContext): void {
    for (const [mux, { values, topics }] of this.#byMux) {
      if (lines.get(mux)?.route.mux.publish.length) continue;
      values.stop();
      topics?.close();
      this.#byMux.delete(mux);
    }
    const mqtt = context.mqtt();
    for (const [mux, line] of lines) {
      const { publish } = line.route.mux;
      if (publish.length === 0 || !(mux instanceof RequestMux)) continue;
      const former = this.#byMux.get(mux);
      former?.values.stop();
      const topics = mqtt && new ValueTopics(mqtt, line, publish, former?.topics);
      this.#byMux.set(mux, { values: new PassivePublish(mux, line, context, topics, former?.values), topics });
    }
  }

  /** Publishes nothing more, and asks no device any more. What has been published stays at the broker. */
  stop(): void {
    for (const { values } of this.#byMux.values()) values.stop();
    this.#byMux.clear();
  }
}
