/** What may be wrong (docs/web-and-metrics.md, "What is wrong"). */
export const PROBLEM_KINDS = [
  /** A port cannot be listened on. */
  "listener-down",
  /** A shared device cannot be reached while clients ask for it. */
  "device-down",
  /** A shared device takes requests and answers none; or a unit behind it does not, while others do. */
  "device-silent",
  /** A tunnel has no device. */
  "link-down",
  /** This machine, as a device, has no link to its server. */
  "server-link-down",
  /** A server of a direct port cannot be reached. */
  "server-down",
  /** The Luup engine takes no notifications, though some wait. */
  "notifications-down",
  /** An action does not take its notifications, while the engine takes others. */
  "plugin-failing",
  /** The MQTT broker cannot be reached, or too many messages wait for it. */
  "mqtt-down",
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

/** Something that somebody should look at. */
export interface Problem {
  /** `error`: the daemon does not do what it is there for, and `/healthz` says so. */
  readonly severity: "error" | "warning";
  readonly kind: ProblemKind;
  /** What has the problem: the name of its section or the port of its line, with the device or server where a line has several; or an action. */
  readonly name: string;
  /** When it began, in ISO 8601. */
  readonly since: string;
  /** The reason, for people. */
  readonly why: string;
  /** The line that has the problem: the name of its section, or its port. Left out: it is of no line. */
  readonly line?: string;
}
