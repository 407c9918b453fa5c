import { Times } from "../log/times.js";
import { Names } from "../names/names.js";
import { systemClock } from "../system/clock.js";

/** Finds addresses of names for a command. To be closed behind it. @param warn tells people what name servers do wrong */
export function commandNames(warn: (text: string) => void): Names {
  return new Names(systemClock, { warn, times: new Times() });
}
