import type { PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { RelayProgress } from "../core/upgrade/session-state.js";
import { type End, type EndEvents, IGNORE_EVENTS } from "../sockets/end.js";
import type { Flow } from "./flow.js";
import type { RelayTimeouts } from "./relay-timeouts.js";

/** What a relay lets another process have of it, which goes on with it (docs/upgrade.md). Made only then. */
export class RelayHandover {
  readonly #client: End;
  readonly #remote: End;
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #timeouts: RelayTimeouts;

  constructor(client: End, remote: End, down: Flow, up: Flow, timeouts: RelayTimeouts) {
    this.#client = client;
    this.#remote = remote;
    this.#down = down;
    this.#up = up;
    this.#timeouts = timeouts;
  }

  /** The remote has sent FIN. */
  get remoteEnded(): boolean {
    return this.#down.eof;
  }

  /** Whether nothing is under way: see {@link Flow.isEmpty}. */
  get isEmpty(): boolean {
    return this.#down.isEmpty && this.#up.isEmpty;
  }

  /** The same where the client has gone, and its end keeps what waits for it. */
  get isParked(): boolean {
    return this.#down.isPassedOn && this.#up.isEmpty;
  }

  /** Counts, and how long ago both sides last sent something. */
  progress(now: number): RelayProgress {
    const [down, up] = [this.#down, this.#up];
    return {
      ...{ received: down.bytes, receivedAgoMs: now - down.lastActivityAt },
      ...{ sent: up.bytes, sentAgoMs: now - up.lastActivityAt },
    };
  }

  /** Goes on where another process has been. To be called before the relay starts. */
  restore({ received, receivedAgoMs, sent, sentAgoMs }: RelayProgress, now: number): void {
    this.#down.restore(received, now - receivedAgoMs);
    this.#up.restore(sent, now - sentAgoMs);
  }

  /** Reads neither side, and lets no limit end the relay, until {@link goOn}. What has been read goes on. */
  hold(): void {
    this.#timeouts.pause();
    this.#client.events = new HeldEvents(this.#client.events, () => this.#pause());
    this.#remote.events = new HeldEvents(this.#remote.events, () => this.#pause());
    this.#pause();
  }

  /** Ends {@link hold}. */
  goOn(): void {
    this.#client.events = freed(this.#client.events);
    this.#remote.events = freed(this.#remote.events);
    this.#timeouts.watch();
    for (const { source, stalled, eof } of [this.#down, this.#up]) if (!stalled && !eof) source.resume();
  }

  /** Another process goes on: nothing is done, or told, any more. The owner closes the ends. */
  letGo(): void {
    this.#timeouts.stop();
    this.#client.events = IGNORE_EVENTS;
    this.#remote.events = IGNORE_EVENTS;
    this.#down.stop();
    this.#up.stop();
  }

  #pause(): void {
    this.#client.pause();
    if (this.#remote.rests === undefined) this.#remote.pause(); // a shared device gives its client the last answers
  }
}

/** The events of an end while its relay is held: what has drained would be read again. */
class HeldEvents implements EndEvents {
  readonly events: EndEvents;
  readonly #pause: () => void;

  constructor(events: EndEvents, pause: () => void) {
    this.events = events;
    this.#pause = pause;
  }

  data(chunk: Buffer): void {
    this.events.data(chunk);
  }

  eof(): void {
    this.events.eof();
  }

  drained(): void {
    this.events.drained();
    this.#pause();
  }

  finished(): void {
    this.events.finished();
  }

  closed(error: Error | undefined): void {
    this.events.closed(error);
  }

  broken(): void {
    this.events.broken?.();
  }

  async backlog(): Promise<PeerBacklog> {
    return (await this.events.backlog?.()) ?? { unacknowledged: 0, unread: 0 };
  }

  fault(error: unknown): void {
    this.events.fault(error);
  }
}

/** The events themselves. */
function freed(events: EndEvents): EndEvents {
  return events instanceof HeldEvents ? events.events : events;
}
