import type { DirectLine } from "../core/config/settings.js";
import type { StandingStatus } from "../core/direct/direct-status.js";
import { RetryPause } from "../core/limits/retry-pause.js";
import { SERVER_SIDE } from "../core/monitor/hops.js";
import { lineLabel, lineName, sharedOrigin } from "../core/net/client-origin.js";
import type { Dial, ServerLease } from "../dial/dial.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { MqttBridge, MqttRemote } from "../mqtt/mqtt-publisher.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import { type End, endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import { ownNameOf } from "../sockets/own-side.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Timer } from "../system/clock.js";
import type { StandingContext } from "./direct-context.js";

/** Before the first attempt: the server may be a port of this daemon, which opens just now. */
const FIRST_MS = 100;
/** Behind a connection on which the server has answered: some end each one with the answer. */
const ANSWERED_MS = 100;
const BREATH_MS = 20;

type State =
  | { readonly kind: "dialing"; readonly dial: Dial }
  | { readonly kind: "open"; readonly end: End; readonly lease: ServerLease | undefined }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "stopped" };

/** Stays connected to a server of a `[direct]` line without any client, for the MQTT topic of the line (`dial=always`). */
export class StandingLink {
  /** Set while a monitor shows the messages. */
  observer: ByteObserver | undefined;
  readonly #line: DirectLine;
  readonly #topic: string;
  readonly #context: StandingContext;
  readonly #dialServer: () => Dial;
  readonly #bridge: MqttBridge | undefined;
  #state: State = { kind: "stopped" };
  #since: number;
  #reason: string | undefined = "not connected yet";
  readonly #pause = new RetryPause();
  #received = 0;
  #lastReceivedAt = 0;
  /** What the bridge had written when the connection began. */
  #writtenBefore = 0;
  /** The server has said something behind what was written to it. */
  #hasAnswered = false;
  #silence: Timer | undefined;

  /** Connects soon. @param dialServer to a server of the line */
  constructor(line: DirectLine, context: StandingContext, dialServer: StandingDial) {
    this.#line = line;
    const { standingTopic: topic = "", standingPayload: payload } = line.route.direct;
    this.#topic = topic;
    this.#context = context;
    this.#dialServer = () => dialServer(sharedOrigin(lineName("direct", line)));
    this.#since = context.clock.now();
    this.#bridge = context.mqtt()?.bridge(topic, () => this.#remote, payload);
    this.#wait("not connected yet", FIRST_MS);
  }

  /** The first port of its line. */
  get port(): number {
    return this.#line.port;
  }

