import type { Port } from "../accept/port.js";
import type { Settings } from "../core/config/settings.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import type { Features } from "./features.js";
import type { Services } from "./services.js";

/** What a handover asks, and tells, the daemon. */
export interface HandoverContext {
  readonly services: Services;
  readonly features: Features;
  readonly supervisor: Supervisor;
  settings(): Settings;
  /** Of this process, when it started. */
  readonly parentPid: number;
  /** All that listens, the page included. */
  ports(): readonly Port[];
  /** Another process serves readers of the page. */
  closePage(): Promise<void>;
  /** The other process has gone: this one serves again. */
  listenAgain(): Promise<void>;
  /** Opens files again that were moved away. */
  reopenFiles(): void;
  /** Nothing is left here, or not in time. */
  end(reason: string): void;
}
