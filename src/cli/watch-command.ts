import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { env, stdout } from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls } from "node:tls";
import { inspect } from "node:util";
import { controlPaths, folderProblem } from "../control/socket-folder.js";
import { backoffMs } from "../core/limits/backoff.js";
import { type Colour, coloured } from "../core/monitor/colours.js";
import { formatHostPort, type HostPort, isAddress, isLoopback } from "../core/net/address.js";
import { printable } from "../core/parse/text.js";
import { explainDialFailure } from "../dial/dial-error.js";
import { type CredentialFiles, readCredentials } from "../dial/tls-credentials.js";
import { Times } from "../log/times.js";
import { Names } from "../names/names.js";
import { reachHost } from "../sockets/reach-host.js";
import { systemClock } from "../system/clock.js";
import { help } from "./help.js";
import { type Complain, EXIT, misused, type Started } from "./outcome.js";
import { type Address, parseWatchArguments, WATCH, withoutClient } from "./watch-arguments.js";

const RETRY = { firstMs: 250, maxMs: 5000 };
const KEEPALIVE_MS = 30_000; // a daemon whose machine is gone says nothing
const HANDSHAKE_MS = 10_000; // what is no daemon may say nothing at all

/** A Unix socket, or a port of a host. */
type Place = { readonly path: string } | HostPort;

/** A daemon, and the files of TLS, where its port takes that. */
interface WatchedDaemon {
  readonly address: Address;
  readonly tls?: CredentialFiles;
}

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
  const { address, command, json, tls } = parsed.value;
  const inColour = stdout.isTTY && !json && !env["NO_COLOR"];
  const show = (text: string): void => {
    const line = printable(text); // the text comes from another process
    stdout.write(`${inColour ? coloured(line, inColours) : line}\n`);
  };
  const unread = new AbortController();
  stdout.on("error", () => unread.abort());
  const names = new Names(systemClock, { warn: complain, times: new Times() });
  try {
    const daemon = { address, ...(tls && { tls }) };
    await followAgain(daemon, command, show, names, unread.signal, complain);
    return { kind: "wrong", lines: [], status: EXIT.clean };
  } catch (error) {
    return { kind: "wrong", lines: [`${nameOf(address)}: ${explainDialFailure(error as Error)}`], status: EXIT.failed };
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
  daemon: WatchedDaemon,
  command: string,
  show: (line: string) => void,
  names: Names,
  unread: AbortSignal,
  complain: Complain,
): Promise<void> {
  const { address } = daemon;
  let connected = 0;
  let failures = 0;
  let said = command;
  const began = (): void => {
    connected += 1;
    failures = 0;
    if (connected > 1) complain(`${nameOf(address)}: connected again`);
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
    if (failures === 0) complain(`${nameOf(address)}: ${reason}; it is tried again`);
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
  { address, tls }: WatchedDaemon,
  command: string,
  show: (line: string) => void,
  began: () => void,
  names: Names,
  signal: AbortSignal,
): Promise<void> {
  const plain = await open(whereIs(address), names, signal);
  const socket = tls !== undefined && "host" in address ? await secure(plain, address.host, tls) : plain;
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

/** Connects. @param signal destroys the socket, now or later */
async function open(where: Place, names: Names, signal: AbortSignal): Promise<Socket> {
  if ("host" in where) {
    return new Promise((resolve, reject) => {
      reachHost(where, { signal }, { clock: systemClock, names }, { connected: resolve, failed: reject });
    });
  }
  const socket = connect({ ...where, signal });
  await once(socket, "connect");
  return socket;
}

/**
 * Speaks TLS from now on. On this machine nobody stands between: the name in the certificate does not matter there.
 *
 * @param host as the user calls it
 */
async function secure(socket: Socket, host: string, files: CredentialFiles): Promise<Socket> {
  const options: ConnectionOptions = {
    ...readCredentials(files),
    socket,
    ...(!isAddress(host) && { servername: host }),
    checkServerIdentity: (_name, certificate) =>
      isLoopback(host) ? undefined : checkServerIdentity(host, certificate),
  };
  const secured = connectTls(options);
  const limit = systemClock.after(HANDSHAKE_MS, () => {
    secured.destroy(new Error(`no handshake within ${HANDSHAKE_MS / 1000} s`));
  });
  try {
    await once(secured, "secureConnect");
    return secured;
  } catch (error) {
    secured.destroy();
    const { reason, message } = error as Error & { readonly reason?: string };
    throw new Error(`TLS: ${reason ?? message}`, { cause: error });
  } finally {
    limit.cancel();
  }
}

function whereIs(address: Address): Place {
  if ("host" in address) return address;
  const paths = controlPaths(address.reverseProxy);
  return { path: paths.find((path) => existsSync(path) && folderProblem(path) === undefined) ?? paths[0] };
}

function nameOf(address: Address): string {
  return "host" in address ? formatHostPort(address) : `reverse proxy on port ${address.reverseProxy}`;
}
