import { readFileSync } from "node:fs";
import { kill, stdout } from "node:process";
import { setTimeout } from "node:timers/promises";
import { controlledPorts, controlPaths } from "../control/socket-folder.js";
import type { DaemonStatus } from "../core/status/daemon-status.js";
import { Fields } from "../core/terminal/fields.js";
import { reverseProxyScreen } from "../core/terminal/status-screen.js";
import { epochMsOf } from "../log/times.js";
import { systemClock } from "../system/clock.js";
import { askControlSocket } from "./control-socket.js";
import { EXIT, failed, type Started } from "./outcome.js";
import { DEFAULT_PORT, type StatusArguments } from "./reverse-proxy-arguments.js";
import { reverseProxyStatus } from "./reverse-proxy-status.js";
import { columns, textOf } from "./status-reading.js";

const GONE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;
const USUAL_PORT = Number(DEFAULT_PORT);
const NOT_UNDERSTOOD = "its answer is not understood";

/** What a reverse proxy says; without a status it does not run. */
interface Found {
  readonly port: number;
  readonly text?: string;
}

/** Shows the status of a reverse proxy: of this port, or of the one that runs. */
export async function printStatus({ port, form }: StatusArguments): Promise<Started> {
  const known = port === undefined ? controlledPorts() : [port];
  const ports = known.length === 0 ? [USUAL_PORT] : known; // a folder that is not safe has no ports, and is told
  const found: Found[] = [];
  for (const each of ports) {
    const answer = await askControlSocket(controlPaths(each), ["STAT JSON"]);
    if (answer.kind === "failed") return failed(answer.message);
    if (answer.kind === "told") found.push({ port: each, text: answer.value[0] ?? "" });
  }
  const wantsText = form === undefined ? stdout.isTTY : form === "text";
  return wantsText ? forPeople(found, port) : forPrograms(found, port ?? USUAL_PORT);
}

/** All that were found, one below the other. */
function forPeople(found: readonly Found[], port: number | undefined): Started {
  if (found.length === 0) {
    const where = port === undefined ? "no reverse proxy of this user runs" : `no reverse proxy runs on port ${port}`;
    return { kind: "answer", text: where, status: EXIT.notRunning };
  }
  const screens = found.map((one) => {
    const now = readStatus(one.text);
    if (now === undefined) return undefined;
    const showing = { now: new Fields(now), place: `port ${one.port}`, width: columns(), epochMs: epochMsOf };
    return textOf(reverseProxyScreen(showing, one.port));
  });
  return screens.includes(undefined)
    ? failed(NOT_UNDERSTOOD)
    : { kind: "answer", isStyled: true, text: screens.join("\n\n") };
}

/** The JSON of one: of several the one on the usual port. */
function forPrograms(found: readonly Found[], usual: number): Started {
  const one = found.length === 1 ? found[0] : found.find(({ port }) => port === usual);
  if (one === undefined && found.length > 1) {
    return failed(`reverse proxies run on the ports ${found.map(({ port }) => port).join(", ")}: --port says which`);
  }
  if (one === undefined) return { ...shown(reverseProxyStatus(usual)), status: EXIT.notRunning };
  const status = readStatus(one.text);
  return status === undefined ? failed(NOT_UNDERSTOOD) : shown(reverseProxyStatus(one.port, status));
}

/** Stops the reverse proxy on this port, and waits until its process has ended. */
export async function stopReverseProxy(port: number): Promise<Started> {
  const answer = await askControlSocket(controlPaths(port), ["STAT JSON", "STOP"]);
  if (answer.kind === "failed") return failed(answer.message);
  if (answer.kind === "absent") {
    return { kind: "wrong", lines: [`not running on port ${port}${await others(port)}`], status: EXIT.notRunning };
  }
  const [text, reply = ""] = answer.value;
  const status = readStatus(text);
  if (status === undefined || reply !== "OK STOP") return failed(reply);
  const limit = systemClock.now() + GONE_WITHIN_MS;
  while (lives(status.pid)) {
    if (systemClock.now() > limit) return failed(`process ${status.pid} does not end`);
    await setTimeout(LOOK_EVERY_MS);
  }
  return { kind: "answer", text: "stopped" };
}

/** Where other reverse proxies of this user run, for somebody who has forgotten the port. */
async function others(port: number): Promise<string> {
  const running: number[] = [];
  for (const other of controlledPorts().filter((each) => each !== port)) {
    if ((await askControlSocket(controlPaths(other), [])).kind === "told") running.push(other);
  }
  return running.length === 0 ? "" : `; one runs on port ${running.join(", ")}`;
}

function shown(value: object): { kind: "answer"; text: string } {
  return { kind: "answer", text: JSON.stringify(value, undefined, 2) };
}

function readStatus(text = ""): DaemonStatus | undefined {
  try {
    return JSON.parse(text) as DaemonStatus;
  } catch {
    return undefined;
  }
}

/** Whether a process runs. A zombie, whose parent has not waited for it yet, does not. */
function lives(pid: number): boolean {
  try {
    kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true; // no proc(5) here, or it ended just now
  }
}
