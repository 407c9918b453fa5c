import { env, pid, ppid } from "node:process";
import type { Port } from "../accept/port.js";
import { Connection } from "../connection/connection.js";
import type { RegisteredConnection } from "../connection/connection-registry.js";
import { MovingConnection, stayingReason } from "../connection/moving-connection.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { faultText } from "../core/parse/text.js";
import { DEVICE_LINKS, type FromSuccessor } from "../core/upgrade/messages.js";
import { irreplaceable } from "../core/upgrade/replaceable.js";
import { type UpgradeReport, upgradeText } from "../core/upgrade/report.js";
import { processName } from "../system/process-name.js";
import { Emptying, END_MS } from "../upgrade/emptying.js";
import { Mover } from "../upgrade/mover.js";
import { startSuccessor } from "../upgrade/start-successor.js";
import type { SuccessorProcess } from "../upgrade/successor-process.js";
import { VERSION } from "../version.js";
import { releaseDevice, type SharedLine } from "./device-release.js";
import type { HandoverContext } from "./handover-context.js";

/** `emptying`: the new process serves, and what has not moved ends here. */
type State = "idle" | "starting" | "handing over" | "emptying" | "over";

/** Hands the daemon over to the program that is on disk now: its ports, and then its connections, one after the other. */
export class Handover {
  readonly #context: HandoverContext;
  #state: State = "idle";
  #successor: SuccessorProcess | undefined;
  #mover: Mover | undefined;
  readonly #moving = new Map<string, MovingConnection>();
  /** Lines of `[mux]` whose device is still this process's. */
  readonly #shared = new Set<SharedLine>();
  #hasTunnels = false;

  constructor(context: HandoverContext) {
    this.#context = context;
  }

  /**
   * Hands over. What cannot move ends here; this process ends then, after {@link END_MS} at the latest.
   *
   * @param reason for the log, such as `UPGR by 127.0.0.1`
   * @param asker the connection that waits for the answer, and is not counted in it; undefined: none
   * @returns what has moved; or why there is no other process: then nothing has changed
   */
  async begin(reason: string, asker?: string): Promise<Result<string>> {
    const { log, clock } = this.#context.services;
    const { refusal } = this;
    if (refusal !== undefined) return fail(refusal);
    this.#state = "starting";
    log.info(`upgrade (${reason}): starting the program that is on disk now`);
    const ports = this.#context.ports();
    const late = this.#latePorts();
    const successor = await startSuccessor(
      {
        sockets: ports.flatMap((port) => port.handed ?? []),
        late: [...late.map(({ name }) => name), ...(this.#hasTunnels ? [DEVICE_LINKS] : [])],
        environment: this.#context.supervisor.environment,
      },
      clock,
    ).catch((error: unknown) => fail<SuccessorProcess>(`the new version does not start: ${faultText(error)}`)); // no memory for it
    if (this.#state !== "starting") {
      if (successor.ok) successor.value.kill();
      return fail("the proxy is stopping");
    }
    if (!successor.ok) {
      this.#state = "idle";
      log.error(`no upgrade, nothing has changed: ${successor.message}`);
      return successor;
    }
    const early = ports.filter((port) => !late.includes(port));
    return this.#handOver(successor.value, early, asker).catch((error: unknown) => {
      this.#broken(error);
      return fail("the upgrade has met a fault of the program");
    });
  }

