import type { MuxOptions } from "../mux-options.js";
import { modbusFormOf } from "../protocols/modbus-protocol.js";
import { solarmanForm } from "../solarman-form.js";
import { pollMsOf, staleMsOf } from "./publish-rule.js";

const MAX_RULES = 500; // values of a house full of meters; each is a topic at the broker
const MIN_POLL_MS = 1000;

/** Why options about published values do not go together. */
export function faultOfPublish({ publish, pollMs, protocol, mode, cacheMs }: MuxOptions): string | undefined {
  if (publish.length === 0) return pollMs > 0 ? "POLL asks for published values: it goes with PUBL only" : undefined;
  if (modbusFormOf(protocol) === undefined)
    return `PUBL goes with Modbus only: ${protocol.framing.name} has no registers`;
  if (mode === "broadcast") return "MODE=broadcast passes bytes as they are: without PUBL and POLL";
  if (publish.length > MAX_RULES) return `${publish.length} times PUBL: ${MAX_RULES} are the most`;
  if (pollMs > 0 && pollMs < MIN_POLL_MS) return "POLL: 1s is the least, and 0 is never";
  const names = new Set<string>();
  for (const rule of publish) {
    const { name } = rule;
    if (names.has(name)) return `PUBL: two values are called ${name}`;
    names.add(name);
    const polled = pollMsOf(rule, pollMs);
    const staleMs = staleMsOf(rule, pollMs);
    if (polled === 0 && cacheMs >= staleMs)
      return `PUBL ${name}: stale must be longer than CACH=${cacheMs}: the device is asked no sooner`;
    if (polled === 0) continue;
    if (protocol.framing.name === solarmanForm.framing.name) {
      return `PUBL ${name}: solarman goes without poll: a logger answers those only who know its serial number`;
    }
    if (cacheMs >= polled) return `PUBL ${name}: CACH=${cacheMs} would answer each poll; poll must be longer`;
    if (staleMs <= polled) return `PUBL ${name}: stale must be longer than poll`;
  }
  return undefined;
}
