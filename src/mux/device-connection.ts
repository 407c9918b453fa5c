import { SERVER_SIDE } from "../core/monitor/hops.js";
import { viewOfProtocol } from "../core/monitor/views/views.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import { formatHostPort } from "../core/net/address.js";
import { lineName, sharedOrigin } from "../core/net/client-origin.js";
import { formatRemote } from "../core/options/conn-request.js";
import { type Dial, dial } from "../dial/dial.js";
import type { TracedStream } from "../monitor/monitor.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { type End, endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import { StreamEnd, streamOf } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import type { MuxContext } from "./mux-context.js";

const LEAST_KEEPALIVE_MS = 1000; // it is told to the kernel in seconds

/** A read brings so many bytes at most: to look for messages in them takes some milliseconds at the worst. */
const MESSAGES_BYTES = 4096;

/** What a link tells its owner. */
export interface DeviceConnectionEvents {
  /** Connected, and given the time the device wants after that. */
  ready(): void;
  data(chunk: Buffer): void;
  /** The device will send nothing more. */
  eof(): void;
  /** What was left unsent is with the kernel. */
  drained(): void;
  /** It is over, for this reason; told once, and not after {@link DeviceConnection.close}. */
  lost(reason: string): void;
  fault(error: unknown): void;
}

type State =
  | { readonly kind: "dialing"; readonly dial: Dial }
  | { readonly kind: "settling"; readonly end: End; readonly timer: Timer }
  | { readonly kind: "ready"; readonly end: End }
  | { readonly kind: "closed" };

/** How a link is called: the port of its mux, and which of its links it is. */
export interface DeviceConnectionName {
  readonly port: number;
  readonly number: number;
}

/** One connection to a device. */
export class DeviceConnection {
  /** Looks on, where somebody wants to see the messages. */
  observer: ByteObserver | undefined;
  /** Where the device is, once connected. */
  address = "";
  readonly openedAt: number;
  readonly #name: DeviceConnectionName;
  readonly #route: MuxRoute;
  readonly #context: MuxContext;
  readonly #events: DeviceConnectionEvents;
  #state: State;
  /** Those for whose sake it is not read. */
  readonly #pausedBy = new Set<unknown>();

  /** Begins to connect. */
  constructor(name: DeviceConnectionName, route: MuxRoute, context: MuxContext, events: DeviceConnectionEvents) {
    const { target, options, mux } = route;
    this.#name = name;
    this.#route = route;
    this.#context = context;
    this.#events = events;
    this.openedAt = context.clock.now();
    const keepalive = mux.healthMs === 0 ? context.settings.keepalive : Math.max(mux.healthMs, LEAST_KEEPALIVE_MS);
    const origin = sharedOrigin(lineName("mux", { port: name.port }));
    const dialHost = { ...context, settings: { ...context.settings, keepalive } };
    const attempt = dial({ target, options }, origin, dialHost);
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

  /** Bytes that the kernel has not taken yet. */
  get unsent(): number {
    return this.#state.kind === "ready" ? this.#state.end.unsent : 0;
  }

  /** Its messages, while they pass. */
  get stream(): TracedStream | undefined {
    if (this.#state.kind === "dialing" || this.#state.kind === "closed") return undefined;
    const { port, number } = this.#name;
    const source = { connection: `${port}/${number}`, listener: port, server: formatRemote(this.#route) };
    const { options, mux } = this.#route;
    return { source, options, view: viewOfProtocol(mux.protocol.framing.name), hops: SERVER_SIDE, point: this };
  }

  /** What STAT tells of it. */
  status(requests: number, busy: boolean): LinkStatus {
    const inUse = busy ? "busy" : "ready";
    return {
      state: this.ready ? inUse : "connecting",
      address: this.address,
      ageMs: Math.round(this.#context.clock.now() - this.openedAt),
      requests,
    };
  }

  write(bytes: Buffer): void {
    if (this.#state.kind !== "ready") return;
    const { end } = this.#state;
    end.write(bytes);
    this.observer?.passed("up", bytes, end.unsent === 0);
  }

  /** Reads nothing, until everybody for whose sake that is has it read again. */
  pause(by: unknown): void {
    this.#pausedBy.add(by);
    if (this.#state.kind === "ready") this.#state.end.pause();
  }

  resume(by: unknown): void {
    this.#pausedBy.delete(by);
    if (this.#pausedBy.size === 0 && this.#state.kind === "ready") this.#state.end.resume();
  }

  /** Cuts the connection. */
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
      end.readAtMost(MESSAGES_BYTES);
      this.#context.deadPeers.add(end);
    }
    end.events = {
      data: (chunk) => {
        this.#look(end, chunk);
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
    const ready = (): void => {
      this.#state = { kind: "ready", end };
      this.#events.ready();
    };
    this.#state =
      delayMs === 0
        ? { kind: "ready", end }
        : { kind: "settling", end, timer: this.#context.clock.after(delayMs, ready) };
    if (this.stream !== undefined) this.#context.monitor.addStream(this.stream);
    end.resume(); // what it says before it is asked must not wait to be taken for an answer
    if (delayMs === 0) this.#events.ready();
  }

  /** A monitor looks at what the device says before it leads to anything which other observers show. */
  #look(end: End, chunk: Buffer): void {
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
