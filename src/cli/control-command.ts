import { setTimeout } from "node:timers/promises";
import { type CommandRow, calledAs } from "../core/command-line/command-row.js";
import { systemClock } from "../system/clock.js";
import { parseControlArguments, RELOAD, STOP, UPGRADE } from "./control-arguments.js";
import { type DaemonDialogue, talkTo } from "./daemon-dialogue.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { findDaemon } from "./find-daemon.js";
import { help } from "./help.js";
import { type Complain, failed, misused, type Started } from "./outcome.js";

const ANSWER_MS = 10_000;
const RELOAD_MS = 60_000; // names of targets are resolved, files are read
const UPGRADED = "OK UPGR ";
const UNKNOWN = "ERR UPGR unknown command";
const UPGRADE_MS = 60_000; // 10 s for the start, as long until it serves, 10 s for exchanges with shared devices
/** A daemon that ends waits 5 s for answers and 2 s for notifications (docs/architecture.md, "Reload and stop"). */
const GONE_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;

/** @param argv behind the word `stop` */
export async function stop(argv: readonly string[], complain: Complain): Promise<Started> {
  return withDaemon(STOP, argv, complain, async (daemon) => {
    const known = await talkTo(daemon, complain, identity); // an old daemon has no JSON, and ends all the same
    const asked = await talkTo(daemon, complain, (dialogue) => dialogue.ask("STOP", ANSWER_MS));
    if (asked.kind !== "told") return failed(asked.message);
    if (asked.value !== "OK STOP") return refused(daemon, "STOP", asked.value);
    return untilGone(daemon, known.kind === "told" ? known.value : undefined, complain);
  });
}

/** @param argv behind the word `reload` */
export async function reload(argv: readonly string[], complain: Complain): Promise<Started> {
  return withDaemon(RELOAD, argv, complain, async (daemon) => {
    const asked = await talkTo(daemon, complain, (dialogue) => dialogue.ask("RELD", RELOAD_MS));
    if (asked.kind !== "told") return failed(asked.message);
    return asked.value === "OK RELD" ? { kind: "answer", text: "reloaded" } : refused(daemon, "RELD", asked.value);
  });
}

/** @param argv behind the word `upgrade` */
export async function upgrade(argv: readonly string[], complain: Complain): Promise<Started> {
  return withDaemon(UPGRADE, argv, complain, async (daemon) => {
    const asked = await talkTo(daemon, complain, (dialogue) => dialogue.ask("UPGR", UPGRADE_MS));
    if (asked.kind !== "told") return failed(asked.message);
    const { value: reply } = asked;
    if (reply.startsWith(UPGRADED)) return { kind: "answer", text: `upgraded: ${reply.slice(UPGRADED.length)}` };
    if (!reply.startsWith(UNKNOWN)) return refused(daemon, "UPGR", reply);
    return failed(`${nameOf(daemon)}: its version is older than 1.10.0 and cannot hand over: restart it once`);
  });
}

async function withDaemon(
  row: CommandRow,
  argv: readonly string[],
  complain: Complain,
  act: (daemon: DaemonPlace) => Promise<Started>,
): Promise<Started> {
  const parsed = parseControlArguments(row, argv);
  if (!parsed.ok) return misused(`${parsed.message}; see ${calledAs(row)} --help`);
  if (parsed.value.kind === "help") return help(row);
  const found = await findDaemon(parsed.value.daemon, complain);
  return found.kind === "told" ? act(found.value) : failed(found.message);
}

/**
 * Waits until the port is closed, or another daemon has it: a service manager may have started one.
 *
 * @param who what {@link identity} has told; undefined: nothing
 */
async function untilGone(daemon: DaemonPlace, who: string | undefined, complain: Complain): Promise<Started> {
  const limit = systemClock.now() + GONE_WITHIN_MS;
  while (systemClock.now() < limit) {
    const found = await talkTo(daemon, complain, identity);
    if (found.kind === "absent") return { kind: "answer", text: "stopped" };
    if (found.kind === "told" && who !== undefined && found.value !== who) {
      return { kind: "answer", text: "stopped; another daemon listens there now" };
    }
    await setTimeout(LOOK_EVERY_MS);
  }
  return failed(`${nameOf(daemon)}: it has agreed to end, and listens still after ${GONE_WITHIN_MS / 1000} s`);
}

/** What tells one process of the daemon from another. */
async function identity(dialogue: DaemonDialogue): Promise<string> {
  const { pid, startedAt } = JSON.parse(await dialogue.ask("STAT JSON", ANSWER_MS)) as Record<string, unknown>;
  return JSON.stringify([pid, startedAt]);
}

function refused(daemon: DaemonPlace, word: string, reply: string): Started {
  const error = `ERR ${word} `;
  return failed(`${nameOf(daemon)}: ${reply.startsWith(error) ? reply.slice(error.length) : reply}`);
}
