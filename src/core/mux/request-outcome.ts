import type { Failure } from "./protocol.js";

/** How requests end, with the help text of the metric. Every request ends in one of these ways, and in one only (docs/mux.md). */
export const OUTCOMES = {
  answers: "Requests that the device answered.",
  cacheHits: "Reads answered from the cache.",
  joined: "Reads that shared the answer to another read.",
  sent: "Requests that went out and that no device answers.",
  timeouts: "Requests that got no answer in time.",
  unitSilent: "Requests that failed at once because their unit had not answered the ones before.",
  linkLost: "Requests whose connection to the device was lost before the answer.",
  noPath: "Requests that found no connection to the device.",
  queueFull: "Requests rejected because the queue of their client was full.",
  refused: "Requests that the mux kept from the device.",
  abandoned: "Requests whose client left, or was closed, before the answer.",
} as const;

/** How a request ends. */
export type Outcome = keyof typeof OUTCOMES;

/** The outcomes that count as failures. */
export const FAILURES = [
  "timeouts",
  "unitSilent",
  "linkLost",
  "noPath",
  "queueFull",
] as const satisfies readonly Outcome[];

/** The outcome of a request that gets this failure in place of an answer. */
export function outcomeOf(failure: Failure): Outcome {
  switch (failure) {
    case "no answer":
      return "timeouts";
    case "unit silent":
      return "unitSilent";
    case "link lost":
      return "linkLost";
    case "no path":
      return "noPath";
    case "queue full":
      return "queueFull";
  }
}