  /** The daemon is to end: a process that does not serve yet ends, too. */
  abandon(): void {
    if (this.#state === "handing over" || this.#state === "emptying") this.#successor?.leave();
    this.#state = "over";
  }

  /** Another process serves, or is about to; undefined: none. */
  get elsewhere(): string | undefined {
    if (this.#state === "idle") return undefined;
    return this.#state === "starting"
      ? "an upgrade is under way"
      : `process ${this.#successor?.pid} has taken over: ask that one`;
  }

  /** Why there can be no upgrade now; undefined: it can be tried. */
  get refusal(): string | undefined {
    const { elsewhere } = this;
    if (elsewhere !== undefined) return elsewhere;
    const { environment, predecessor } = this.#context.supervisor;
    if (predecessor !== undefined && !predecessor.isOver)
      return `the last upgrade is not over: process ${ppid} ends within ${END_MS / 1000} s`;
    const tellsManager = environment["NOTIFY_SOCKET"] !== undefined;
    return irreplaceable({
      pid,
      parentPid: ppid,
      parent: processName(ppid),
      isOrphan: this.#context.parentPid !== ppid,
      tellsManager,
      systemdPid: env["SYSTEMD_EXEC_PID"],
    });
  }

  /** Ports whose lines have a device, or links, of which there can be one process's only. */
  #latePorts(): Port[] {
    const { features } = this.#context;
    const settings = this.#context.settings();
    const ports = this.#context.ports();
    this.#shared.clear();
    for (const line of settings.mux) {
      const own = ports.filter(({ listener }) => listener.route === line.route && listener.kind === "mux");
      const clients = (): MovingConnection[] => this.#clientsOf(own);
      this.#shared.add({ line, mux: features.muxLines.of(line), ports: own, clients });
    }
    this.#hasTunnels = features.hasTunnels;
    const shared = [...this.#shared].flatMap((each) => each.ports);
    return [...shared, ...ports.filter(({ listener }) => this.#hasTunnels && listener.kind === "tunnel")];
  }

  #clientsOf(ports: readonly Port[]): MovingConnection[] {
    const names = new Set(ports.map(({ listener }) => listener.name));
    const all = this.#context.services.registry.all().filter(({ listener }) => names.has(listener));
    return all.flatMap((connection) => this.#movable(connection) ?? []);
  }

  async #handOver(
    successor: SuccessorProcess,
    ports: readonly Port[],
    asker: string | undefined,
  ): Promise<Result<string>> {
    const { clock, log, registry } = this.#context.services;
    this.#state = "handing over";
    this.#successor = successor;
    this.#mover = new Mover(
      {
        send: (message, handle) => successor.send(message, handle),
        isSilent: () => this.#silent(successor),
      },
      clock,
    );
    successor.owner = { told: (message) => this.#told(message), gone: (how) => this.#gone(how) };
    this.#context.supervisor.handedOver();
    for (const port of ports) port.leave();
    this.#context.features.closeUnattended();
    void Promise.all([this.#context.closePage(), this.#context.services.mqtt?.close(true)]);
    for (const connection of registry.all())
      if (connection.isWatching) connection.stop("another process has taken over");
    await Promise.all([this.#moveSockets(), ...[...this.#shared].map((shared) => this.#release(shared))]);
    if (this.#successor !== successor)
      return fail("the new process has gone while it took over: this one serves again");
    this.#freeTunnels();
    this.#state = "emptying";
    const report = upgradeText(this.#report(successor, asker));
    log.info(`upgraded: ${report}`);
    new Emptying(clock, {
      round: () => this.#round(),
      end: () => this.#end(),
      failed: (error) => this.#broken(error),
    });
    return ok(report);
  }

  #report({ pid: to, version }: SuccessorProcess, asker: string | undefined): UpgradeReport {
    const staying = new Map<string, number>();
    for (const connection of this.#context.services.registry.all()) {
      if (connection.id === asker) continue;
      const reason = this.#mover?.report.declined.has(connection.id)
        ? "declined"
        : (this.#movable(connection)?.reason ?? stayingReason(connection));
      staying.set(reason, (staying.get(reason) ?? 0) + 1);
    }
    const { moved = 0, longestMs = 0 } = this.#mover?.report ?? {};
    return { from: VERSION, to: version, pid: to, moved, longestMs, staying, limitMs: END_MS };
  }

  #movable(connection: RegisteredConnection): MovingConnection | undefined {
    const known = this.#moving.get(connection.id);
    if (known !== undefined) return known;
    if (!(connection instanceof Connection)) return undefined;
    const port = this.#context.ports().find(({ listener }) => listener.name === connection.listener);
    if (port === undefined) return undefined;
    const { pid: to, version } = this.#successor ?? {};
    const moving = new MovingConnection(connection, port.name, `process ${to} (${version})`);
    this.#moving.set(connection.id, moving);
    return moving;
  }

  /** Moves clients that have a remote of their own. */
  async #moveSockets(): Promise<void> {
    const all = this.#context.services.registry.all().flatMap((connection) => this.#movable(connection) ?? []);
    const own = all.filter(({ isShared }) => !isShared);
    await this.#mover?.move(own.sort((one, two) => Number(two.isAway) - Number(one.isAway)));
  }

  async #release(shared: SharedLine): Promise<void> {
    this.#shared.delete(shared);
    const isReleased = await releaseDevice(shared, this.#context.services.clock, {
      free: ({ ports }) => this.#free(ports.map(({ name }) => name)),
      move: async (clients) => this.#mover?.move(clients),
    });
    if (!isReleased) this.#shared.add(shared);
  }

  /** Ends the links of tunnels, as soon as no client uses them. */
  #freeTunnels(isLast = false): void {
    const { features } = this.#context;
    if (!this.#hasTunnels || !(isLast || features.areTunnelsIdle)) return;
    this.#hasTunnels = false;
    const ports = this.#context.ports().filter(({ listener }) => listener.kind === "tunnel");
    features.closeTunnels("another process has taken over");
    for (const port of ports) port.leave();
    this.#free([...ports.map(({ name }) => name), DEVICE_LINKS]);
  }

  #free(names: readonly string[]): void {
    for (const name of names) this.#successor?.send({ kind: "free", name });
  }

  /** Moves what can move now. @returns whether nothing is left */
  async #round(): Promise<boolean> {
    if (this.#state !== "emptying") return true; // it is stopping
    await Promise.all([this.#moveSockets(), ...[...this.#shared].map((shared) => this.#release(shared))]);
    this.#freeTunnels();
    return this.#context.services.registry.all().length === 0 && this.#shared.size === 0 && !this.#hasTunnels;
  }

  /** Nothing is left, or the time for it is over. */
  #end(): void {
    if (this.#state !== "emptying") return;
    this.#freeTunnels(true);
    this.#state = "over";
    this.#successor?.leave();
    const left = this.#context.services.registry.all().length;
    const rest = left === 0 ? "nothing is left here" : `${left} connections have not ended within ${END_MS / 1000} s`;
    this.#context.end(`process ${this.#successor?.pid} has taken over; ${rest}`);
  }

  #broken(error: unknown): void {
    this.#context.services.log.error(`upgrade: ${faultText(error)}`);
    this.#context.end("the upgrade has met a fault of the program");
  }

  /** A process that hangs while it takes over is ended. One that serves already is somebody else's matter. */
  #silent(successor: SuccessorProcess): void {
    if (this.#state !== "handing over") return;
    successor.kill();
    this.#gone("it did not answer, and was ended");
  }

  #told(message: FromSuccessor): void {
    if (message.kind === "adopted" || message.kind === "declined") this.#mover?.answered(message);
    if (message.kind === "reopen") this.#context.reopenFiles();
    if (message.kind === "stopping") this.#endWithSuccessor();
    if (message.kind === "declined")
      this.#context.services.log.info(`connection ${message.id} ends here: ${message.reason}`);
  }

  /** The channel stays: by its end the new process, which waits for that, knows that everything is told here. */
  #endWithSuccessor(): void {
    this.#state = "over";
    this.#context.end(`process ${this.#successor?.pid}, which has taken over, is stopping`);
  }

  /** What has not moved goes on here, and clients that come, too. Of one that has served already, somebody has wanted the end. */
  #gone(how: string): void {
    if (this.#state === "emptying") {
      this.#state = "over";
      this.#context.end(`process ${this.#successor?.pid}, which has taken over, is gone: ${how}`);
    }
    if (this.#state !== "handing over") return;
    const { log } = this.#context.services;
    log.error(`process ${this.#successor?.pid}, which had taken over, is gone: ${how}; this process serves again`);
    this.#state = "idle";
    this.#successor = undefined;
    this.#context.supervisor.servesAgain();
    this.#mover?.abandon();
    for (const connection of this.#moving.values()) connection.goOn();
    this.#moving.clear();
    for (const port of this.#context.ports()) {
      port.leave();
      port.close(); // a socket for datagrams gives its address back at once
    }
    void this.#context.listenAgain().catch((error: unknown) => log.error(`cannot serve again: ${faultText(error)}`));
  }
}
