/** What is known of one server of a `[direct]` line. */
export interface ServerStatus {
  /** `host:port` */
  readonly address: string;
  readonly state: "up" | "down";
  /** Since when it is so, as an ISO date: at first since its line came into force, as nothing is known of it then. */
  readonly since: string;
  /** Why it is down. */
  readonly reason?: string;
  /** Clients that it has, those being connected included. */
  readonly active: number;
  /** Connections that were made for clients. */
  readonly total: number;
  /** Attempts to connect that failed, those of checks included. */
  readonly failures: number;
}

/** Everything known of a `[direct]` line. */
export interface DirectStatus {
  readonly port: number;
  /** How its clients are shared out. */
  readonly balance: string;
  readonly servers: readonly ServerStatus[];
}
