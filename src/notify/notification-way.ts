import type { GatewayEvent } from "../core/events/gateway-event.js";
import type { RequestOutcome } from "../core/notify/notification-pacer.js";
import type { ConnOptions } from "../core/options/conn-options.js";

/** How an attempt to tell something has ended. */
export interface DeliveryResult {
  readonly outcome: RequestOutcome;
  /** Whether it has left at all. */
  readonly wasSent: boolean;
  /** The outcome in words, for the log. */
  readonly text: string;
  /** How long the other side wants to be left alone, in milliseconds; left out: it does not say. */
  readonly retryAfterMs?: number;
}

/** One thing to tell. A connection has at most one under way on each of its ways. */
export interface Delivery {
  /** What is told; to a way that does not tell everything: undefined. To be read once, when it leaves: all that has happened by then is in it. */
  readonly event: GatewayEvent | undefined;
  /** Whether it repeats one that has failed. */
  readonly isRetry: boolean;
  /** Whether nothing more will be told. */
  readonly done: boolean;
  /** It leaves now. */
  sent(): void;
  /** It has ended. @param isTargetFault whether its failure is the fault of what is named, and not of the way: the log tells that once */
  answered(result: DeliveryResult, isTargetFault: boolean): void;
  /** The way works again, after a time in which it did not: what has failed may be repeated soon. */
  wayReturned(): void;
}

/**
 * A way of telling what happens to one connection: a Luup action, a webhook, a topic. It only sends: when, what and how often is decided by
 * {@link NotificationScheduler}.
 */
export interface NotificationWay {
  /** As STAT shows it: `dev/sid/act/pid`, or a word for the way and a name. */
  readonly target: string;
  /** What is asked of the other side, for the log, without secrets. */
  readonly request: string;
  /** The target in words, for the warning that it does not take what it is told. */
  readonly description: string;
  /** Whether it is told everything. A Luup action is told only that data waits, and that the connection has ended. */
  readonly tellsAll: boolean;
  /** Whether it is told of data at present; left out: it is. */
  readonly tellsData?: boolean;
  /** Least time between two `data` of a connection, in milliseconds, where PACE is shorter; left out: none. */
  readonly leastPaceMs?: number;
  /** Sends it when its turn comes. */
  send(delivery: Delivery): void;
  /** Drops what {@link send} was given, if that still waits for its turn. */
  cancel(): void;
}

/** What is told of a connection besides what happens to it. */
export interface ToldConnection {
  readonly pid: string;
  /** The name of the configuration line; undefined: it has none. */
  readonly name: string | undefined;
  /** The port of the listener. */
  readonly listener: number;
  /** `host:port` */
  readonly remote: string;
  readonly client: string;
  /** Bytes from the remote so far. */
  readonly receivedBytes: number;
  /** Bytes that have waited for the client, which is back; left out: the connection was not parked. */
  readonly waitingBytes?: number | undefined;
}

/** Makes the way of one kind for a connection whose options ask for it; undefined: they do not. */
export type WayMaker = (options: ConnOptions, connection: ToldConnection) => NotificationWay | undefined;
