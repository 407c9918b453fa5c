import { folderProblem } from "../control/socket-folder.js";
import { type Talk, talkTo } from "./daemon-dialogue.js";

const ANSWER_MS = 5000;

/** What a daemon has said: one line for each command. */
export type Answer = Talk<readonly string[]>;

/**
 * Asks the daemon that listens on one of several Unix sockets. The first answer counts.
 *
 * @param paths the socket where the daemon should listen, then those where it may listen
 * @param commands of setup mode, each with one line of reply
 */
export async function askControlSocket(paths: readonly string[], commands: readonly string[]): Promise<Answer> {
  let outcome: Answer = { kind: "absent", message: `${paths[0]}: no daemon listens there` };
  for (const [index, path] of paths.entries()) {
    const fault = folderProblem(path);
    // a socket that a stranger has put at one of the further paths must not make the answer "failed"
    if (index > 0 && fault !== undefined) continue;
    const answer: Answer = fault === undefined ? await askOne(path, commands) : { kind: "failed", message: fault };
    if (answer.kind === "told") return answer;
    if (outcome.kind === "absent") outcome = answer;
  }
  return outcome;
}

function askOne(path: string, commands: readonly string[]): Promise<Answer> {
  const untold = (): void => {}; // no names are looked up
  return talkTo({ address: { path } }, untold, async (dialogue) => {
    const lines: string[] = [];
    for (const command of commands) lines.push(await dialogue.ask(command, ANSWER_MS));
    return lines;
  });
}
