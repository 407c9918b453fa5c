/** What is said of a problem. */
interface Words {
  /** Of what is no line and no action: stands before its name. */
  readonly subject?: string;
  /** Behind the name, in a sentence. */
  readonly what: string;
  /** In a word or two, for many of them at once, or beside a thing. */
  readonly state: string;
}

/** What may be wrong (docs/web-and-metrics.md, "What is wrong"), and what people read of it: terminal, web page and other programs have it from here. */
const PROBLEMS = {
  /** A port cannot be listened on. */
  "listener-down": { what: "does not listen", state: "cannot listen" },
  /** A shared device cannot be reached while clients ask for it. */
  "device-down": { what: "cannot be reached", state: "not reached" },
  /** A shared device takes requests and answers none; or a unit behind it does not, while others do. */
  "device-silent": { what: "does not answer", state: "silent" },
  /** A tunnel has no device. */
  "link-down": { what: "has no device", state: "no device" },
  /** This machine, as a device, has no link to its server. */
  "server-link-down": { what: "has no link to its server", state: "not connected" },
  /** A server of a direct port cannot be reached. */
  "server-down": { what: "cannot be reached", state: "down" },
  /** The Luup engine takes no notifications, though some wait. */
  "notifications-down": {
    subject: "The Luup engine",
    what: "takes no notifications",
    state: "takes no notifications",
  },
  /** An action does not take its notifications, while the engine takes others. */
  "plugin-failing": { what: "does not take its notifications", state: "not notified" },
  /** The MQTT broker cannot be reached, or too many messages wait for it. */
  "mqtt-down": {
    subject: "The MQTT broker",
    what: "cannot be reached, or is too slow",
    state: "not reached",
  },
  /** Another daemon publishes below the same prefix. */
  "mqtt-prefix-shared": {
    subject: "The MQTT prefix",
    what: "is used by another daemon, too",
    state: "shared",
  },
  /** A webhook takes no events, or refuses the last one. */
  "webhook-failing": { subject: "The webhook", what: "does not take events", state: "not taken" },
} as const satisfies Record<string, Words>;

export type ProblemKind = keyof typeof PROBLEMS;
export const PROBLEM_KINDS = Object.keys(PROBLEMS) as ProblemKind[];

/** How people read of a problem: `subject what`, and `state`. */
export function wordsOf(kind: ProblemKind, name: string): Required<Words> {
  const { subject, what, state }: Words = PROBLEMS[kind];
  return { subject: subject === undefined ? name : `${subject} (${name})`, what, state };
}

/** Something that somebody should look at. */
export interface Problem {
  /** `error`: the daemon does not do what it is there for, and `/healthz` says so. */
  readonly severity: "error" | "warning";
  readonly kind: ProblemKind;
  /** What has the problem: the name of its section or the port of its line, with the device or server where a line has several; or an action. */
  readonly name: string;
  /** When it began, in ISO 8601. */
  readonly since: string;
  /** What has the problem, and what that is, as people read it: `inverter` `cannot be reached`. */
  readonly subject: string;
  readonly what: string;
  /** The same in a word or two: `not reached`. */
  readonly state: string;
  /** The reason, for people. */
  readonly why: string;
  /** The part of the reason that others have, too, which have no other fault; left out: all of it. */
  readonly cause?: string;
  /** The line that has the problem: the name of its section, or its port. Left out: it is of no line. */
  readonly line?: string;
}
