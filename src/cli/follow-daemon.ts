import { setTimeout as pause } from "node:timers/promises";
import { backoffMs } from "../core/limits/backoff.js";
import { explainDialFailure } from "../dial/dial-error.js";
import type { Names } from "../names/names.js";
import { commandNames } from "./command-names.js";
import { DaemonDialogue } from "./daemon-dialogue.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { type Complain, DONE, failed, type Started } from "./outcome.js";
import { withoutClient } from "./watch-arguments.js";

const RETRY = { firstMs: 250, maxMs: 5000 };
const ANSWER_MS = 10_000; // until the daemon agrees

/** What becomes of the lines of a daemon. */
export interface LineSink {
  /** The daemon has agreed, for the first time. */
  began?(): void;
  /** A line behind `OK WTCH`. */
  line(text: string): void;
  /** The daemon has been away: what it has shown before goes on no more. */
  interrupted?(): void;
}

/** Why the daemon shows nothing, in words for people. */
class WatchError extends Error {
  override readonly name = "WatchError";
}

/** A daemon that is followed, and who hears of it. */
interface Following {
  readonly daemon: DaemonPlace;
  readonly sink: LineSink;
  readonly names: Names;
  /** Ends it. */
  readonly until: AbortSignal;
  readonly complain: Complain;
}

/**
 * Gives what a running daemon shows to a sink, until the signal. Waits for a daemon that goes away.
 *
 * @param command `WTCH …`
 */
export async function followDaemon(
  daemon: DaemonPlace,
  command: string,
  sink: LineSink,
  until: AbortSignal,
  complain: Complain,
): Promise<Started> {
  const names = commandNames(complain);
  try {
    await followAgain({ daemon, sink, names, until, complain }, command);
    return DONE;
  } catch (error) {
    const reason = explainDialFailure(error as Error);
    const isOld = error instanceof WatchError && error.message.includes('unknown option "BYTE"');
    const told = isOld ? "this daemon is older than 1.9.0: start it again with the new version" : reason;
    return failed(`${nameOf(daemon)}: ${told}`);
  } finally {
    names.close();
  }
}

/**
 * Shows the messages of one connection after the other.
 *
 * @throws when the first connection fails, or the daemon refuses
 */
async function followAgain(following: Following, command: string): Promise<void> {
  const { daemon, sink, until, complain } = following;
  let connected = 0;
  let failures = 0;
  let said = command;
  const began = (): void => {
    connected += 1;
    failures = 0;
    if (connected === 1) {
      sink.began?.();
      return;
    }
    sink.interrupted?.();
    complain(`${nameOf(daemon)}: connected again`);
  };
  while (!until.aborted) {
    let reason = "the connection has ended";
    try {
      await follow(following, said, began);
    } catch (error) {
      if (until.aborted) return;
      if (error instanceof WatchError && error.message.includes('MONF "client') && said === command) {
        said = withoutClient(command);
        continue;
      }
      if (connected === 0 || error instanceof WatchError) throw error;
      reason = explainDialFailure(error as Error);
    }
    if (until.aborted) return;
    if (failures === 0) complain(`${nameOf(daemon)}: ${reason}; it is tried again`);
    failures += 1;
    await pause(backoffMs(RETRY, failures, Math.random()), undefined, { signal: until }).catch(() => {});
  }
}

/**
 * Shows the messages of one connection, until it ends.
 *
 * @param began called when the daemon has agreed
 * @throws {WatchError} when the daemon refuses; other errors when it cannot be reached or does not answer
 */
async function follow({ daemon, sink, names, until }: Following, command: string, began: () => void): Promise<void> {
  const dialogue = await DaemonDialogue.open(daemon, names, until);
  try {
    const reply = await dialogue.ask(command, ANSWER_MS);
    if (reply.startsWith("ERR")) throw new WatchError(reply);
    began();
    for await (const line of dialogue.rest()) sink.line(line);
  } finally {
    dialogue.close();
  }
}
