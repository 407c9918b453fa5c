import { ClosingHabit } from "../core/mux/closing-habit.js";
import { DeviceHabits } from "../core/mux/device-habits.js";
import { shown } from "../core/mux/match.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import { type Request, unitOf } from "../core/mux/protocol.js";
import { detectProtocol, hintOf } from "../core/mux/protocol-detection.js";
import { HOLD_MS, UnitHealth } from "../core/mux/unit-health.js";
import type { Clock } from "../system/clock.js";
import type { ConnectionPool } from "./connection-pool.js";
import type { DeviceConnection } from "./device-connection.js";
import type { DeviceConnectionEvents } from "./device-connection-events.js";
import { FirstBytes } from "./first-bytes.js";
import { SOUNDING_MS } from "./link-sounding.js";
import type { MuxLog } from "./mux-log.js";
import type { ClientRequest, RequestEvents, Room } from "./pending-request.js";
import { RequestPipeline } from "./request-pipeline.js";
import type { RequestPipelineOwner } from "./request-pipeline-owner.js";

const MAX_EXCUSED_MS = 2 * HOLD_MS; // where many units are dead, a client hears in time that its request fails

/** What the pipelines of a mux ask of it, and tell it. */
export interface DevicePipelinesOwner {
  readonly clock: Clock;
  readonly pool: ConnectionPool;
  readonly log: MuxLog;
  readonly requests: RequestEvents;
  options(): MuxOptions;
  /** Whether clients need a connection. */
  isNeeded(): boolean;
  /** Whether requests wait for their turn. */
  isAwaited(): boolean;
  /** A request may go out, or fail at once. */
  ready(): void;
}

/** The request pipelines on all established connections of a mux. */
export class DevicePipelines {
  readonly units = new UnitHealth((unit, isSilent) => {
    const { log } = this.#owner;
    if (isSilent) log.warn(`unit ${unit} does not answer: it is asked rarely from now on, and the others do not wait`);
    else log.info(`unit ${unit} answers again`);
  });
  readonly #owner: DevicePipelinesOwner;
  readonly #habits = new DeviceHabits();
  readonly #pipelines = new Map<DeviceConnection, RequestPipeline>();
  readonly #closing = new ClosingHabit();
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** When the device answered last, by connection. */
  readonly #answeredAt = new WeakMap<DeviceConnection, number>();

  constructor(owner: DevicePipelinesOwner) {
    this.#owner = owner;
  }

