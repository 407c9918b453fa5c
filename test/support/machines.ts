import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { portAnswers } from "./daemon.js";

// Machines of their own: each a network namespace with one address, linked to that of the test by a cable (veth). For tests that
// `runInside` a namespace: nothing of this outlives the test.

/** Runs a program to its end. @throws with what it has said when it fails */
export function run(command: string, ...args: readonly string[]): void {
  const done = spawnSync(command, args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.stderr}${done.stdout}`);
}

/** Gives the namespace of the test addresses, on its loopback interface. */
export function ownAddresses(...addresses: readonly string[]): void {
  for (const address of addresses) run("ip", "address", "add", `${address}/32`, "dev", "lo");
}

/** A program that ends with the test. */
export class Program {
  readonly child: ChildProcess;
  /** Everything that it has written. */
  text = "";

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    for (const pipe of [this.child.stdout, this.child.stderr]) {
      pipe?.setEncoding("utf8").on("data", (chunk: string) => {
        this.text += chunk;
      });
    }
    process.on("exit", () => this.kill());
  }

  /** Waits until a port of the program answers. @throws with what it has said when it ends before */
  async answers(port: number, host: string): Promise<void> {
    const ended = once(this.child, "exit").then(([status]) => {
      throw new Error(`${this.child.spawnfile} ended with ${status}: ${this.text}`);
    });
    await Promise.race([portAnswers(port, host), ended]);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}

let made = 0;

/** A machine that runs one program. */
export class Machine extends Program {
  readonly address: string;
  readonly #cable: string;

  /** @param command what runs on it, once {@link start} is called */
  constructor(address: string, ...command: readonly string[]) {
    super("unshare", ["--net", "sh", "-c", 'read -r _ && exec "$0" "$@"', ...command]);
    this.address = address;
    made += 1;
    this.#cable = `cable${made}`;
  }

  /** Plugs the cable in, and begins to run the program. @param port its port that answers then; left out: nobody waits */
  async start(port?: number): Promise<void> {
    const pid = String(this.child.pid);
    run("ip", "link", "add", this.#cable, "type", "veth", "peer", "name", "eth0", "netns", pid);
    run("ip", "link", "set", this.#cable, "up");
    run("ip", "route", "add", this.address, "dev", this.#cable);
    this.inside("link", "set", "lo", "up");
    this.inside("address", "add", `${this.address}/32`, "dev", "eth0");
    this.inside("link", "set", "eth0", "up");
    this.inside("route", "add", "default", "dev", "eth0");
    this.child.stdin?.write("\n");
    if (port !== undefined) await this.answers(port, this.address);
  }

  /** Runs `ip` on the machine. */
  inside(...args: readonly string[]): void {
    run("nsenter", "-t", String(this.child.pid), "-n", "ip", ...args);
  }

  /** Pulls the cable out: nobody hears from the machine any more. */
  unplug(): void {
    run("ip", "link", "set", this.#cable, "down");
  }
}

/** Lets machines reach each other: the namespace of the test passes on what they send, and answers for the others (ARP). */
export function connectMachines(): void {
  for (const key of ["ip_forward", "conf/all/proxy_arp"]) writeFileSync(`/proc/sys/net/ipv4/${key}`, "1");
}
