import type { Timer } from "../clock.js";
import { formatHostPort } from "../core/address.js";
import { FairQueue } from "../core/mux/fair-queue.js";
import type { MuxOrder } from "../core/mux/line.js";
import { type MuxStatus, muxCounters } from "../core/mux/status.js";
import type { End } from "../ends/end.js";
import { Attendance } from "./attendance.js";
import type { MuxHost } from "./host.js";
import type { Link, LinkEvents } from "./link.js";
import type { Mux } from "./mux.js";
import { MuxClient } from "./mux-client.js";
import { MuxLog } from "./mux-log.js";
import { Pool } from "./pool.js";

const PATIENCE_MS = 1000; // the device waits so long for a client that has too much unread

/**
 * A device that talks on its own: every byte of it goes to every client, in order; what clients send goes up in whole messages,
 * one after the other. A client that does not read is dropped, so that the others see no gap.
 */
export class BroadcastMux implements Mux {
  #order: MuxOrder;
  #host: MuxHost;
  readonly #port: number;
  readonly #log: MuxLog;
  readonly #counters = muxCounters();
  readonly #pool: Pool;
  readonly #clients = new Set<MuxClient>();
  readonly #attendance: Attendance;
  readonly #queue = new FairQueue<MuxClient, Buffer>();
  #link: Link | undefined;
  #pauseUntil = 0;
  #patience: Timer | undefined;

  constructor(port: number, order: MuxOrder, host: MuxHost) {
    this.#port = port;
    this.#order = order;
    this.#host = host;
    this.#log = new MuxLog(port, order.target, host);
    this.#attendance = new Attendance(() => this.#pool.closeAll(`no client for ${this.#order.mux.idleMs / 1000} s`));
    this.#pool = new Pool({
      order: () => this.#order,
      host: () => this.#host,
      needsLink: () => this.#clients.size > 0,
      opened: (link) => this.#opened(link),
      noPath: (reason) => this.#closeAll(`no link to the device: ${reason}`),
      log: this.#log,
    });
  }

  get idle(): boolean {
    return this.#clients.size === 0;
  }

  get status(): MuxStatus {
    const { mux, target } = this.#order;
    const now = this.#host.clock.now();
    return {
      port: this.#port,
      protocol: mux.protocol.framing.name,
      mode: mux.mode,
      target: formatHostPort(target),
      clients: this.#clients.size,
      waiting: this.#queue.size,
      outstanding: 0,
      pool: mux.pool,
      links: [...this.#pool.links].map((link) => ({
        state: link.ready ? "ready" : "connecting",
        address: link.address,
        ageMs: Math.round(now - link.openedAt),
        requests: this.#counters.requests,
      })),
      down: this.#pool.down,
      ...this.#counters,
    };
  }

  attach(): End {
    const { target, mux } = this.#order;
    const client = new MuxClient(target, mux.protocol, this.#host.clock, {
      message: (bytes) => {
        this.#counters.requests += 1;
        this.#queue.push(client, Buffer.from(bytes));
        this.#send();
      },
      begun() {},
      malformed: (reason) => {
        this.#counters.malformed += 1;
        const text = `not a message of ${mux.protocol.framing.name}: ${reason}`;
        this.#log.seldom("malformed", `client closed: ${text}`);
        client.close(text);
      },
      resumed: () => this.#goOn(),
      ended() {},
      left: () => this.#left(client),
      holds: () => this.#queue.sizeOf(client) >= this.#order.mux.queue,
      fault: (error) => this.#log.fault(error),
    });
    this.#clients.add(client);
    this.#attendance.come();
    if (this.#pool.down) {
      // not at once: whoever attaches it listens to it only then
      setImmediate(() => client.close("no link to the device, and it is not the time for another attempt yet"));
    } else {
      this.#pool.want();
    }
    return client;
  }

  configure(order: MuxOrder, host: MuxHost): void {
    this.#order = order;
    this.#host = host;
  }

  async drain(): Promise<void> {}

  close(reason: string): void {
    this.#attendance.come();
    this.#link = undefined;
    this.#pool.closeAll(reason);
  }

  #left(client: MuxClient): void {
    if (!this.#clients.delete(client)) return;
    this.#queue.remove(client);
    if (this.#clients.size === 0) this.#attendance.go(this.#order.mux.idleMs, this.#host.clock);
  }

  #closeAll(reason: string): void {
    for (const client of [...this.#clients]) client.close(reason);
  }

  /** Sends what waits, as far as the device takes it. */
  #send(): void {
    const { clock } = this.#host;
    const { gapMs } = this.#order.mux;
    while (this.#link !== undefined && this.#link.unsent === 0 && clock.now() >= this.#pauseUntil) {
      const next = this.#queue.take(() => true);
      if (next === undefined) return;
      this.#link.write(next.item);
      next.owner.check();
      if (gapMs === 0) continue;
      this.#pauseUntil = clock.now() + gapMs;
      clock.after(gapMs, () => {
        this.#pauseUntil = 0;
        this.#send();
      });
    }
  }

  #deliver(chunk: Buffer): void {
    const bytes = Buffer.from(chunk);
    for (const client of [...this.#clients]) client.deliver(bytes);
    if (this.#stalled().length === 0 || this.#patience !== undefined) return;
    this.#link?.pause();
    this.#patience = this.#host.clock.after(PATIENCE_MS, () => {
      this.#patience = undefined;
      for (const client of this.#stalled()) {
        this.#log.seldom("dropped", "a client is dropped: it does not read");
        client.drop("it does not read what the device says");
      }
      this.#goOn();
    });
  }

  #stalled(): MuxClient[] {
    return [...this.#clients].filter(({ stalled }) => stalled);
  }

  /** Reads from the device again when all clients have taken what they were told. */
  #goOn(): void {
    if (this.#stalled().length > 0) return;
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#link?.resume();
  }

  #opened(link: Link): LinkEvents {
    const lost = (reason: string): void => {
      this.#link = undefined;
      this.#closeAll(`the device has gone: ${reason}`);
    };
    return {
      ready: () => {
        this.#link = link;
        this.#send();
      },
      data: (chunk) => this.#deliver(chunk),
      eof: () => {
        this.#pool.close(link, "by device");
        lost("by device");
      },
      drained: () => this.#send(),
      lost,
      fault: (error) => {
        this.#log.fault(error);
        this.#pool.close(link, "fault in the program");
        lost("fault in the program");
      },
    };
  }
}
