/** The monitor in STAT JSON. */
export interface MonitorStatus {
  /** Watchers: clients (WTCH) and readers of the web page. */
  readonly watchers: number;
  /** Messages that could not be shown in time, on the console (`console`) and in each audit file (its path). */
  readonly notShown: Readonly<Record<string, number>>;
}
