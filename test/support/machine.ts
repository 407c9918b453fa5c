import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./wait.js";

const FIRST_PROCESS = fileURLToPath(new URL("../../../test/support/machine.sh", import.meta.url));
const NAMESPACES = ["--mount", "--pid", "--net", "--ipc", "--uts"];
const PATIENCE_MS = 60_000;

export interface Outcome {
  readonly status: number;
  /** What it printed, on stdout and stderr. */
  readonly output: string;
}

/** The hierarchy of control groups that systemd wants to have. */
function controlGroups(): string | undefined {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2")?.[1];
}

/** The reason why this process cannot make machines, or false. */
export function noMachine(): string | false {
  if (process.getuid?.() !== 0) return "only root can make a machine";
  const probe =
    "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r";
  const { status } = spawnSync("unshare", [...NAMESPACES, "--fork", "sh", "-c", probe]);
  return status === 0 ? false : "this system lets nobody make a machine";
}

/** As {@link noMachine}, for one with systemd. */
export function noSystemd(): string | false {
  if (!existsSync("/lib/systemd/systemd")) return "not installed: systemd";
  if (controlGroups() === undefined) return "no control groups of version 2";
  return noMachine();
}

/**
 * A machine of its own for the time of a test, that begins with all files of this one. It installs packages and starts daemons for real, and
 * leaves no trace: it writes to memory, has no other network than its loopback, and ends with the process that made it.
 */
export class Machine {
  readonly #child: ChildProcess;
  readonly #group: string | undefined;
  #target = 0;

  private constructor(init: "systemd" | "sysvinit", packages: string) {
    const hierarchy = init === "systemd" ? controlGroups() : undefined;
    if (hierarchy !== undefined) sweep(hierarchy);
    if (hierarchy !== undefined)
      this.#group = mkdirSync(join(hierarchy, `sockproxyd-test-${process.pid}-${Date.now()}`), { recursive: true });
    const joined = this.#group === undefined ? "" : `echo $$ > ${this.#group}/cgroup.procs; `;
    const separate = this.#group === undefined ? NAMESPACES : [...NAMESPACES, "--cgroup"];
    const command = ["unshare", ...separate, "--fork", "--kill-child", "sh", FIRST_PROCESS, init, packages];
    const script = `${joined}exec setpriv --pdeathsig KILL ${command.join(" ")}`;
    this.#child = spawn("sh", ["-c", script], { stdio: ["ignore", "ignore", "pipe"] });
  }

  /**
   * Makes a machine.
   *
   * @param init what starts services on it
   * @param packages a folder that it sees as /packages
   */
  static async boot(init: "systemd" | "sysvinit", packages: string): Promise<Machine> {
    const machine = new Machine(init, packages);
    let errors = "";
    machine.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    await until(() => machine.#child.exitCode !== null || machine.#isUp(init), `a machine with ${init}`, PATIENCE_MS);
    if (machine.#child.exitCode !== null) throw new Error(`no machine: ${errors}`);
    if (init === "systemd") await machine.run("systemctl is-system-running --wait");
    return machine;
  }

  #isUp(init: string): boolean {
    const { pid } = this.#child;
    try {
      this.#target = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
      const first = readFileSync(`/proc/${this.#target}/cmdline`, "utf8");
      return init === "sysvinit"
        ? first.startsWith("sleep")
        : first.includes("systemd") && existsSync(`/proc/${this.#target}/root/run/systemd/private`);
    } catch {
      return false; // it is not there yet
    }
  }

  /** Runs a script of the shell on the machine, as root. */
  run(script: string, input = ""): Promise<Outcome> {
    const env = {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      DEBIAN_FRONTEND: "noninteractive",
      LC_ALL: "C.UTF-8",
    };
    const enter = [
      "--target",
      `${this.#target}`,
      ...NAMESPACES,
      ...(this.#group === undefined ? [] : ["--cgroup"]),
      "--root",
    ];
    return new Promise((done) => {
      const child = execFile(
        "nsenter",
        [...enter, "sh", "-c", `cd /; exec 2>&1\n${script}`],
        { env, timeout: PATIENCE_MS, cwd: "/" },
        (error, output) => done({ status: error === null ? 0 : Number(error.code ?? -1), output }),
      );
      child.stdin?.on("error", () => {}); // it need not read
      child.stdin?.end(input);
    });
  }

  /** As {@link run}, for what has to succeed. @throws with the output */
  async must(script: string, input = ""): Promise<string> {
    const { status, output } = await this.run(script, input);
    if (status !== 0) throw new Error(`${script}: status ${status}: ${output}`);
    return output;
  }

  /** Ends it with all its processes. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await ended;
    }
    if (this.#group !== undefined)
      await until(() => removed(this.#group ?? ""), "its control groups to be empty", PATIENCE_MS);
  }
}

/** Removes the control groups of machines whose process was killed. */
function sweep(hierarchy: string): void {
  for (const name of readdirSync(hierarchy)) {
    const pid = /^sockproxyd-test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removed(join(hierarchy, name));
  }
}

/** Removes a control group and those below it; false while a process is left. */
function removed(group: string): boolean {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory()) removed(join(group, entry.name));
    rmdirSync(group);
    return true;
  } catch {
    return !existsSync(group);
  }
}
