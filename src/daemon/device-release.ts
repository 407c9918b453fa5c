import type { Port } from "../accept/port.js";
import type { MovingConnection } from "../connection/moving-connection.js";
import type { MuxLine } from "../core/config/settings.js";
import type { Mux } from "../mux/mux.js";
import { until } from "../scheduling/waits.js";
import type { Clock } from "../system/clock.js";

/** So long clients of a shared device are not read: their last exchanges end, or have failed (docs/upgrade.md). */
const EXCHANGE_MS = 10_000;
/** So long the device may take to see the end of its link. */
const LINK_MS = 2000;
const LOOK_MS = 3;

/** A line of `[mux]` on its way to another process. */
export interface SharedLine {
  readonly line: MuxLine;
  readonly mux: Mux;
  readonly ports: readonly Port[];
  /** Its clients that are connected now. */
  clients(): readonly MovingConnection[];
}

/** What follows once the device is free. */
export interface DeviceReleaseOwner {
  /** The device has no link here. The ports are closed. */
  free(shared: SharedLine): void;
  /** Moves these clients. */
  move(clients: readonly MovingConnection[]): Promise<void>;
}

/**
 * Hands over a shared device, which often takes one connection only: reads none of its clients, waits for the answers that it owes, closes
 * the link, and only then lets the other process, and the clients, at it.
 *
 * @returns false: an exchange has not ended in time, and the line stays for now
 */
export async function releaseDevice(shared: SharedLine, clock: Clock, owner: DeviceReleaseOwner): Promise<boolean> {
  const { line, mux, ports } = shared;
  const isBroadcast = line.route.mux.mode === "broadcast"; // without its link it closes its clients
  const clients = shared.clients();
  for (const client of clients) client.hold();
  const owesNothing = (): boolean => mux.status.outstanding + mux.status.waiting === 0;
  if (!(await until(owesNothing, LOOK_MS, EXCHANGE_MS, clock))) {
    for (const client of clients) client.goOn();
    return false;
  }
  for (const port of ports) port.leave();
  if (isBroadcast) await owner.move(clients);
  mux.release("another process takes over");
  await until(() => mux.status.links.length === 0, LOOK_MS, LINK_MS, clock);
  owner.free(shared);
  if (!isBroadcast) await owner.move(clients);
  return true;
}
