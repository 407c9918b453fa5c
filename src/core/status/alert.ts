import { type GatewayEvent, LINE_EVENTS } from "../events/gateway-event.js";

/** The JSON body of a webhook request; its members have this order. */
export interface Alert {
  readonly event: (typeof LINE_EVENTS)[number];
  /** When the event happened, in ISO 8601. */
  readonly time: string;
  /** The port of the listener in front of the server or device. */
  readonly listener: number;
  /** The name of the configuration line; left out: it has none. */
  readonly name?: string;
  /** The server or device, as `host:port`. */
  readonly server: string;
  /** Of `link-down` and `link-back`: the name of the device; left out: its line is for one device. */
  readonly device?: string;
  /** The event in a sentence for people. */
  readonly text: string;
  /** Of `server-down`, `device-down` and `link-down`: why the daemon does not reach it. */
  readonly reason?: string;
  /** Of `server-back`, `device-back` and `link-back`: how long it was down, in milliseconds. */
  readonly downMs?: number;
  /** Of `checksum-errors`: the errors of the last minute. */
  readonly count?: number;
}

/** The alerts since the start. */
export interface AlertsStatus {
  /** Alerts still to deliver, the one in flight included. */
  readonly waiting: number;
  /** Alerts that the webhook has accepted. */
  readonly delivered: number;
  /** Alerts that the webhook has not accepted in time. */
  readonly givenUp: number;
  /** Alerts dropped from a full queue. */
  readonly dropped: number;
}

/** An event as an alert; undefined where it is none. @param time of the event, as the settings want times */
export function alertOf(event: GatewayEvent, time: string): Alert | undefined {
  const { listener, name, remote: server, device, text, reason, downMs, count } = event;
  const kind = LINE_EVENTS.find((one) => one === event.event);
  if (kind === undefined || listener === undefined || server === undefined) return undefined;
  return {
    event: kind,
    time,
    listener,
    ...(name !== undefined && { name }),
    server,
    text,
    ...(device !== undefined && { device }),
    ...(reason !== undefined && { reason }),
    ...(downMs !== undefined && { downMs }),
    ...(count !== undefined && { count }),
  };
}
