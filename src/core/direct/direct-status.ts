/** One server of a `[direct]` line, in the JSON of STAT. */
export interface ServerStatus {
  /** `host:port` */
  readonly address: string;
  readonly state: "up" | "down";
  /** When the state began, as an ISO date. At first: when the line came into force. */
  readonly since: string;
  /** Why the server is down. */
  readonly reason?: string;
  /** Number of clients, including those that are being connected. */
  readonly active: number;
  /** Number of connections for clients so far. */
  readonly total: number;
  /** Number of failed attempts to connect so far, including checks. */
  readonly failures: number;
}

/** The Conbus telegrams of a line with RATE or CACH. */
export interface TelegramsStatus {
  /** Telegrams that wait for their turn. */
  readonly waiting: number;
  /** Number of clients whose telegrams wait. */
  readonly waitingClients: number;
  /** Telegrams that went to a server so far. */
  readonly sent: number;
  /** Reads that the cache answered so far. */
  readonly cacheHits: number;
}

/** The connection of a line that exists without any client (`dial=always`), in the JSON of STAT. */
export interface StandingStatus {
  /** The MQTT topic, below the prefix. */
  readonly topic: string;
  readonly connected: boolean;
  /** It is being connected just now: it counts as a client of a server then, too. Left out: it is not. */
  readonly dialing?: true;
  /** For how long it has been so, in milliseconds. */
  readonly sinceMs: number;
  /** Why it is not connected. */
  readonly reason?: string;
  /** Bytes from the server so far, and bytes that others have published for it. */
  readonly received: number;
  readonly sent: number;
  /** Messages for the server that were dropped: it was away, or did not take them. */
  readonly refused: number;
}

/** A `[direct]` line in the JSON of STAT. */
export interface DirectStatus {
  readonly port: number;
  /** The name of its section; left out: it has none. */
  readonly name?: string;
  /** How clients are distributed: the value of BALA. */
  readonly balance: string;
  readonly servers: readonly ServerStatus[];
  readonly telegrams: TelegramsStatus;
  /** Left out: there is no such connection. */
  readonly standing?: StandingStatus;
}
