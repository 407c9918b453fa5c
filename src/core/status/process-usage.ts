/** What the process of the daemon takes of the machine. */
export interface ProcessUsage {
  /** CPU time of all threads, in user and system mode. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Left out, as what follows: where the system does not tell. */
  readonly virtualBytes?: number;
  /** Files and sockets that are open. */
  readonly openDescriptors?: number;
  /** When the process started, since 1970. It does not change when the clock is set. */
  readonly startSeconds: number;
}
