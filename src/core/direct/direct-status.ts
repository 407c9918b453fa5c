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

/** What is known of the Conbus telegrams of a line that has RATE or CACH. */
export interface TelegramsStatus {
  /** Telegrams that wait for their turn. */
  readonly waiting: number;
  /** Clients whose telegrams wait. */
  readonly waitingClients: number;
  /** Telegrams that have gone to the server. */
  readonly sent: number;
  /** Reads answered from the last answer. */
  readonly cacheHits: number;
}

/** Everything known of a `[direct]` line. */
export interface DirectStatus {
  readonly port: number;
  /** The name of its section; left out: it has none. */
  readonly name?: string;
  /** How its clients are shared out. */
  readonly balance: string;
  readonly servers: readonly ServerStatus[];
  readonly telegrams: TelegramsStatus;
}
