import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { env, stdout } from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { styleText } from "node:util";
import { formatHostPort } from "../core/address.js";
import { backoffMs } from "../core/backoff.js";
import { parseWatchArguments, WATCH_USAGE } from "../core/config/watch-arguments.js";
import { coloured } from "../core/monitor/colours.js";
import { type Complain, EXIT, misused, type Started } from "./start.js";

const RETRY = { firstMs: 250, maxMs: 5000 };
const KEEPALIVE_MS = 30_000; // a daemon whose machine is gone says nothing

/** Why there is nothing to be seen, in words for people. */
class WatchError extends Error {
  override readonly name = "WatchError";
}

/**
 * Runs `sockproxyd watch …`: shows the messages of a running daemon until it is ended from outside.
 *
 * @param argv behind the word `watch`
 */
export async function watch(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseWatchArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd watch --help`);
  if (parsed.value.kind === "help") return { kind: "answer", text: WATCH_USAGE };
  const { address, command, json } = parsed.value;
  const where = "path" in address ? address.path : formatHostPort(address);
  const inColour = stdout.isTTY && !json && !env["NO_COLOR"];
  const show = (line: string): void => {
    stdout.write(`${inColour ? coloured(line, styleText) : line}\n`);
  };
  let socket: Socket | undefined;
  let isRead = true;
  stdout.on("error", () => {
    isRead = false;
    socket?.destroy();
  });
  let began = false;
  let failures = 0;
  for (;;) {
    try {
      socket = connect(address);
      await follow(socket, command, show, () => {
        if (began) complain(`${where}: connected again`);
        began = true;
        failures = 0;
      });
      if (!isRead) return { kind: "wrong", lines: [], status: EXIT.clean };
      complain(`${where}: the connection has ended; it is tried again`);
    } catch (error) {
      const { message } = error as Error;
      if (!began || error instanceof WatchError) {
        return { kind: "wrong", lines: [`${where}: ${message}`], status: EXIT.failed };
      }
      if (failures === 0) complain(`${where}: ${message}; it is tried again`);
    }
    failures += 1;
    await pause(backoffMs(RETRY, failures, Math.random()));
  }
}

/**
 * Shows what one connection brings, until it ends.
 *
 * @param began called when the daemon has agreed
 * @throws {WatchError} when the daemon refuses; other errors when it cannot be reached
 */
async function follow(socket: Socket, command: string, show: (line: string) => void, began: () => void): Promise<void> {
  await once(socket, "connect");
  socket.setKeepAlive(true, KEEPALIVE_MS);
  socket.on("error", () => {}); // its end follows, and is told
  socket.write(`${command}\n`);
  const lines = createInterface({ input: socket });
  socket.on("close", () => lines.close());
  let count = 0;
  for await (const line of lines) {
    count += 1;
    if (count > 2) show(line);
    else if (line.startsWith("ERR")) throw new WatchError(line);
    else if (count === 2) began(); // behind the greeting
  }
}
