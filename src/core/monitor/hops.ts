import type { Direction } from "../decode/direction.js";

/** Where a message passed: its label in a line of the monitor (docs/monitor.md). */
export type Hop = "CLIENT→PROXY" | "PROXY→SERVER" | "SERVER→PROXY" | "PROXY→CLIENT";

/** The hops at which messages of one direction are shown: as they come in, as they have gone out. Without a hop: not shown. */
export interface DirectionHops {
  readonly received?: Hop;
  readonly sent?: Hop;
}

/** The hops of a stream, each way. */
export type Hops = Readonly<Record<Direction, DirectionHops>>;

/** A client that is relayed to a server. */
export const RELAYED: Hops = {
  up: { received: "CLIENT→PROXY", sent: "PROXY→SERVER" },
  down: { received: "SERVER→PROXY", sent: "PROXY→CLIENT" },
};
/** A client of a shared device. The links to the device show the other half. */
export const CLIENT_SIDE: Hops = { up: { received: "CLIENT→PROXY" }, down: { sent: "PROXY→CLIENT" } };
/** A link to a shared device. */
export const SERVER_SIDE: Hops = { up: { sent: "PROXY→SERVER" }, down: { received: "SERVER→PROXY" } };
