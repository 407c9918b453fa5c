/** What became of clients of one port that were never served, since the start. */
export interface ClientCounts {
  /** Clients that came and went without a byte, such as health checks and port scans. */
  readonly silent: number;
  /** Clients that were turned away: by `[access]`, by a limit, or because their handshake failed. */
  readonly refused: number;
  /** Clients whose connection was ended for a newer one: `when-full=replace-oldest`. */
  readonly replaced: number;
}
