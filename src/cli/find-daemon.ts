import { type Talk, talkTo } from "./daemon-dialogue.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import type { Complain } from "./outcome.js";

/**
 * Finds the daemon of a command line. Where its words say nothing, the one that the configuration file names goes first, then the usual port.
 *
 * @param complain told when another daemon than that of the usual port is found
 */
export async function findDaemon(place: DaemonPlace, complain: Complain): Promise<Talk<DaemonPlace>> {
  const { guessed, ...first } = place;
  if (guessed === undefined) return { kind: "told", value: first };
  const { from, orElse } = guessed;
  const found = await talkTo(first, complain, async () => first);
  if (found.kind === "told" && orElse !== undefined) complain(`the daemon is ${nameOf(first)}: ${from}`);
  if (found.kind !== "absent" || orElse === undefined) {
    return found.kind === "told" ? found : { ...found, message: `${found.message}; ${from}` };
  }
  const other = await talkTo(orElse, complain, async () => orElse);
  return other.kind === "told" ? other : { ...other, message: `${found.message} (${from}); ${other.message}` };
}
