import type { Direction } from "../decode/direction.js";

/** How a connection has ended, as far as its reason says it. */
export interface Close {
  /** The side that has ended it: `up` is the client. */
  readonly first: Direction;
  /** It has cut it. */
  readonly isReset: boolean;
}

const RESET = /\breset by (client|remote)\b/;

/** Reads the reason of a DISCONNECT (docs/monitor.md): `by client`, `reset by remote (…)`. Any other is taken for an end of the remote. */
export function closeOf(reason: string): Close {
  const [, side] = RESET.exec(reason) ?? [];
  const isOfClient = side === undefined ? reason.startsWith("by client") : side === "client";
  return { first: isOfClient ? "up" : "down", isReset: side !== undefined };
}
