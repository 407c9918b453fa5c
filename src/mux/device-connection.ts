import type { StreamFacts } from "../core/monitor/byte-event.js";
import { SERVER_SIDE } from "../core/monitor/hops.js";
import type { TraceSource } from "../core/monitor/trace-event.js";
import { viewOfProtocol } from "../core/monitor/views/views.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import { formatHostPort } from "../core/net/address.js";
import { type LineId, lineName, sharedOrigin } from "../core/net/client-origin.js";
import { formatRemote } from "../core/options/conn-request.js";
import { formatSeconds } from "../core/parse/duration.js";
import { type Dial, dial } from "../dial/dial.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { type End, endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import { ownNameOf } from "../sockets/own-side.js";
import { StreamEnd, streamOf } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import { AcknowledgementWatch } from "./acknowledgement-watch.js";
import type { DeviceConnectionOwner } from "./device-connection-events.js";
import type { MuxContext } from "./mux-context.js";

const IDLE_AFTER_MS = 1000; // between two questions of a busy poller a link counts as ready
const MIN_KEEPALIVE_MS = 1000; // the kernel counts keepalive in whole seconds

/** Most bytes of one read: the slowest framing takes some milliseconds to find the messages in them. */
const MAX_READ_BYTES = 4096;

/** A device that takes one connection needs to see the end of the last one before the next: it answers our FIN with its own in this time. */
const FAREWELL_MS = 250;

type State =
  | { readonly kind: "dialing"; readonly dial: Dial }
  | { readonly kind: "settling"; readonly end: End; readonly timer: Timer }
  | { readonly kind: "ready"; readonly end: End }
  /** Our FIN has gone out. `timer`: until the connection counts as over though the device does not end it. */
  | { readonly kind: "leaving"; readonly end: End; readonly timer: Timer }
  | { readonly kind: "closed" };

/** The name of a connection in traces: `5020/3`. */
export interface DeviceConnectionName {
  /** The line of the mux. */
  readonly line: LineId;
  /** Counts the connections of the mux. */
  readonly number: number;
}

/** One connection to a device: a *link* in STAT, in the log and in docs/mux.md. */
export class DeviceConnection {
  /** Set while a monitor shows the messages. */
  observer: ByteObserver | undefined;
  /** Address of the device; empty before the connection is established. */
  address = "";
  readonly openedAt: number;
  /** `host:port` of the client whose message passes, for the monitor; empty where that is not known. */
  #asker = "";
  /** When bytes have last passed. */
  #usedAt: number;
  readonly #name: DeviceConnectionName;
  readonly #route: MuxRoute;
  readonly #context: MuxContext;
  readonly #events: DeviceConnectionOwner;
  #state: State;
  /** The owners that have paused reading. */
  readonly #pausedBy = new Set<unknown>();
  #watch: AcknowledgementWatch | undefined;

  /**
   * Begins to connect; `events` may be called after the constructor returns.
   *
   * @param attemptMs how long connecting may take
   */
  constructor(
    name: DeviceConnectionName,
    route: MuxRoute,
    attemptMs: number,
    context: MuxContext,
    events: DeviceConnectionOwner,
  ) {
    const { target, options, mux } = route;
    this.#name = name;
    this.#route = route;
    this.#context = context;
    this.#events = events;
    this.openedAt = context.clock.now();
    this.#usedAt = this.openedAt;
    const keepalive = mux.healthMs === 0 ? context.settings.keepalive : Math.max(mux.healthMs, MIN_KEEPALIVE_MS);
    const origin = sharedOrigin(lineName("mux", name.line));
    const dialContext = { ...context, settings: { ...context.settings, keepalive } };
    const attempt = dial({ target, options: { ...options, connectTimeoutMs: attemptMs } }, origin, dialContext);
    this.#state = { kind: "dialing", dial: attempt };
    attempt.end
      .then(
        (end) => this.#connected(end, mux.delayMs),
        (error: Error) => this.#lose(error.message),
      )
      .catch((error: unknown) => events.fault(error));
  }

  get ready(): boolean {
    return this.#state.kind === "ready";
  }

  /** Bytes that the kernel has not taken. */
  get unsent(): number {
    return this.#state.kind === "ready" ? this.#state.end.unsent : 0;
  }

