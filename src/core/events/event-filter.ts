import { didYouMean } from "../parse/near-miss.js";
import { fail, ok, type Result } from "../parse/result.js";
import { EVENT_NAMES, type EventName, type GatewayEvent } from "./gateway-event.js";

/** Which events a reader of `/events` wants; undefined: whatever it is. */
export interface EventFilter {
  /** The name of the line, or the port of one that has no name. */
  readonly name?: string;
  readonly pid?: string;
  readonly events?: readonly EventName[];
}

const PARAMETERS = ["name", "pid", "event"];

/** Reads the query of `/events`: `name=`, `pid=`, and `event=` with commas between several. */
export function parseEventFilter(query: ReadonlyMap<string, string>): Result<EventFilter> {
  const unknown = [...query.keys()].find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined) {
    return fail(`unknown parameter "${unknown}"${didYouMean(unknown, PARAMETERS)}; known are ${PARAMETERS.join(", ")}`);
  }
  const { name = "", pid = "", event = "" } = Object.fromEntries(query);
  const events: EventName[] = [];
  for (const word of event === "" ? [] : event.split(",")) {
    const known = EVENT_NAMES.find((one) => one === word.trim());
    if (known === undefined) return fail(`unknown event "${word}"${didYouMean(word, EVENT_NAMES)}`);
    events.push(known);
  }
  return ok({ ...(name !== "" && { name }), ...(pid !== "" && { pid }), ...(events.length > 0 && { events }) });
}

/** Whether a reader wants this event. */
export function isWanted({ name, pid, events }: EventFilter, event: GatewayEvent): boolean {
  if (name !== undefined && name !== (event.name ?? String(event.listener ?? ""))) return false;
  if (pid !== undefined && pid !== event.pid) return false;
  return events?.includes(event.event) ?? true;
}
