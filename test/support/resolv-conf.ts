import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type DaemonProcess, startDaemonUnder } from "./daemon.js";

/** Whether this process may give a program name servers of its own. */
export const mayMount = spawnSync("unshare", ["--mount", "true"]).status === 0;

/**
 * Starts a daemon whose name servers are those of a file of its own.
 *
 * @param resolvConf the text in place of `/etc/resolv.conf`
 */
export async function startWithNames(resolvConf: string, ...args: string[]): Promise<DaemonProcess> {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-dns-`);
  writeFileSync(`${folder}/resolv.conf`, resolvConf);
  const mount = `mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec "$0" "$@"`;
  try {
    return await startDaemonUnder(["unshare", "--mount", "sh", "-c", mount], args);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
