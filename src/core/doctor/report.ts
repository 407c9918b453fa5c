import { formatHostPort, type HostPort } from "../net/address.js";
import { escapedJson } from "../parse/text.js";
import { type Advice, section } from "./advice.js";
import type { IdleLife, Observations } from "./observations.js";

/** The form of the report; another one would have another number. Members are added only (docs/doctor.md, "For programs"). */
const FORM = 1;

/** Which device was examined. */
export interface Examined {
  readonly target: HostPort;
  readonly unit: number;
}

/** The examination as one line of JSON: what was seen, what follows, and the section. */
export function reportJson(examined: Examined, seen: Observations, advice: readonly Advice[]): string {
  const { reading, answersAs, pipeline, idle, ...plain } = seen;
  return escapedJson({
    ...headOf(examined),
    seen: {
      ...plain,
      function: reading.code,
      register: reading.register,
      exception: reading.exception ?? null,
      answersAs: answersAs ?? null,
      pipeline: pipeline.kind === "tried" ? pipeline.requests : null,
      idle: idleOf(idle),
      notTried: [pipeline, idle].flatMap((each, index) =>
        each.kind === "not tried" ? [{ what: index === 0 ? "pipeline" : "idle", why: each.reason }] : [],
      ),
    },
    advice,
    section: section(examined.target, advice),
  });
}

/** The same for a device that cannot be examined. @param why one sentence */
export function failureJson(examined: Examined, why: string): string {
  return escapedJson({ ...headOf(examined), error: why });
}

function headOf({ target, unit }: Examined): object {
  return { doctor: FORM, target: formatHostPort(target), unit };
}

function idleOf(idle: IdleLife): object | null {
  switch (idle.kind) {
    case "not tried":
      return null;
    case "kept":
    case "cut":
      return { end: idle.kind, ms: idle.ms };
    case "dies":
      return { end: idle.kind, ms: idle.ms, aliveMs: idle.aliveMs };
  }
}
