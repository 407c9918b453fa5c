import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Log } from "../log/log.js";

const PROGRAM = "systemd-notify";
/** The program waits until the service manager has read the message, 5 s at most. */
const LIMIT_MS = 10_000;

/**
 * Messages to the service manager (sd_notify(3)), one after the other. Node has no sockets for them, so `systemd-notify` sends them: the unit needs
 * `NotifyAccess=all`.
 */
export class Notifications {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: Pick<Log, "warn">;
  #last: Promise<boolean> = Promise.resolve(true);
  #underWay = 0;
  #isBroken = false;

  /**
   * @param socket the address of the service manager: a path, or `@` and an abstract name
   * @param env of the program that sends
   */
  constructor(socket: string, env: NodeJS.ProcessEnv, log: Pick<Log, "warn">) {
    this.#environment = { ...env, NOTIFY_SOCKET: socket };
    this.#log = log;
  }

  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  /**
   * @param assignments such as `READY=1`
   * @returns whether the service manager has got them
   */
  send(...assignments: readonly string[]): Promise<boolean> {
    this.#underWay += 1;
    this.#last = this.#last
      .then(() => this.#send(assignments))
      .finally(() => {
        this.#underWay -= 1;
      });
    return this.#last;
  }

  /** Sends a last message beside those that are under way: the process may end before their turn is over. */
  sendLast(assignment: string): void {
    void this.#send([assignment]);
  }

  async #send(assignments: readonly string[]): Promise<boolean> {
    try {
      const child = spawn(PROGRAM, assignments, { env: this.#environment, stdio: "ignore", timeout: LIMIT_MS });
      const [status, signal] = await once(child, "exit");
      if (status !== 0) throw new Error(`${PROGRAM} ended with ${status ?? signal}`);
      this.#isBroken = false;
      return true;
    } catch (error) {
      if (!this.#isBroken)
        this.#log.warn(`the service manager is not told ${assignments[0]}: ${(error as Error).message}`);
      this.#isBroken = true; // one line is enough: the watchdog's messages go on
      return false;
    }
  }
}
