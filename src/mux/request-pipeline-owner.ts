import type { DeviceHabits } from "../core/mux/device-habits.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import type { UnitHealth } from "../core/mux/unit-health.js";
import type { Clock } from "../system/clock.js";
import type { DeviceConnection } from "./device-connection.js";
import type { RequestEvents } from "./pending-request.js";

/** What a pipeline asks of the mux, and tells it. */
export interface RequestPipelineOwner extends RequestEvents {
  readonly clock: Clock;
  /** What is known about the device. */
  readonly habits: DeviceHabits;
  /** Of the device behind all its connections. */
  readonly units: UnitHealth;
  options(): MuxOptions;
  /** Whether requests wait for their turn. */
  isAwaited(): boolean;
  /** The device has sent a sensible message. */
  responsive(): void;
  /** The pipeline may take another request. */
  ready(): void;
  /** For how long the connection takes no request now that everything on it is answered: the device may close it. */
  closeWaitMs(): number;
  fault(error: unknown): void;
  /** Whether the device has ended the connection because it still had the one before. */
  wasTurnedAway(): boolean;
  /** Answers have shown how this device writes them; `what`: in words for the log. */
  learned(what: string): void;
  /** The mux is to close the connection because of what the device has done. */
  fail(reason: string): void;
  /** The mux is to close the connection because its time has come: it may open another one at once. */
  retire(reason: string): void;
  /** The mux is to close the connection because it is of no use any more, and to open another one. */
  replace(reason: string): void;
}

/** The part of a connection that a pipeline uses. */
export type PipelineConnection = Pick<DeviceConnection, "ready" | "unsent" | "write" | "pause" | "resume">;