  /** Number of requests that wait for their answer. */
  get outstanding(): number {
    let sum = 0;
    for (const { outstanding } of this.#pipelines.values()) sum += outstanding;
    return sum;
  }

  /** Whether some request can be started now: sent to the device, or failed at once. */
  get hasRoom(): boolean {
    if (this.#owner.pool.refuses) return true;
    for (const { room } of this.#pipelines.values()) if (room.isAny) return true;
    return false;
  }

  /** Whether this request can be. `other`: there is room only for requests to other units than its own. */
  roomFor(request: Request): Room {
    if (this.#owner.pool.refuses || this.refuses(request)) return "room";
    if (this.freeFor(request) !== undefined) return request.yields || this.#yields(request) ? "last" : "room";
    return this.hasRoom ? "other" : "none";
  }

  /** Whether the unit of the request is silent, and its next try is not due yet. */
  refuses(request: Request): boolean {
    const { units } = this;
    const unit = unitOf(request);
    return unit !== undefined && !units.isTrusted(unit) && !units.mayAsk(unit, this.#owner.clock.now());
  }

  /** The pipeline that can take this request and has the fewest outstanding; nothing when none can. */
  freeFor(request: Request): RequestPipeline | undefined {
    let best: RequestPipeline | undefined;
    for (const pipeline of this.#pipelines.values()) {
      if (pipeline.room.isFor(request) && (best === undefined || pipeline.outstanding < best.outstanding))
        best = pipeline;
    }
    if (best === undefined || request.reads || best.sounding.isDone()) return best;
    this.#pausedUntil = this.#owner.clock.now() + SOUNDING_MS; // a pause of the link, no want of another one
    return undefined;
  }

  /** A client has gone, or has sent FIN: answers that only it wanted are of no use. */
  clientGone(): void {
    for (const pipeline of this.#pipelines.values()) pipeline.clientGone();
  }

  /**
   * How much of its time the request has waited for other units that do not answer, since the last call: that does not count. In all, it is
   * no more than two such units may take, and one where nobody answers.
   */
  excusedMs(clientRequest: ClientRequest): number {
    const { clock } = this.#owner;
    let ms = this.units.lostMs - clientRequest.lostMs;
    clientRequest.lostMs += ms;
    for (const { room } of clientRequest.place === undefined ? [] : this.#pipelines.values()) {
      ms = Math.max(ms, clock.now() - (room.heldSince(clientRequest.request) ?? clock.now()));
    }
    const maxMs = this.units.isAnyAnswering ? MAX_EXCUSED_MS : HOLD_MS;
    const excusedMs = Math.max(0, Math.min(Math.ceil(ms), maxMs - clientRequest.excusedMs));
    clientRequest.excusedMs += excusedMs;
    return excusedMs;
  }

  /** Whether a connection takes no request for a moment, because the device may close it: nobody needs another one yet. */
  get isPausing(): boolean {
    if (this.#pipelines.size > 0 && this.#owner.clock.now() < this.#pausedUntil) return true;
    for (const { gap } of this.#pipelines.values()) if (gap.isLate) return true; // the link takes a request in a moment
    return false;
  }

  of(connection: DeviceConnection): RequestPipeline | undefined {
    return this.#pipelines.get(connection);
  }

  /** Stops all pipelines, after the pool has closed their connections: all outstanding requests fail. */
  stopAll(): void {
    const pipelines = [...this.#pipelines.values()];
    this.#pipelines.clear();
    for (const pipeline of pipelines) pipeline.stop();
    this.#owner.ready();
  }

  /** The listener of a new connection. */
  eventsOf(connection: DeviceConnection): DeviceConnectionEvents {
    const { pool, requests, clock } = this.#owner;
    const first = new FirstBytes(clock, (bytes) => {
      if (this.#pipelines.has(connection)) this.#judge(bytes);
    });
    return {
      ready: () => {
        this.#pipelines.set(connection, new RequestPipeline(connection, this.#pipelineOwner(connection, first)));
        this.#owner.ready();
      },
      data: (chunk) => {
        const pipeline = this.of(connection);
        if (!first.isOver && (pipeline?.outstanding ?? 0) > 0) first.add(chunk);
        if (pipeline !== undefined) pipeline.data(chunk);
        else requests.unsolicited(`${chunk.length} bytes that the device sent after connecting`);
      },
      eof: () => {
        this.#closedByDevice(connection);
        const pipeline = this.of(connection);
        if (pipeline !== undefined) pipeline.eof();
        else pool.fail(connection, "by device");
      },
      drained: () => {
        this.of(connection)?.drained();
        this.#owner.ready();
      },
      lost: () => {
        this.#closedByDevice(connection);
        if (!first.isOver) this.#judge(first.bytes);
        first.end();
        this.#stop(connection);
        this.#reopen();
      },
      fault: (error) => this.#fault(connection, error),
    };
  }

  /** The device has sent no message that anybody understands, and these bytes. */
  #judge(bytes: Buffer): void {
    const { name } = this.#owner.options().protocol.deviceFraming;
    const detected = detectProtocol(bytes, "device", name);
    if (detected === undefined) return;
    this.#owner.log.throttled(
      "strange device",
      `the device does not speak ${name}: ${hintOf(detected, "device", name)} (${shown(bytes)})`,
    );
  }

  #pipelineOwner(connection: DeviceConnection, first: FirstBytes): RequestPipelineOwner {
    const { pool, requests, clock } = this.#owner;
    const { units } = this;
    const close = (how: "fail" | "retire" | "replace", reason: string): void => {
      if (!first.isOver) this.#judge(first.bytes);
      first.end();
      pool[how](connection, reason);
      this.#stop(connection);
    };
    return {
      ...requests,
      clock,
      habits: this.#habits,
      learned: (what) => this.#owner.log.info(what),
      units,
      options: () => this.#owner.options(),
      isAwaited: () => this.#owner.isAwaited(),
      responsive: () => {
        first.end();
        pool.markResponsive(connection);
      },
      ready: () => this.#owner.ready(),
      closeWaitMs: () => this.#closeWaitMs(connection),
      wasTurnedAway: () => pool.wasTurnedAway(connection),
      fault: (error) => this.#fault(connection, error),
      fail: (reason) => close("fail", reason),
      retire: (reason) => close("retire", reason),
      replace: (reason) => {
        close("replace", reason);
        this.#reopen();
      },
    };
  }

  /** Whether requests to other units go first. */
  #yields(request: Request): boolean {
    const unit = unitOf(request);
    return unit !== undefined && !this.units.isTrusted(unit) && this.units.yields(unit, this.#owner.clock.now());
  }

  #closeWaitMs(connection: DeviceConnection): number {
    const now = this.#owner.clock.now();
    const ms = this.#closing.answered(this.#answeredAt.get(connection), now);
    this.#answeredAt.set(connection, now);
    this.#pausedUntil = now + ms;
    return ms;
  }

  #closedByDevice(connection: DeviceConnection): void {
    this.#closing.closed(this.#answeredAt.get(connection), this.#owner.clock.now());
  }

  #fault(connection: DeviceConnection, error: unknown): void {
    this.#owner.log.fault(error);
    this.#owner.pool.fail(connection, "fault in the program");
    this.#stop(connection);
  }

  /** The connection is gone: its outstanding requests fail. */
  #stop(connection: DeviceConnection): void {
    const pipeline = this.#pipelines.get(connection);
    this.#pipelines.delete(connection);
    pipeline?.stop();
    this.#owner.ready();
  }

  /** A device that speaks unasked is heard as long as there are clients. Others get a new connection with the next request. */
  #reopen(): void {
    const { isNeeded, options, pool } = this.#owner;
    if (options().protocol.isEvent !== undefined && isNeeded()) pool.open();
  }
}
