import { connect } from "node:net";
import { systemClock } from "../system/clock.js";
import { folderProblem } from "./socket-folder.js";

/** The result of asking a daemon through its control socket. */
export type Answer =
  /** One line for each command. */
  | { readonly kind: "answered"; readonly lines: readonly string[] }
  /** No daemon is running. */
  | { readonly kind: "absent" }
  /** Nobody can tell whether a daemon is running. */
  | { readonly kind: "unknown"; readonly problem: string };

const TIMEOUT_MS = 5000;
const ABSENT_CODES = ["ENOENT", "ECONNREFUSED", "ENOTDIR", "EINVAL"]; // EINVAL: since Node.js 24, a path too long for a socket

/**
 * Asks the daemon that listens on one of several Unix sockets. The first answer counts.
 *
 * @param paths the socket where the daemon should listen, then those where it may listen
 * @param commands of setup mode, each with one line of reply
 */
export async function askDaemon(paths: readonly string[], commands: readonly string[]): Promise<Answer> {
  let outcome: Answer = { kind: "absent" };
  for (const [index, path] of paths.entries()) {
    // a socket that a stranger has put at one of the further paths must not make the answer "unknown"
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
  const limit = systemClock.after(TIMEOUT_MS, () =>
    socket.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
  );
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
    return ABSENT_CODES.includes(code) ? { kind: "absent" } : { kind: "unknown", problem: `${path}: ${message}` };
  } finally {
    limit.cancel();
    socket.destroy();
  }
}
