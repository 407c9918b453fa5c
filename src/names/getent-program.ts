import { type ChildProcess, spawn } from "node:child_process";
import { parseGetent } from "../core/names/getent.js";
import type { Family, HostAddress } from "../core/names/host-address.js";

const DATABASES: Readonly<Record<Family, string>> = { 4: "ahostsv4", 6: "ahostsv6" };
const MAX_OUTPUT = 65_536; // characters

/** Others pass, such as EAGAIN: there are too many processes now. */
const MISSING = new Set(["ENOENT", "EACCES"]);

/** Exit statuses: getent(1), and EX_USAGE of sysexits.h. */
const FOUND = 0;
const NOT_FOUND = 2;
const BAD_USAGE = 64;

/** Without it, names have no addresses of a family that only the loopback interface has. Older systems do not know the option. */
let options: readonly string[] = ["--no-addrconfig"];

/** A running `getent`, which calls `getaddrinfo` for the addresses of one family. */
export class GetentProgram {
  readonly #name: string;
  readonly #family: Family;
  readonly #ended: (addresses: readonly HostAddress[] | undefined) => void;
  #child: ChildProcess;
  #isKilled = false;

  /** @param ended told the addresses once; undefined: this system has no such program */
  constructor(name: string, family: Family, ended: (addresses: readonly HostAddress[] | undefined) => void) {
    this.#name = name;
    this.#family = family;
    this.#ended = ended;
    this.#child = this.#run(options);
  }

  kill(): void {
    this.#isKilled = true;
    this.#child.kill("SIGKILL");
  }

  #run(used: readonly string[]): ChildProcess {
    const words = [...used, DATABASES[this.#family], "--", this.#name];
    const child = spawn("getent", words, { stdio: ["ignore", "pipe", "ignore"] });
    let text = "";
    let isStarted = true;
    child.stdout.setEncoding("latin1").on("data", (chunk: string) => {
      if (text.length < MAX_OUTPUT) text += chunk;
    });
    child.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
      isStarted = false; // a close may follow
      this.#ended(MISSING.has(code) ? undefined : []);
    });
    child.once("close", (status) => {
      if (isStarted) this.#exited(status, used, text);
    });
    return child;
  }

  #exited(status: number | null, used: readonly string[], text: string): void {
    if (status === BAD_USAGE && used.length > 0 && !this.#isKilled) {
      options = [];
      this.#child = this.#run(options);
    } else if (status === FOUND) this.#ended(parseGetent(text, this.#family));
    else this.#ended(status === NOT_FOUND || status === null ? [] : undefined);
  }
}
