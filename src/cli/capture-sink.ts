import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { readByteLine } from "../core/monitor/byte-event.js";
import { Capture } from "../core/pcap/capture.js";
import { captureHead } from "../core/pcap/pcapng.js";
import { epochMsOf } from "../log/times.js";
import { systemClock } from "../system/clock.js";
import { VERSION } from "../version.js";
import type { LineSink } from "./follow-daemon.js";
import { type Complain, EXIT, misused, type Started } from "./outcome.js";

/** What comes behind an end in the same moment tells whether the connection was cut. */
const SETTLE_MS = 50;
/** A capture may show passwords. */
const PRIVATE = 0o600;

/**
 * Writes a capture while `follow` runs. The file is whole whenever the command ends.
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
  const output = path === "-" ? process.stdout : createWriteStream(path, { mode: PRIVATE });
  try {
    if (path !== "-") await once(output, "open");
  } catch (error) {
    return { kind: "wrong", lines: [`${path}: ${(error as Error).message}`], status: EXIT.failed };
  }
  const stop = (): void => over.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  let problem: string | undefined;
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") problem = `${path}: ${error.message}`;
    stop();
  });
  output.write(captureHead(`sockproxyd ${VERSION}`));
  const outcome = await follow(captureSink(output, complain));
  if (output !== process.stdout) await finished(output.end()).catch(() => {});
  return problem === undefined ? outcome : { kind: "wrong", lines: [problem], status: EXIT.failed };
}

/** Packets go out as they come. */
function captureSink(output: Writable, complain: Complain): LineSink {
  const packets = new Capture();
  let settles = false;
  const write = (blocks: Buffer): void => {
    if (blocks.length > 0 && output.writable) output.write(blocks);
  };
  const settle = (): void => {
    settles = false;
    write(packets.settle());
  };
  return {
    line(text) {
      const line = readByteLine(text, epochMsOf);
      if (line === undefined) return;
      if (line.kind === "gap") complain(`${line.missing} messages are missing in the capture: its reader is too slow`);
      write(packets.push(line));
      if (settles) return;
      settles = true;
      systemClock.after(SETTLE_MS, settle);
    },
    interrupted: () => packets.interrupt(),
  };
}
