import type { InheritedSocket, ListenPlace } from "../core/supervisor/inherited-socket.js";
import type { HandedSocket } from "../core/upgrade/messages.js";
import type { SessionState } from "../core/upgrade/session-state.js";

/** The sockets of a connection that another process hands over, as Node gives them. */
export interface HandedSession {
  readonly session: SessionState;
  /** Undefined: the client has gone, and may come back. */
  readonly client: object | undefined;
  readonly remote: object | undefined;
}

/** The part of this process that goes on with connections of another one. */
export interface Adopter {
  /** Why a connection cannot go on here; undefined: it can. */
  refusal(session: SessionState): string | undefined;
  /** Goes on with a connection: nobody else reads it any more. */
  adopt(handed: HandedSession): void;
}

/** An earlier process of the daemon, whose place this one takes (docs/upgrade.md). */
export interface Predecessor {
  /** To be set before {@link ready}. */
  adopter: Adopter | undefined;
  /** The socket that it hands over for the port of this name; it belongs to the caller now. */
  take(name: string): HandedSocket | undefined;
  has(name: string): boolean;
  /** It has ended, or will not say anything more. */
  readonly isOver: boolean;
  /** Everything that may fail is done. Resolves when this process may listen on sockets that it was handed. */
  ready(): Promise<void>;
  /** Has it open files again that were moved away. */
  reopenFiles(): void;
  /** Has it end as this one does. Resolves when it has. */
  end(): Promise<void>;
  /** Resolves when the other process is through with what has this name; undefined: it is. */
  free(name: string): Promise<void> | undefined;
}

/** The program that has started the daemon, and wants to hear of it. */
export interface Supervisor {
  /** A socket that listens on this place already; it belongs to the caller now. */
  takeSocket(place: ListenPlace): InheritedSocket | undefined;
  /** All ports are open, or have been tried. */
  started(): void | Promise<void>;
  /** @param over resolves when the configuration has been read again */
  reloading(over: Promise<unknown>): void;
  stopping(): void;
  /** The process whose place this one takes; left out: there is none. */
  readonly predecessor?: Predecessor;
  /** What another process needs in its environment to be heard in this one's place. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another process has taken the place of this one: nothing is told any more. */
  handedOver(): void;
  /** That process is gone, and this one serves again. */
  servesAgain(): void;
}

/** A shell, an init script: it wants nothing. */
export const NO_SUPERVISOR: Supervisor = {
  takeSocket: () => undefined,
  started() {},
  reloading() {},
  stopping() {},
  environment: {},
  handedOver() {},
  servesAgain() {},
};
