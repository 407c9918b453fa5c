import { FairQueue } from "../core/mux/fair-queue.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import type { Timer } from "../system/clock.js";
import { BaseMux } from "./base-mux.js";
import type { DeviceConnection, DeviceConnectionEvents } from "./device-connection.js";
import type { MuxClient, MuxClientOwner } from "./mux-client.js";

const MAX_AT_ONCE = 64; // messages to the device in one pass of the event loop: other work has its turn then
const PATIENCE_MS = 1000; // the device waits so long for a client that has too much unread

/**
 * A device that talks on its own: every byte of it goes to every client, in order; what clients send goes up in whole messages,
 * one after the other. A client that does not read is dropped, so that the others see no gap.
 */
export class BroadcastMux extends BaseMux {
  readonly #queue = new FairQueue<MuxClient, Buffer>();
  #link: DeviceConnection | undefined;
  /** Clients that have too much unread. */
  readonly #stalled = new Set<MuxClient>();
  #pauseUntil = 0;
  #patience: Timer | undefined;
  /** Messages sent in this pass of the event loop. */
  #sent = 0;

  async drain(): Promise<void> {}

  protected get waiting(): number {
    return this.#queue.size;
  }

  protected get outstanding(): number {
    return 0;
  }

  protected statusOf(link: DeviceConnection): LinkStatus {
    return link.status(this.counters.requests, false);
  }

  protected hears(client: () => MuxClient): Omit<MuxClientOwner, "malformed" | "gone" | "fault"> {
    return {
      message: (bytes) => {
        this.counters.requests += 1;
        this.#queue.push(client(), Buffer.from(bytes));
        this.#send();
      },
      headReceived() {},
      resumed: () => this.#resumed(client()),
      inputEnded: () => false,
      isQueueFull: () => this.#queue.sizeOf(client()) >= this.route.mux.queue,
    };
  }

  protected refuse(client: MuxClient, reason: string): void {
    client.close(reason);
  }

  protected joined(client: MuxClient): void {
    if (this.pool.down) {
      // not at once: whoever attaches it listens to it only then
      setImmediate(() => client.close("no link to the device, and it is not the time for another attempt yet"));
    } else {
      this.pool.want();
    }
  }

  protected forget(client: MuxClient): void {
    this.#queue.remove(client);
    this.#resumed(client);
  }

  protected noPath(reason: string): void {
    this.#closeAll(`no link to the device: ${reason}`);
  }

  protected opened(link: DeviceConnection): DeviceConnectionEvents {
    const lost = (reason: string): void => {
      this.#link = undefined;
      this.#closeAll(`the device has gone: ${reason}`);
    };
    return {
      ready: () => {
        this.#link = link;
        this.#send();
      },
      data: (chunk) => {
        this.pool.prove(link);
        this.#deliver(chunk);
      },
      eof: () => {
        this.pool.close(link, "by device");
        lost("by device");
      },
      drained: () => this.#send(),
      lost,
      fault: (error) => {
        this.log.fault(error);
        this.pool.close(link, "fault in the program");
        lost("fault in the program");
      },
    };
  }

  #closeAll(reason: string): void {
    this.rounds.begin([...this.clients], (client) => client.close(reason));
  }

  /** Sends what waits, as far as the device takes it. */
  #send(): void {
    const { clock } = this.context;
    const { gapMs } = this.route.mux;
    while (
      this.#sent < MAX_AT_ONCE &&
      this.#link?.ready &&
      this.#link.unsent === 0 &&
      clock.now() >= this.#pauseUntil
    ) {
      const next = this.#queue.take(true, () => "take");
      if (next === undefined) return;
      if (this.#sent === 0) setImmediate(() => this.#nextTurn());
      this.#sent += 1;
      this.#link.write(next.item);
      next.owner.check();
      if (gapMs === 0) continue;
      this.#pauseUntil = clock.now() + gapMs;
      clock.after(gapMs, () => {
        this.#pauseUntil = 0; // a timer may be early by a fraction of a millisecond
        this.#send();
      });
    }
  }

  #nextTurn(): void {
    this.#sent = 0;
    this.#send();
  }

  #deliver(chunk: Buffer): void {
    const bytes = Buffer.from(chunk);
    this.rounds.begin(this.clients, (client) => {
      client.deliver(bytes);
      if (client.stalled) this.#waitFor(client);
    });
  }

  /** The device waits for a client, for some time. */
  #waitFor(client: MuxClient): void {
    this.#stalled.add(client);
    if (this.#patience !== undefined) return;
    this.#link?.pause(this);
    this.#patience = this.context.clock.after(PATIENCE_MS, () => {
      this.#patience = undefined;
      this.rounds.begin([...this.#stalled], (slow) => {
        this.log.seldom("dropped", "a client is dropped: it does not read");
        slow.cut("it does not read what the device says");
        this.#resumed(slow);
      });
    });
  }

  /** A client has taken what it was told. The device is read again when all have. */
  #resumed(client: MuxClient): void {
    if (client.stalled && !client.gone) return;
    this.#stalled.delete(client);
    if (this.#stalled.size > 0) return;
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#link?.resume(this);
  }
}
