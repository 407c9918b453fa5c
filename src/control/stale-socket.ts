import { once } from "node:events";
import { linkSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { lstat, makeFolder } from "./socket-folder.js";

/**
 * Prepares a path for a server on a Unix socket: makes the folder, and removes the socket that a killed process has left.
 *
 * @throws {Error} when the folder is not safe, when the path is something else than a socket, or when a server listens there
 *   (`EADDRINUSE`)
 */
export async function clearStaleSocket(path: string): Promise<void> {
  makeFolder(path);
  const stats = lstat(path);
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error("something else is there");
  if (await isServed(path)) throw Object.assign(new Error("in use"), { code: "EADDRINUSE" });
  unlinkSync(path);
}

/** Whether a server listens there. An error other than "refused" proves nothing, so it counts as yes. */
async function isServed(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

/**
 * Closes a server on a Unix socket whose path another process goes on to serve. Node removes the path: a second name keeps the socket, and
 * becomes the path again at once.
 */
export function closeKeepingPath(path: string, close: () => void): void {
  const kept = `${path}.kept`;
  removeSocket(kept);
  linkSync(path, kept);
  close();
  renameSync(kept, path);
  removeSocket(kept); // two names of one socket: to rename one into the other does nothing
}

/** Removes a Unix socket, if it is there. */
export function removeSocket(path: string): void {
  rmSync(path, { force: true });
}
