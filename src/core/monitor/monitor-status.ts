/** What STAT JSON tells of the monitor. */
export interface MonitorStatus {
  /** Those who watch: clients (WTCH), readers of the web page. */
  readonly watchers: number;
  /** Messages that could not be shown in time: on the console, in each audit file. */
  readonly notShown: Readonly<Record<string, number>>;
}
