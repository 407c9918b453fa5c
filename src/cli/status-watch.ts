import { stdout } from "node:process";
import { setTimeout } from "node:timers/promises";
import { type Line, span } from "../core/terminal/screen.js";
import { folded, shown } from "../core/terminal/text-width.js";
import { explainDialFailure } from "../dial/dial-error.js";
import type { Names } from "../names/names.js";
import { commandNames } from "./command-names.js";
import { DaemonDialogue } from "./daemon-dialogue.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import { FullScreen } from "./full-screen.js";
import { type Complain, DONE, failed, type Started } from "./outcome.js";
import { columns, type Reading, readStatus, statusLines, textOf } from "./status-reading.js";

const EVERY_MS = 1000;
const MAX_PROBLEM_LINES = 3;

/** What is to be seen: the last answer, the one before it, and why there is no newer one. */
interface View {
  readonly reading?: Reading;
  readonly before?: Reading;
  readonly problem?: string;
}

/** Shows the status every second, until a signal or a key ends it, or its output has no reader any more. */
export async function watchStatus(daemon: DaemonPlace, json: boolean, complain: Complain): Promise<Started> {
  const over = new AbortController();
  const end = (): void => over.abort();
  stdout.on("error", end);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) process.once(signal, end);
  const names = commandNames(complain);
  let screen: FullScreen | undefined;
  let view: View = {};
  const show = (): void => {
    if (json) return void (view.problem ?? stdout.write(`${view.reading?.text}\n`));
    const lines = viewLines(daemon, view, columns());
    if (!stdout.isTTY) return void stdout.write(`${textOf(lines)}\n\n`);
    screen ??= new FullScreen(end, show); // a daemon that is not there leaves the terminal alone
    screen.draw(textOf(fitted(lines, screen.height)).split("\n"));
  };
  stdout.on("resize", show);
  try {
    for await (view of views(daemon, names, over.signal)) show();
    return DONE;
  } catch (error) {
    return failed(`${nameOf(daemon)}: ${explainDialFailure(error as Error)}`);
  } finally {
    stdout.off("resize", show);
    screen?.close();
    names.close();
  }
}

/**
 * A view every second. A daemon that goes away is tried again.
 *
 * @throws when it is not there in the first place
 */
async function* views(daemon: DaemonPlace, names: Names, signal: AbortSignal): AsyncGenerator<View> {
  let view: View = {};
  let dialogue: DaemonDialogue | undefined;
  try {
    while (!signal.aborted) {
      try {
        dialogue ??= await DaemonDialogue.open(daemon, names, signal);
        const reading = await readStatus(dialogue);
        const isSame = view.reading?.status.text("startedAt") === reading.status.text("startedAt");
        view = { reading, ...(isSame && view.reading && { before: view.reading }) };
      } catch (error) {
        dialogue?.close();
        dialogue = undefined;
        if (signal.aborted) return;
        if (view.reading === undefined) throw error;
        view = { ...view, problem: `${explainDialFailure(error as Error)}; it is tried again` };
      }
      yield view;
      await setTimeout(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    dialogue?.close();
  }
}

function viewLines(daemon: DaemonPlace, { reading, before, problem }: View, width: number): Line[] {
  if (reading === undefined) return [];
  const lines = statusLines(daemon, reading, before, width);
  if (problem === undefined) return lines;
  return [
    ...folded(shown(`${nameOf(daemon)}: ${problem}`), width, MAX_PROBLEM_LINES).map((text) => [span(text, "red")]),
    [span("")],
    ...lines,
  ];
}

/** The lines that a screen has room for; its last one says how many there are besides. */
function fitted(lines: readonly Line[], height: number): readonly Line[] {
  if (lines.length <= height || height < 1) return lines;
  return [...lines.slice(0, height - 1), [span(`… ${lines.length - height + 1} more lines`, "gray")]];
}