  /** Bytes that were written to the server, on all connections. */
  get #written(): number {
    return this.#bridge?.written ?? 0;
  }

  get status(): StandingStatus {
    return {
      topic: this.#topic,
      connected: this.#state.kind === "open",
      ...(this.#state.kind === "dialing" && { dialing: true }),
      sinceMs: Math.round(this.#context.clock.now() - this.#since),
      ...(this.#reason !== undefined && { reason: this.#reason }),
      received: this.#received,
      sent: this.#written,
      refused: this.#bridge?.refused ?? 0,
    };
  }

  /** The messages of the connection, for the monitor; nothing while there is none. */
  get stream(): TracedStream | undefined {
    if (this.#state.kind !== "open") return undefined;
    const { end } = this.#state;
    const { port, route } = this.#line;
    return {
      source: { connection: `${port}/mqtt`, listener: port, server: end.peerAddress },
      options: route.options,
      hops: SERVER_SIDE,
      point: this,
      facts: () => ({ transport: "tcp", from: ownNameOf(end), to: end.peerAddress }),
    };
  }

  /** What is written to the server is shown, too. */
  get #remote(): MqttRemote | undefined {
    if (this.#state.kind !== "open") return undefined;
    const { end } = this.#state;
    return {
      gone: end.gone,
      unsent: end.unsent,
      write: (chunk) => {
        end.write(chunk);
        this.observer?.passed("up", Buffer.from(chunk), true);
      },
    };
  }

  /** Ends the connection; nothing is published or written any more. */
  stop(): void {
    const state = this.#state;
    this.#state = { kind: "stopped" };
    this.#bridge?.end();
    this.#silence?.cancel();
    if (state.kind === "waiting") state.timer.cancel();
    if (state.kind === "dialing") state.dial.abort();
    if (state.kind === "open") letGo(state.end, state.lease);
  }

  #dial(): void {
    const dial = this.#dialServer();
    this.#state = { kind: "dialing", dial };
    dial.end.then(
      (end) => this.#connected(dial, end),
      (error: Error) => {
        if (this.#isDialing(dial)) this.#wait(error.message, this.#pause.behind(0, Math.random()));
      },
    );
  }

  #isDialing(dial: Dial): boolean {
    return this.#state.kind === "dialing" && this.#state.dial === dial;
  }

  #connected(dial: Dial, end: End): void {
    const { serverLease: lease } = dial;
    if (!this.#isDialing(dial)) {
      letGo(end, lease);
      return;
    }
    const { clock, log } = this.#context;
    this.#state = { kind: "open", end, lease };
    this.#since = clock.now();
    this.#lastReceivedAt = this.#since;
    this.#reason = undefined;
    this.#writtenBefore = this.#written;
    this.#hasAnswered = false;
    log.info(`${this.#prefix} connected to ${end.peerAddress}, for ${this.#topic}`);
    end.events = {
      ...IGNORE_EVENTS,
      data: (chunk) => this.#publish(chunk),
      eof: () => this.#ended(endedBy("remote")),
      broken: () => this.#ended("reset by remote"),
      closed: (error) => this.#ended(endedBy("remote", error)),
      fault: (error) => this.#ended(`fault: ${error instanceof Error ? error.message : String(error)}`),
    };
    streamOf(end)?.probe();
    this.observer = undefined; // that of the connection before
    if (this.stream !== undefined) this.#context.monitor.addStream(this.stream);
    end.resume();
    this.#watchSilence();
  }

  #publish(chunk: Buffer): void {
    this.#received += chunk.length;
    this.#hasAnswered ||= this.#written > this.#writtenBefore;
    this.#lastReceivedAt = this.#context.clock.now();
    this.#bridge?.publish(chunk);
    const state = this.#state;
    if (this.observer !== undefined && state.kind === "open") {
      this.observer.passed("down", chunk, true);
      streamOf(state.end)?.yield();
    }
    if (this.#bridge?.isBusy === true && state.kind === "open") this.#holdUp(state.end);
  }

  /** A device that is faster than the broker waits for it. While the broker is away, the oldest bytes are dropped instead. */
  #holdUp(end: End): void {
    end.pause();
    this.#context.clock.after(BREATH_MS, () => {
      if (this.#state.kind !== "open" || this.#state.end !== end) return;
      if (this.#bridge?.isBusy === true) this.#holdUp(end);
      else end.resume();
    });
  }

  /** Ends a connection whose server has said nothing for longer than RTIM allows. */
  #watchSilence(): void {
    const { clock } = this.#context;
    const limitMs = this.#line.route.options.receiveTimeoutMs;
    if (limitMs === 0) return;
    this.#silence = clock.after(this.#lastReceivedAt + limitMs - clock.now(), () => {
      if (clock.now() - this.#lastReceivedAt < limitMs) this.#watchSilence();
      else this.#ended(`nothing received for ${limitMs} ms`);
    });
  }

  #ended(reason: string): void {
    const state = this.#state;
    if (state.kind !== "open") return;
    const { clock, log } = this.#context;
    log.info(`${this.#prefix} connection for ${this.#topic} has ended: ${reason}`);
    this.#silence?.cancel();
    this.#bridge?.ended();
    letGo(state.end, state.lease);
    const lasted = clock.now() - this.#since;
    this.#since = clock.now();
    if (this.#hasAnswered) {
      this.#pause.reset();
      this.#wait(reason, ANSWERED_MS);
    } else this.#wait(reason, this.#pause.behind(lasted, Math.random()));
  }

  #wait(reason: string, waitMs: number): void {
    this.#reason = reason;
    this.#state = { kind: "waiting", timer: this.#context.clock.after(waitMs, () => this.#dial()) };
  }

  get #prefix(): string {
    return `[direct ${lineLabel(this.#line)}]`;
  }
}

/** Begins to connect to a server. */
export type StandingDial = (origin: ReturnType<typeof sharedOrigin>) => Dial;

function letGo(end: End, lease: ServerLease | undefined): void {
  end.events = IGNORE_EVENTS;
  end.destroy();
  lease?.release();
}
