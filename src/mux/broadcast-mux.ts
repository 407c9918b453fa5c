import { FairQueue } from "../core/mux/fair-queue.js";
import { Greeting } from "../core/mux/greeting.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import type { Timer } from "../system/clock.js";
import { BaseMux, type ClientEvents } from "./base-mux.js";
import { Countdown } from "./countdown.js";
import type { DeviceConnection } from "./device-connection.js";
import type { DeviceConnectionEvents } from "./device-connection-events.js";
import type { MuxClient } from "./mux-client.js";

const MAX_PER_PASS = 64; // messages to the device in one pass of the event loop: other work comes in between
const STALL_MS = 1000; // the device waits so long for a client that does not read (docs/mux.md)

/**
 * A device that talks on its own: every client gets every byte of it, in order. Messages of clients go to the device whole, one after
 * the other. A client that does not read is dropped, so that the others see no gap.
 */
export class BroadcastMux extends BaseMux {
  readonly #queue = new FairQueue<MuxClient, Buffer>();
  readonly #gap = new Countdown(this.context.clock, () => this.#send());
  /** The connection that is ready. */
  #connection: DeviceConnection | undefined;
  /** What the device has said on each connection before a client spoke. */
  readonly #greetings = new WeakMap<DeviceConnection, Greeting>();
  /** Clients that have got the greeting so far: they get what comes. */
  readonly #recipients = new Set<MuxClient>();
  /** Clients that leave too much unread. The device is paused while there are any. */
  readonly #stalled = new Set<MuxClient>();
  #stallTimer: Timer | undefined;
  /** Messages sent in this pass of the event loop. */
  #sent = 0;

  async drain(): Promise<void> {}

  protected get waiting(): number {
    return this.#queue.size;
  }

  protected get outstanding(): number {
    return 0;
  }

  protected statusOf(connection: DeviceConnection): LinkStatus {
    return connection.status(this.counters.requests, false);
  }

  protected eventsOf(client: () => MuxClient): ClientEvents {
    return {
      message: (bytes, _head, body) => {
        if (body !== undefined) {
          this.reject(client(), `a message of more than ${bytes.length} bytes`);
          return;
        }
        this.statistics.asked(client());
        this.#queue.push(client(), Buffer.from(bytes));
        this.#send();
      },
      headReceived() {},
      resumed: () => this.#resumed(client()),
      inputEnded: () => false,
      isAnswered: () => true,
      isQueueFull: () => this.#queue.sizeOf(client()) >= this.route.mux.queue,
    };
  }

  protected reject(client: MuxClient, reason: string): void {
    client.close(reason);
  }

  protected clientJoined(client: MuxClient): void {
    // in turn with the rounds: it gets every byte once, be it from the greeting or from a round
    this.rounds.begin([client], () => {
      if (!this.clients.has(client)) return;
      const [connection] = this.pool.connections;
      const greeting = connection && this.#greetings.get(connection)?.bytes;
      if (greeting !== undefined && greeting.length > 0) client.deliver(greeting);
      this.#recipients.add(client);
    });
    if (this.pool.refuses) {
      // not at once: the client has no listener before attach() returns
      setImmediate(() => client.close("no link to the device, and the next attempt is not due yet"));
    } else {
      this.pool.open();
    }
  }

  protected clientLeft(client: MuxClient): void {
    this.#recipients.delete(client);
    for (const _ of this.#queue.remove(client)) this.statistics.ended(client, "abandoned");
    this.#resumed(client);
  }

  protected isAsked(): boolean {
    return true; // for what it says unasked
  }

  protected notReachable(reason: string, hopelessSince: number | undefined): void {
    if (hopelessSince !== undefined) this.#closeClients(`no link to the device: ${reason}`);
    else this.mayGoOn();
  }

  protected override mayGoOn(): void {
    if (this.clients.size > 0) this.pool.open();
  }

  protected connectionOpened(connection: DeviceConnection): DeviceConnectionEvents {
    const greeting = new Greeting();
    this.#greetings.set(connection, greeting);
    const lost = (reason: string): void => {
      this.#connection = undefined;
      this.#closeClients(`the device has gone: ${reason}`);
    };
    return {
      ready: () => {
        this.#connection = connection;
        this.#send();
      },
      data: (chunk) => {
        this.pool.markResponsive(connection);
        this.#deliver(chunk, greeting.isOpen && this.route.mux.greeting !== undefined ? greeting : undefined);
      },
      eof: () => {
        this.pool.fail(connection, "by device");
        lost("by device");
      },
      drained: () => this.#send(),
      lost,
      fault: (error) => {
        this.log.fault(error);
        this.pool.fail(connection, "fault in the program");
        lost("fault in the program");
      },
    };
  }

  #closeClients(reason: string): void {
    this.rounds.begin([...this.clients], (client) => client.close(reason));
  }

  /** Sends waiting messages as long as the device takes them. */
  #send(): void {
    while (
      this.#sent < MAX_PER_PASS &&
      this.#connection?.ready &&
      this.#connection.unsent === 0 &&
      !this.#gap.running
    ) {
      const next = this.#queue.take(true, () => "take");
      if (next === undefined) return;
      if (this.#sent === 0) setImmediate(() => this.#nextPass());
      this.#sent += 1;
      this.#greetings.get(this.#connection)?.end();
      this.#connection.write(next.item, next.owner.name, false); // what the device says is for all
      this.statistics.ended(next.owner, "sent");
      next.owner.check();
      this.#gap.start(this.route.mux.gapMs);
    }
  }

  #nextPass(): void {
    this.#sent = 0;
    this.#send();
  }

  /** @param greeting the greeting that the chunk belongs to, where it is wanted */
  #deliver(chunk: Buffer, greeting: Greeting | undefined): void {
    const bytes = Buffer.from(chunk);
    this.rounds.begin(this.#recipientsOf(bytes, greeting), (client) => {
      client.deliver(bytes);
      if (client.stalled) this.#waitFor(client);
    });
  }

  /** Who hears these bytes. They join the greeting as their round begins, so that it fits what each client has heard. */
  *#recipientsOf(bytes: Buffer, greeting: Greeting | undefined): Generator<MuxClient> {
    greeting?.add(bytes);
    yield* this.#recipients;
  }

  /** Pauses the device until the client has read, or its time is over. */
  #waitFor(client: MuxClient): void {
    this.#stalled.add(client);
    if (this.#stallTimer !== undefined) return;
    this.#connection?.pause(this);
    this.#stallTimer = this.context.clock.after(STALL_MS, () => {
      this.#stallTimer = undefined;
      this.rounds.begin([...this.#stalled], (slow) => {
        this.log.throttled("dropped", "a client is dropped: it does not read");
        slow.cut("it does not read what the device sends");
        this.#resumed(slow);
      });
    });
  }

  /** The client has read enough, or is gone. */
  #resumed(client: MuxClient): void {
    if (client.stalled) return;
    this.#stalled.delete(client);
    if (this.#stalled.size > 0) return;
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
    this.#connection?.resume(this);
  }
}
