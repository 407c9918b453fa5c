import { talkTo } from "./daemon-dialogue.js";
import { findDaemon } from "./find-daemon.js";
import { help } from "./help.js";
import { type Complain, failed, misused, type Started } from "./outcome.js";
import { parseStatusArguments, STATUS } from "./status-arguments.js";
import { columns, readStatus, statusLines, textOf } from "./status-reading.js";
import { watchStatus } from "./status-watch.js";

/**
 * Runs `sockproxyd status …`.
 *
 * @param argv behind the word `status`
 */
export async function status(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseStatusArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd status --help`);
  if (parsed.value.kind === "help") return help(STATUS);
  const { watch, json } = parsed.value;
  const found = await findDaemon(parsed.value.daemon, complain);
  if (found.kind !== "told") return failed(found.message);
  const daemon = found.value;
  if (watch) return watchStatus(daemon, json, complain);
  const asked = await talkTo(daemon, complain, readStatus);
  if (asked.kind !== "told") return failed(asked.message);
  if (json) return { kind: "answer", text: asked.value.text };
  return { kind: "answer", isStyled: true, text: textOf(statusLines(daemon, asked.value, undefined, columns())) };
}
