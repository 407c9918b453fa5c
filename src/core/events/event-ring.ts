import { Queue } from "../collections/queue.js";
import { printableJson } from "../parse/text.js";
import type { GatewayEvent } from "./gateway-event.js";

/** An event with its place in the order of all. */
export interface NumberedEvent {
  readonly number: number;
  readonly event: GatewayEvent;
  readonly json: string;
}

/** What a reader that comes back has missed. */
export interface MissedEvents {
  /** How many of them are not kept any more. */
  readonly lost: number;
  readonly kept: readonly NumberedEvent[];
}

/** The last events, by number: a reader that comes back gets those that it has missed. */
export class EventRing {
  readonly #run: string;
  readonly #size: number;
  readonly #events = new Queue<NumberedEvent>();
  #next = 1;

  /**
   * @param run tells the numbers of this run of the daemon from those of another one
   * @param size most events that are kept
   */
  constructor(run: string, size: number) {
    this.#run = run;
    this.#size = size;
  }

  add(event: GatewayEvent): NumberedEvent {
    const numbered = { number: this.#next, event, json: printableJson(event) };
    this.#next += 1;
    this.#events.push(numbered);
    if (this.#events.size > this.#size) this.#events.take();
    return numbered;
  }

  /** The `id:` of an event. */
  idOf({ number }: NumberedEvent): string {
    return `${this.#run}-${number}`;
  }

  /** Keeps none of them any more. */
  clear(): void {
    this.#events.clear();
  }

  /** The events behind the one with this id; undefined: it is none of this run. */
  since(id: string): MissedEvents | undefined {
    const [run, text = ""] = id.split("-", 2);
    const last = Number(text);
    if (run !== this.#run || !/^\d{1,15}$/.test(text) || last >= this.#next) return undefined;
    const kept = [...this.#events].filter(({ number }) => number > last);
    return { lost: this.#next - 1 - last - kept.length, kept };
  }
}
