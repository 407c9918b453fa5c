import { once } from "node:events";
import { unlinkSync } from "node:fs";
import { connect } from "node:net";
import { lstat, makeFolder } from "./socket-folder.js";

/**
 * Makes way for a server on a Unix socket: its folder is made, and a socket that a killed process has left is removed.
 *
 * @throws when the folder is not safe, when there is something else under the name, or a server that lives
 */
export async function clearStaleSocket(path: string): Promise<void> {
  makeFolder(path);
  const stats = lstat(path);
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error("something else is there");
  if (await isServed(path)) throw Object.assign(new Error("in use"), { code: "EADDRINUSE" });
  unlinkSync(path);
}

/** Whether somebody listens there, as far as can be told. */
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
