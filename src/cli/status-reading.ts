import { env, stdout } from "node:process";
import { Fields } from "../core/terminal/fields.js";
import { type Line, lineText } from "../core/terminal/screen.js";
import { statusScreen } from "../core/terminal/status-screen.js";
import { epochMsOf } from "../log/times.js";
import { systemClock } from "../system/clock.js";
import type { DaemonDialogue } from "./daemon-dialogue.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { inColours, wantsColour } from "./terminal.js";

const ANSWER_MS = 10_000;
const USUAL = 80;
const UNLIMITED = 10_000; // what reads a pipe has no width

/** One answer of the daemon. */
export interface Reading {
  /** The JSON as it came. */
  readonly text: string;
  readonly status: Fields;
  /** When it came, by the monotonic clock. */
  readonly atMs: number;
  /** The connection that has asked. */
  readonly ownId: string;
}

/** Asks for the status. */
export async function readStatus(dialogue: DaemonDialogue): Promise<Reading> {
  const text = await dialogue.ask("STAT JSON", ANSWER_MS);
  try {
    const status = new Fields(JSON.parse(text));
    if (status.text("startedAt") === "") throw new Error("no status of a daemon");
    return { text, status, atMs: systemClock.now(), ownId: dialogue.id };
  } catch (error) {
    throw new Error(`its answer to STAT JSON is not understood: ${text.slice(0, 80)}`, { cause: error });
  }
}

/** A status as lines of so many columns at most. */
export function statusLines(daemon: DaemonPlace, reading: Reading, before: Reading | undefined, width: number): Line[] {
  return statusScreen({
    now: reading.status,
    ...(before && { before: { status: before.status, agoMs: reading.atMs - before.atMs } }),
    ownId: reading.ownId,
    place: nameOf(daemon),
    width,
    epochMs: epochMsOf,
  });
}

/** Lines in the colours of the terminal, if it is one. */
export function textOf(lines: readonly Line[]): string {
  const paint = wantsColour() ? inColours : undefined;
  return lines.map((line) => lineText(line, paint)).join("\n");
}

/** The columns of the terminal; of one that does not tell (a serial line), as many as most have. For a pipe `COLUMNS` says how many. */
export function columns(): number {
  return stdout.columns || Math.max(Math.floor(Number(env["COLUMNS"])), 0) || (stdout.isTTY ? USUAL : UNLIMITED);
}
