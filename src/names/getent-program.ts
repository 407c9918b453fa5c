import { ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { parseGetent } from "../core/names/getent.js";
import type { Family, HostAddress } from "../core/names/host-address.js";

const DATABASES: Readonly<Record<Family, string>> = { 4: "ahostsv4", 6: "ahostsv6" };
const MAX_OUTPUT = 65_536; // characters

/** The system has no such program, or forbids it. Others pass, such as EAGAIN and EMFILE: there are too many processes, or files, now. */
const MISSING = new Set(["ENOENT", "EACCES", "EPERM"]);
/** Where a service without a `PATH` finds the program. */
const USUAL_FOLDERS = "/usr/bin:/bin";

/** Exit statuses: getent(1), and EX_USAGE of sysexits.h. */
const FOUND = 0;
const NOT_FOUND = 2;
const BAD_USAGE = 64;

/** Without it, names have no addresses of a family that only the loopback interface has. Older systems do not know the option. */
let options: readonly string[] = ["--no-addrconfig"];

/** What the program has said, or why it has not: this system has no such program, or it could not run to its end now. */
export type GetentAnswer = readonly HostAddress[] | "missing" | "silence";

/** A running `getent`, which calls `getaddrinfo` for the addresses of one family. */
export class GetentProgram {
  readonly #name: string;
  readonly #family: Family;
  readonly #ended: (answer: GetentAnswer) => void;
  #child: ChildProcess | undefined;
  #isKilled = false;

  /** @param ended told once */
  constructor(name: string, family: Family, ended: (answer: GetentAnswer) => void) {
    this.#name = name;
    this.#family = family;
    this.#ended = ended;
    this.#child = this.#run(options);
  }

  kill(): void {
    this.#isKilled = true;
    this.#child?.kill("SIGKILL");
  }

  #run(used: readonly string[]): ChildProcess | undefined {
    const words = [...used, DATABASES[this.#family], "--", this.#name];
    const child = start(words);
    if (!(child instanceof ChildProcess)) {
      setImmediate(() => this.#failed(child));
      return undefined;
    }
    let text = "";
    let isStarted = true;
    child.once("error", (error) => {
      isStarted = false; // a close may follow
      this.#failed(error);
    });
    child.once("close", (status) => {
      if (isStarted) this.#exited(status, used, text);
    });
    // without a free descriptor there is no pipe, whatever its type says
    (child.stdout as Readable | undefined)?.setEncoding("latin1").on("data", (chunk: string) => {
      if (text.length < MAX_OUTPUT) text += chunk;
    });
    return child;
  }

  #failed({ code = "" }: NodeJS.ErrnoException): void {
    this.#ended(MISSING.has(code) ? "missing" : "silence");
  }

  #exited(status: number | null, used: readonly string[], text: string): void {
    if (status === BAD_USAGE && used.length > 0 && !this.#isKilled) {
      options = [];
      this.#child = this.#run(options);
    } else if (status === FOUND) this.#ended(parseGetent(text, this.#family));
    else if (status === null) this.#ended("silence");
    else this.#ended(status === NOT_FOUND ? [] : "missing");
  }
}

/** Starts the program. Returns the error that Node throws where it is forbidden, or memory is short. */
function start(words: readonly string[]): ChildProcess | NodeJS.ErrnoException {
  const env = { ...process.env, PATH: process.env["PATH"] || USUAL_FOLDERS };
  try {
    return spawn("getent", words, { stdio: ["ignore", "pipe", "ignore"], env });
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}
