import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import { controlPaths, folderProblem } from "../control/socket-folder.js";
import { type HostPort, isAddress, isLoopback } from "../core/net/address.js";
import { readCredentials } from "../dial/tls-credentials.js";
import type { Names } from "../names/names.js";
import { reachHost } from "../sockets/reach-host.js";
import { systemClock } from "../system/clock.js";
import { readRegularFile } from "../system/regular-file.js";
import type { Address, DaemonPlace, TlsFiles } from "./daemon-place.js";

const HANDSHAKE_MS = 10_000; // what is no daemon may say nothing at all

/** A Unix socket, or a port of a host. */
type Place = { readonly path: string } | HostPort;

/**
 * Connects to a daemon.
 *
 * @param signal destroys the socket, now or later
 */
export async function connectToDaemon(
  { address, tls }: DaemonPlace,
  names: Names,
  signal: AbortSignal,
): Promise<Socket> {
  const plain = await open(whereIs(address), names, signal);
  return tls !== undefined && "host" in address ? await secure(plain, address.host, tls) : plain;
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
async function secure(socket: Socket, host: string, files: TlsFiles): Promise<Socket> {
  const options: ConnectionOptions = {
    ...readCredentials(files),
    ...(files.shown !== undefined && { rejectUnauthorized: false }),
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
    if (files.shown !== undefined) checkShown(secured, files.shown);
    return secured;
  } catch (error) {
    secured.destroy();
    const { reason, message } = error as Error & { readonly reason?: string };
    throw new Error(`TLS: ${reason ?? message}`, { cause: error });
  } finally {
    limit.cancel();
  }
}

/** @throws when the daemon shows another certificate than that of the file */
function checkShown(socket: TLSSocket, file: string): void {
  const wanted = new X509Certificate(readRegularFile(file));
  if (socket.getPeerX509Certificate()?.fingerprint256 === wanted.fingerprint256) return;
  throw new Error(`its certificate is another one than that of ${file}; --ca names the authority that it is of`);
}

function whereIs(address: Address): Place {
  if (!("reverseProxy" in address)) return address;
  const paths = controlPaths(address.reverseProxy);
  return { path: paths.find((path) => existsSync(path) && folderProblem(path) === undefined) ?? paths[0] };
}
