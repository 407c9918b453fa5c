import { readFileSync } from "node:fs";
import { kill } from "node:process";
import { setTimeout } from "node:timers/promises";
import { askDaemon } from "../control/control-client.js";
import { controlPaths } from "../control/socket-folder.js";
import type { DaemonStatus } from "../core/status/daemon-status.js";
import { systemClock } from "../system/clock.js";
import { EXIT, type Started } from "./outcome.js";
import { reverseProxyStatus } from "./reverse-proxy-status.js";

const GONE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** Asks the reverse proxy on this port for its status. */
export async function printStatus(port: number): Promise<Started> {
  const answer = await askDaemon(controlPaths(port), ["STAT JSON"]);
  if (answer.kind === "unknown") return failed(answer.problem);
  if (answer.kind === "absent") return { ...shown(reverseProxyStatus(port)), status: EXIT.notRunning };
  const status = readStatus(answer.lines[0]);
  return status === undefined ? failed("its answer is not understood") : shown(reverseProxyStatus(port, status));
}

/** Stops the reverse proxy on this port, and waits until its process has ended. */
export async function stopReverseProxy(port: number): Promise<Started> {
  const answer = await askDaemon(controlPaths(port), ["STAT JSON", "STOP"]);
  if (answer.kind === "unknown") return failed(answer.problem);
  if (answer.kind === "absent") {
    return { kind: "wrong", lines: [`not running on port ${port}`], status: EXIT.notRunning };
  }
  const [text, reply = ""] = answer.lines;
  const status = readStatus(text);
  if (status === undefined || reply !== "OK STOP") return failed(reply);
  const limit = systemClock.now() + GONE_WITHIN_MS;
  while (lives(status.pid)) {
    if (systemClock.now() > limit) return failed(`process ${status.pid} does not end`);
    await setTimeout(LOOK_EVERY_MS);
  }
  return { kind: "answer", text: "stopped" };
}

function failed(problem: string): Started {
  return { kind: "wrong", lines: [problem], status: EXIT.failed };
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
