import { readByteLine } from "../core/monitor/byte-event.js";
import { formatSeconds } from "../core/parse/duration.js";
import { Recorder } from "../core/record/recorder.js";
import { type Entry, entryLine, recordingHead } from "../core/record/recording.js";
import { epochMsOf, Times } from "../log/times.js";
import { systemClock } from "../system/clock.js";
import { VERSION } from "../version.js";
import { followDaemon } from "./follow-daemon.js";
import { help } from "./help.js";
import { type Complain, EXIT, failed, misused, type Started } from "./outcome.js";
import { type OutputFile, withOutputFile } from "./output-file.js";
import { rareComplaints } from "./rare-complaints.js";
import { parseRecordArguments, RECORD, type RecordArguments } from "./record-arguments.js";
import { settleSelection } from "./settle-selection.js";

/**
 * Runs `sockproxyd record …`: writes a recording until a signal, or one of its limits, ends it.
 *
 * @param argv behind the word `record`
 */
export async function record(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseRecordArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd record --help`);
  if (parsed.value.kind === "help") return help(RECORD);
  const settled = await settleSelection(parsed.value, complain);
  if (settled.kind !== "told") return failed(settled.message);
  const asked = { ...parsed.value, ...settled.value };
  const over = new AbortController();
  return withOutputFile(asked.path, over, (output) => recordTo(output, asked, over, complain));
}

async function recordTo(
  output: OutputFile,
  { daemon, command, rules, left, protocol, maxMs, maxBytes }: RecordArguments & { kind: "record" },
  over: AbortController,
  complain: Complain,
): Promise<Started> {
  const recorder = new Recorder(rules, protocol, left);
  const beganAt = systemClock.now();
  let written = 0;
  const writeLine = (line: string): void => {
    written += Buffer.byteLength(line) + 1;
    output.write(`${line}\n`);
  };
  const write = (entries: readonly Entry[]): void => {
    for (const entry of entries) {
      if (written >= maxBytes) return;
      writeLine(entryLine(entry));
    }
    if (written >= maxBytes) over.abort("the size limit is reached");
  };
  const limit = systemClock.after(maxMs, () => over.abort("the time limit is reached"));
  const missing = rareComplaints(complain, over.signal, (count) => `${count} messages are missing in the recording`);
  const sink = {
    began: () => writeLine(recordingHead(new Times().iso(systemClock.epochMs()), `sockproxyd ${VERSION}`)),
    line(text: string): void {
      const line = over.signal.aborted ? undefined : readByteLine(text, epochMsOf);
      if (line === undefined) return;
      if (line.kind === "gap") missing(line.missing);
      write(recorder.push(line));
    },
    interrupted: () => complain("what passed meanwhile is missing in the recording"),
  };
  const outcome = await followDaemon(daemon, command, sink, over.signal, complain);
  limit.cancel();
  if (outcome.kind === "wrong" && outcome.status !== EXIT.clean) return outcome;
  write(recorder.finish());
  const { messages, connections } = recorder;
  const reason: unknown = over.signal.reason;
  const why = typeof reason === "string" ? `${reason}: ` : "";
  const seconds = formatSeconds(systemClock.now() - beganAt);
  complain(`${why}${counted(messages, "message")} of ${counted(connections, "connection")} in ${seconds}`);
  return outcome;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
