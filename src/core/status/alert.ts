/** What can be posted. */
export type AlertEvent = "server-down" | "server-back" | "checksum-errors";

/** What is posted: the members that every alert has, in the order of the JSON. */
export interface Alert {
  readonly event: AlertEvent;
  /** When it happened, as an ISO date. */
  readonly time: string;
  /** The port of the listener that it is about. */
  readonly listener: number;
  /** `host:port` */
  readonly server: string;
  /** The same for people. */
  readonly text: string;
  /** `server-down`: why. */
  readonly reason?: string;
  /** `server-back`: how long it was down. */
  readonly downMs?: number;
  /** `checksum-errors`: how many in the last minute. */
  readonly count?: number;
}

/** What has become of alerts since the start. */
export interface AlertsStatus {
  /** Alerts that wait, one under way included. */
  readonly waiting: number;
  /** Alerts that were taken. */
  readonly delivered: number;
  /** Alerts that nobody took in time. */
  readonly givenUp: number;
  /** Alerts that had to make room for later ones. */
  readonly dropped: number;
}
