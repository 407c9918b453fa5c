import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { backoffMs } from "../core/limits/backoff.js";
import { explainDialFailure } from "../dial/dial-error.js";
import { Times } from "../log/times.js";
import { Names } from "../names/names.js";
import { systemClock } from "../system/clock.js";
import { connectToDaemon } from "./daemon-connection.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { type Complain, EXIT, type Started } from "./outcome.js";
import { withoutClient } from "./watch-arguments.js";

const RETRY = { firstMs: 250, maxMs: 5000 };
const KEEPALIVE_MS = 30_000; // a daemon whose machine is gone says nothing

/** What becomes of the lines of a daemon. */
export interface LineSink {
  /** A line behind `OK WTCH`. */
  line(text: string): void;
  /** The daemon has been away: what it has shown before goes on no more. */
  interrupted?(): void;
}

/** Why the daemon shows nothing, in words for people. */
class WatchError extends Error {
  override readonly name = "WatchError";
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
  const names = new Names(systemClock, { warn: complain, times: new Times() });
  try {
    await followAgain(daemon, command, sink, names, until, complain);
    return { kind: "wrong", lines: [], status: EXIT.clean };
  } catch (error) {
    const reason = explainDialFailure(error as Error);
    const isOld = error instanceof WatchError && error.message.includes('unknown option "BYTE"');
    const told = isOld ? "this daemon is older than 1.9.0: start it again with the new version" : reason;
    return { kind: "wrong", lines: [`${nameOf(daemon)}: ${told}`], status: EXIT.failed };
  } finally {
    names.close();
  }
}

/**
 * Shows the messages of one connection after the other, until the output has no reader any more.
 *
 * @throws when the first connection fails, or the daemon refuses
 */
async function followAgain(
  daemon: DaemonPlace,
  command: string,
  sink: LineSink,
  names: Names,
  unread: AbortSignal,
  complain: Complain,
): Promise<void> {
  let connected = 0;
  let failures = 0;
  let said = command;
  const began = (): void => {
    connected += 1;
    failures = 0;
    if (connected === 1) return;
    sink.interrupted?.();
    complain(`${nameOf(daemon)}: connected again`);
  };
  while (!unread.aborted) {
    let reason = "the connection has ended";
    try {
      await follow(daemon, said, sink, began, names, unread);
    } catch (error) {
      if (error instanceof WatchError && error.message.includes('MONF "client') && said === command) {
        said = withoutClient(command);
        continue;
      }
      if (connected === 0 || error instanceof WatchError) throw error;
      reason = explainDialFailure(error as Error);
    }
    if (unread.aborted) return;
    if (failures === 0) complain(`${nameOf(daemon)}: ${reason}; it is tried again`);
    failures += 1;
    await pause(backoffMs(RETRY, failures, Math.random()));
  }
}

/**
 * Shows the messages of one connection, until it ends.
 *
 * @param began called when the daemon has agreed
 * @throws {WatchError} when the daemon refuses; other errors when it cannot be reached
 */
async function follow(
  daemon: DaemonPlace,
  command: string,
  sink: LineSink,
  began: () => void,
  names: Names,
  signal: AbortSignal,
): Promise<void> {
  const socket = await connectToDaemon(daemon, names, signal);
  socket.setKeepAlive(true, KEEPALIVE_MS);
  socket.on("error", () => {}); // the close that follows reports the end
  socket.write(`${command}\n`);
  const lines = createInterface({ input: socket });
  socket.on("close", () => lines.close());
  let count = 0;
  try {
    for await (const line of lines) {
      count += 1;
      if (count > 2) sink.line(line);
      else if (line.startsWith("ERR")) throw new WatchError(line);
      else if (count === 2) began(); // behind the greeting
    }
  } finally {
    socket.destroy();
  }
}
