import { Fields } from "../core/terminal/fields.js";
import { type Talk, talkTo } from "./daemon-dialogue.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { findDaemon } from "./find-daemon.js";
import type { Complain } from "./outcome.js";

const ANSWER_MS = 10_000;

/** Which daemon is to be asked, and what it is told. */
export interface Watched {
  readonly daemon: DaemonPlace;
  /** `WTCH …` */
  readonly command: string;
  /** The filter of the command is a port that stands alone: it may be that of this daemon. */
  readonly orDaemon?: DaemonPlace;
}

/**
 * Finds the daemon, and what a port that stands alone means: the daemon with this port, as in `sockproxyd status 2505`, unless the usual daemon
 * has a line with it.
 */
export async function settleSelection(
  { daemon, command, orDaemon }: Watched,
  complain: Complain,
): Promise<Talk<Omit<Watched, "orDaemon">>> {
  const found = await findDaemon(daemon, complain);
  if (orDaemon === undefined)
    return found.kind === "told" ? { ...found, value: { daemon: found.value, command } } : found;
  const port = portOf(orDaemon);
  const isLine = found.kind === "told" && portOf(found.value) !== port && (await hasLine(found.value, port, complain));
  if (!isLine) return { kind: "told", value: { daemon: orDaemon, command: command.replace(/^WTCH \S+/, "WTCH") } };
  complain(`${port} is a port of the daemon ${nameOf(found.value)}: --only ${port} says so`);
  return { kind: "told", value: { daemon: found.value, command } };
}

function portOf({ address }: DaemonPlace): number | undefined {
  return "host" in address ? address.port : undefined;
}

async function hasLine(daemon: DaemonPlace, port: number | undefined, complain: Complain): Promise<boolean> {
  const asked = await talkTo(daemon, complain, async (dialogue) => {
    const status = new Fields(JSON.parse(await dialogue.ask("STAT JSON", ANSWER_MS)));
    return status.list("listeners").some((listener) => listener.number("port") === port);
  });
  return asked.kind === "told" && asked.value;
}
