import { env, stdout } from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { backoffMs } from "../core/limits/backoff.js";
import { type Colour, coloured } from "../core/monitor/colours.js";
import { printable } from "../core/parse/text.js";
import { explainDialFailure } from "../dial/dial-error.js";
import { Times } from "../log/times.js";
import { Names } from "../names/names.js";
import { systemClock } from "../system/clock.js";
import { connectToDaemon } from "./daemon-connection.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { help } from "./help.js";
import { type Complain, EXIT, misused, type Started } from "./outcome.js";
import { parseWatchArguments, WATCH, withoutClient } from "./watch-arguments.js";

const RETRY = { firstMs: 250, maxMs: 5000 };
const KEEPALIVE_MS = 30_000; // a daemon whose machine is gone says nothing

/** Why the daemon shows nothing, in words for people. */
class WatchError extends Error {
  override readonly name = "WatchError";
}

/**
 * Runs `sockproxyd watch …`: shows the messages of a running daemon until a signal ends it, or its output has no reader any more.
 *
 * @param argv behind the word `watch`
 */
export async function watch(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseWatchArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd watch --help`);
  if (parsed.value.kind === "help") return help(WATCH);
  const { daemon, command, json } = parsed.value;
  const inColour = stdout.isTTY && !json && !env["NO_COLOR"];
  const show = (text: string): void => {
    const line = printable(text); // the text comes from another process
    stdout.write(`${inColour ? coloured(line, inColours) : line}\n`);
  };
  const unread = new AbortController();
  stdout.on("error", () => unread.abort());
  const names = new Names(systemClock, { warn: complain, times: new Times() });
  try {
    await followAgain(daemon, command, show, names, unread.signal, complain);
    return { kind: "wrong", lines: [], status: EXIT.clean };
  } catch (error) {
    return { kind: "wrong", lines: [`${nameOf(daemon)}: ${explainDialFailure(error as Error)}`], status: EXIT.failed };
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
  show: (line: string) => void,
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
    if (connected > 1) complain(`${nameOf(daemon)}: connected again`);
  };
  while (!unread.aborted) {
    let reason = "the connection has ended";
    try {
      await follow(daemon, said, show, began, names, unread);
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
  show: (line: string) => void,
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
      if (count > 2) show(line);
      else if (line.startsWith("ERR")) throw new WatchError(line);
      else if (count === 2) began(); // behind the greeting
    }
  } finally {
    socket.destroy();
  }
}

/** Colours a text without a condition. Node's own `styleText` would look at the environment again, by rules that differ between versions. */
function inColours(colour: Colour, text: string): string {
  const [on, off] = inspect.colors[colour] ?? [0, 0];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
