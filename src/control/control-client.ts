import { connect } from "node:net";
import { systemClock } from "../system/clock.js";
import { folderProblem } from "./socket-folder.js";

/** What comes of asking a daemon by its control socket. */
export type Answer =
  /** A line for each command. */
  | { readonly kind: "answered"; readonly lines: readonly string[] }
  /** Nobody is there. */
  | { readonly kind: "absent" }
  /** Whether somebody is there is not known. */
  | { readonly kind: "unknown"; readonly problem: string };

const WITHIN_MS = 5000;
const NOBODY = ["ENOENT", "ECONNREFUSED", "ENOTDIR"];

/**
 * Asks the daemon that listens on one of these sockets; the first that answers counts.
 *
 * @param paths the one where it should be, and others
 * @param commands of setup mode, each with one line of reply
 */
export async function askDaemon(paths: readonly string[], commands: readonly string[]): Promise<Answer> {
  let outcome: Answer = { kind: "absent" };
  for (const [index, path] of paths.entries()) {
    // what strangers have put where ours only might be is no reason to say that nothing is known
    if (index > 0 && folderProblem(path) !== undefined) continue;
    const answer = await askOne(path, commands);
    if (answer.kind === "answered") return answer;
    if (outcome.kind === "absent") outcome = answer;
  }
  return outcome;
}

async function askOne(path: string, commands: readonly string[]): Promise<Answer> {
  const folderFault = folderProblem(path);
  if (folderFault !== undefined) return { kind: "unknown", problem: folderFault };
  const socket = connect({ path });
  const late = systemClock.after(WITHIN_MS, () => socket.destroy(new Error(`no answer within ${WITHIN_MS / 1000} s`)));
  let text = "";
  let newlines = 0;
  try {
    socket.write(commands.map((command) => `${command}\n`).join(""));
    for await (const chunk of socket.setEncoding("utf8")) {
      text += chunk;
      newlines += chunk.split("\n").length - 1;
      if (newlines <= commands.length) continue; // the first line is the greeting
      return { kind: "answered", lines: text.split("\n").slice(1, commands.length + 1) };
    }
    return { kind: "unknown", problem: `${path}: closed without an answer` };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return NOBODY.includes(code) ? { kind: "absent" } : { kind: "unknown", problem: `${path}: ${message}` };
  } finally {
    late.cancel();
    socket.destroy();
  }
}