  /** The messages of the connection, for the monitor; nothing before it is established. */
  get stream(): TracedStream | undefined {
    if (this.#state.kind !== "settling" && this.#state.kind !== "ready") return undefined;
    const { end } = this.#state;
    const {
      line: { port },
      number,
    } = this.#name;
    const asker = (): string | undefined => this.#asker || undefined;
    const source: TraceSource = {
      connection: `${port}/${number}`,
      listener: port,
      get client() {
        return asker();
      },
      server: formatRemote(this.#route),
      isShared: true,
    };
    const { options, mux } = this.#route;
    const { name: protocol } = mux.protocol.deviceFraming;
    const facts = (): StreamFacts => ({ transport: "tcp", from: ownNameOf(end), to: this.address, protocol });
    return { source, options, view: viewOfProtocol(protocol), hops: SERVER_SIDE, point: this, facts };
  }

  /** What STAT shows of the connection; `busy`: requests wait for their answer. */
  status(requests: number, busy: boolean): LinkStatus {
    const now = this.#context.clock.now();
    const idleMs = Math.round(now - this.#usedAt);
    const quiet = idleMs >= IDLE_AFTER_MS ? "idle" : "ready";
    const inUse = busy ? "busy" : quiet;
    return {
      state: this.ready ? inUse : "connecting",
      address: this.address,
      ageMs: Math.round(now - this.openedAt),
      idleMs,
      requests,
    };
  }

  /**
   * @param asker `host:port` of the client that the bytes are from; empty: they are from the mux itself; left out: they go on with a message
   * @param isOnly whether what the device says next is for this client
   * @param mayRepeat whether the bytes may go to the device once more on another connection, should it acknowledge nothing; left out: the
   * connection waits for acknowledgements as long as keepalive does
   * @returns false when not a byte of it went out, because the device had reset the connection already: the event `lost` follows
   */
  write(bytes: Buffer, asker = this.#asker, isOnly = true, mayRepeat?: boolean): boolean {
    if (this.#state.kind !== "ready") return false;
    this.#asker = asker;
    const { end } = this.#state;
    this.#usedAt = this.#context.clock.now();
    end.write(bytes);
    if (streamOf(end)?.isBroken) return false;
    if (mayRepeat !== undefined) this.#watch?.sent(mayRepeat, this.#usedAt);
    this.observer?.passed("up", bytes, end.unsent === 0);
    if (!isOnly) this.#asker = "";
    return true;
  }

  /** Stops reading until all owners that paused have resumed. */
  pause(by: unknown): void {
    this.#pausedBy.add(by);
    if (this.#state.kind === "ready") this.#state.end.pause();
  }

  resume(by: unknown): void {
    this.#pausedBy.delete(by);
    if (this.#pausedBy.size === 0 && this.#state.kind === "ready") this.#state.end.resume();
  }

  /** Closes the connection at once. Calls no event. */
  close(): void {
    const end = this.#detach();
    this.#state = { kind: "closed" };
    end?.destroy();
  }

  /** As {@link close}, by RST: a device that has not ended the connection yet is free for the next one. */
  cut(): void {
    const end = this.#detach();
    this.#state = { kind: "closed" };
    if (end instanceof StreamEnd) end.reset();
    else end?.destroy();
  }

  /**
   * Ends the connection in good order. Calls no event.
   *
   * @param left called when the connection is over, and before that when the device takes longer than {@link FAREWELL_MS} for its own end
   */
  leave(left: () => void): void {
    const end = this.#detach();
    if (end === undefined) {
      this.#state = { kind: "closed" };
      left();
      return;
    }
    const over = (): void => {
      if (this.#state.kind !== "leaving") return;
      this.close();
      left();
    };
    end.events = { ...IGNORE_EVENTS, eof: over, closed: over };
    this.#state = { kind: "leaving", end, timer: this.#context.clock.after(FAREWELL_MS, left) };
    end.resume(); // nothing that is unread may keep the device's end from us
    end.end();
  }

  get closed(): boolean {
    return this.#state.kind === "closed";
  }

  /** Ends what goes on in the present state. Returns the end, which tells nothing more, and still has to be closed. */
  #detach(): End | undefined {
    const state = this.#state;
    this.#watch?.cancel();
    if (state.kind === "closed") return undefined;
    if (state.kind !== "leaving") {
      this.observer?.ended("up");
      this.observer?.ended("down");
    }
    if (state.kind === "dialing") {
      state.dial.abort();
      return undefined;
    }
    if (state.kind !== "ready") state.timer.cancel();
    if (state.end instanceof StreamEnd) this.#context.deadPeers.remove(state.end);
    state.end.events = IGNORE_EVENTS;
    return state.end;
  }

  #connected(end: End, delayMs: number): void {
    if (this.#state.kind !== "dialing") {
      end.destroy();
      return;
    }
    this.address = formatHostPort({ host: end.peerAddress, port: end.peerPort });
    if (end instanceof StreamEnd) {
      end.readAtMost(MAX_READ_BYTES);
      this.#context.deadPeers.add(end);
      this.#watch = this.#watchOver(end);
    }
    end.events = {
      data: (chunk) => {
        this.#usedAt = this.#context.clock.now();
        this.#watch?.heard(this.#usedAt);
        this.#observe(end, chunk);
        this.#events.data(chunk);
      },
      eof: () => this.#events.eof(),
      drained: () => {
        this.observer?.drained("up");
        this.#events.drained();
      },
      finished() {},
      closed: (error) => this.#lose(endedBy("remote", error)),
      fault: (error) => this.#events.fault(error),
    };
    if (this.#route.mux.login !== undefined) end.write(this.#route.mux.login); // past all observers: it may be a password
    const ready = (): void => {
      this.#state = { kind: "ready", end };
      this.#events.ready();
    };
    this.#state =
      delayMs === 0
        ? { kind: "ready", end }
        : { kind: "settling", end, timer: this.#context.clock.after(delayMs, ready) };
    if (this.stream !== undefined) this.#context.monitor.addStream(this.stream);
    this.#events.connected();
    end.resume(); // bytes that come before the first request must not wait and be taken for its answer
    if (delayMs === 0) this.#events.ready();
  }

  #watchOver(end: StreamEnd): AcknowledgementWatch {
    return new AcknowledgementWatch({
      clock: this.#context.clock,
      unanswered: () => this.#context.deadPeers.unanswered(end),
      vanished: (ms) => this.#events.vanished(`the device acknowledges nothing for ${formatSeconds(ms)}`),
      slow: (isSlow) => end.probe(isSlow),
      fault: (error) => this.#events.fault(error),
    });
  }

  /** Shows the bytes to the monitor before other observers see what these bytes lead to. */
  #observe(end: End, chunk: Buffer): void {
    if (this.observer === undefined) return;
    this.observer.passed("down", chunk, true);
    streamOf(end)?.yield();
  }

  #lose(reason: string): void {
    if (this.#state.kind === "closed") return;
    this.close();
    this.#events.lost(reason);
  }
}
