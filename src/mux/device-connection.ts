import { SERVER_SIDE } from "../core/monitor/hops.js";
import type { TraceSource } from "../core/monitor/trace-event.js";
import { viewOfProtocol } from "../core/monitor/views/views.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import { formatHostPort } from "../core/net/address.js";
import { type LineId, lineName, sharedOrigin } from "../core/net/client-origin.js";
import { formatRemote } from "../core/options/conn-request.js";
import { type Dial, dial } from "../dial/dial.js";
import type { TracedStream } from "../monitor/monitor.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { type End, endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import { StreamEnd, streamOf } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import type { MuxContext } from "./mux-context.js";

const IDLE_AFTER_MS = 1000; // between two questions of a busy poller a link counts as ready
const MIN_KEEPALIVE_MS = 1000; // the kernel counts keepalive in whole seconds

/** Most bytes of one read: the slowest framing takes some milliseconds to find the messages in them. */
const MAX_READ_BYTES = 4096;

/** Told what happens on a connection. */
export interface DeviceConnectionEvents {
  /** The connection is established, and the device has had its pause after that (DLAY). */
  ready(): void;
  data(chunk: Buffer): void;
  /** The device has sent FIN. */
  eof(): void;
  /** The kernel has taken everything that was unsent. */
  drained(): void;
  /** The connection failed or was lost. Called once, and not after {@link DeviceConnection.close}. */
  lost(reason: string): void;
  fault(error: unknown): void;
}

type State =
  | { readonly kind: "dialing"; readonly dial: Dial }
  | { readonly kind: "settling"; readonly end: End; readonly timer: Timer }
  | { readonly kind: "ready"; readonly end: End }
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
  readonly #events: DeviceConnectionEvents;
  #state: State;
  /** The owners that have paused reading. */
  readonly #pausedBy = new Set<unknown>();

  /** Begins to connect; `events` may be called after the constructor returns. */
  constructor(name: DeviceConnectionName, route: MuxRoute, context: MuxContext, events: DeviceConnectionEvents) {
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
    const attempt = dial({ target, options }, origin, dialContext);
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
    if (this.#state.kind === "dialing" || this.#state.kind === "closed") return undefined;
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
    return { source, options, view: viewOfProtocol(mux.protocol.deviceFraming.name), hops: SERVER_SIDE, point: this };
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
   */
  write(bytes: Buffer, asker = this.#asker, isOnly = true): void {
    if (this.#state.kind !== "ready") return;
    this.#asker = asker;
    const { end } = this.#state;
    this.#usedAt = this.#context.clock.now();
    end.write(bytes);
    this.observer?.passed("up", bytes, end.unsent === 0);
    if (!isOnly) this.#asker = "";
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
    const state = this.#state;
    if (state.kind === "closed") return;
    this.#state = { kind: "closed" };
    this.observer?.ended("up");
    this.observer?.ended("down");
    if (state.kind === "dialing") {
      state.dial.abort();
      return;
    }
    if (state.kind === "settling") state.timer.cancel();
    if (state.end instanceof StreamEnd) this.#context.deadPeers.remove(state.end);
    state.end.events = IGNORE_EVENTS;
    state.end.destroy();
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
    }
    end.events = {
      data: (chunk) => {
        this.#usedAt = this.#context.clock.now();
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
    end.resume(); // bytes that come before the first request must not wait and be taken for its answer
    if (delayMs === 0) this.#events.ready();
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
