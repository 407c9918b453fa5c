import type { InheritedSocket, ListenPlace } from "../core/supervisor/inherited-socket.js";

/** The program that has started the daemon, and wants to hear of it. */
export interface Supervisor {
  /** A socket that listens on this place already; it belongs to the caller now. */
  takeSocket(place: ListenPlace): InheritedSocket | undefined;
  /** All ports are open, or have been tried. */
  started(): void;
  /** @param over resolves when the configuration has been read again */
  reloading(over: Promise<unknown>): void;
  stopping(): void;
}

/** A shell, an init script: it wants nothing. */
export const NO_SUPERVISOR: Supervisor = {
  takeSocket: () => undefined,
  started() {},
  reloading() {},
  stopping() {},
};
