import { type ChildProcess, spawn } from "node:child_process";
import { parseGetent } from "../core/names/getent.js";
import type { Family, HostAddress } from "../core/names/host-address.js";

const DATABASES: Readonly<Record<Family, string>> = { 4: "ahostsv4", 6: "ahostsv6" };
const MAX_OUTPUT = 65_536; // characters

/** Others pass, such as EAGAIN: there are too many processes now. */
const MISSING = new Set(["ENOENT", "EACCES"]);

const FOUND = 0;
const NOT_FOUND = 2; // getent(1)

/** A running `getent`, which calls `getaddrinfo` for the addresses of one family. */
export class GetentProgram {
  readonly #child: ChildProcess;

  /** @param ended told the addresses once; undefined: this system has no such program */
  constructor(name: string, family: Family, ended: (addresses: readonly HostAddress[] | undefined) => void) {
    const child = spawn("getent", [DATABASES[family], "--", name], { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    child.stdout.setEncoding("latin1").on("data", (chunk: string) => {
      if (text.length < MAX_OUTPUT) text += chunk;
    });
    let isStarted = true;
    child.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
      isStarted = false; // a close may follow
      ended(MISSING.has(code) ? undefined : []);
    });
    child.once("close", (status, signal) => {
      if (!isStarted) return;
      if (status === FOUND) ended(parseGetent(text, family));
      else ended(status === NOT_FOUND || signal !== null ? [] : undefined);
    });
    this.#child = child;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
