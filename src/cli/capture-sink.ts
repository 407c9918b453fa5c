import { readByteLine } from "../core/monitor/byte-event.js";
import { Capture } from "../core/pcap/capture.js";
import { captureHead, quietBlock } from "../core/pcap/pcapng.js";
import { epochMsOf } from "../log/times.js";
import { systemClock } from "../system/clock.js";
import { VERSION } from "../version.js";
import type { LineSink } from "./follow-daemon.js";
import { type Complain, misused, type Started } from "./outcome.js";
import { type OutputFile, withOutputFile } from "./output-file.js";
import { rareComplaints } from "./rare-complaints.js";

/** What comes behind an end in the same moment tells whether the connection was cut. */
const SETTLE_MS = 50;
const LOST = "missing in the capture: its reader is too slow";
/** How long a reader of stdout may be gone before the command notices, where nothing passes. */
const QUIET_MS = 2000;

/**
 * Writes a capture while `follow` runs.
 *
 * @param path `-` is stdout
 * @param over aborted by a signal, or when nobody reads any more
 */
export async function capture(
  path: string,
  over: AbortController,
  complain: Complain,
  follow: (sink: LineSink) => Promise<Started>,
): Promise<Started> {
  if (path === "-" && process.stdout.isTTY) {
    return misused("a capture is no text for a terminal: name a file, or `| wireshark -k -i -`");
  }
  return withOutputFile(path, over, (output) => {
    const began = (): void => {
      output.write(captureHead(`sockproxyd ${VERSION}`));
      if (path === "-") tellQuiet(output, over.signal);
    };
    const missing = rareComplaints(complain, over.signal, (count) => `${count} messages are ${LOST}`);
    return follow({ began, ...captureSink(output, missing) });
  });
}

/** Only a write shows that a pipe has no reader any more. */
function tellQuiet(output: OutputFile, over: AbortSignal): void {
  const tell = (): void => {
    output.write(quietBlock(systemClock.epochMs()));
    next = systemClock.after(QUIET_MS, tell);
  };
  let next = systemClock.after(QUIET_MS, tell);
  over.addEventListener("abort", () => next.cancel());
}

/** Packets go out as they come. */
function captureSink(output: OutputFile, missing: (count: number) => void): LineSink {
  const packets = new Capture();
  let settles = false;
  const write = (blocks: Buffer): void => {
    if (blocks.length > 0) output.write(blocks);
  };
  const settle = (): void => {
    settles = false;
    write(packets.settle());
  };
  return {
    line(text) {
      const line = readByteLine(text, epochMsOf);
      if (line === undefined) return;
      if (line.kind === "gap") missing(line.missing);
      write(packets.push(line));
      if (settles) return;
      settles = true;
      systemClock.after(SETTLE_MS, settle);
    },
    interrupted: () => packets.interrupt(),
  };
}
