import { once } from "node:events";
import { formatHostPort } from "../core/net/address.js";
import { printable } from "../core/parse/text.js";
import { type DeviceScript, scriptsOf } from "../core/record/exchanges-of.js";
import { readRecording } from "../core/record/recording.js";
import { readRegularFile } from "../system/regular-file.js";
import { help } from "./help.js";
import { type Complain, DONE, failed, misused, type Started } from "./outcome.js";
import { parseReplayArguments, REPLAY } from "./replay-arguments.js";
import { replayServer } from "./replay-server.js";

/**
 * Runs `sockproxyd replay …`: plays a recorded device until a signal ends it.
 *
 * @param argv behind the word `replay`
 */
export async function replay(argv: readonly string[], _complain: Complain): Promise<Started> {
  const parsed = parseReplayArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd replay --help`);
  if (parsed.value.kind === "help") return help(REPLAY);
  const { path, listen, timing, device } = parsed.value;
  let text: string;
  try {
    text = readRegularFile(path).toString();
  } catch (error) {
    return failed(`cannot read ${path}: ${(error as Error).message}`);
  }
  const recording = readRecording(text);
  if (!recording.ok) return failed(`${path}: ${recording.message}`);
  const found = choose(scriptsOf(recording.value), device);
  if (typeof found === "string") return failed(`${path}: ${found}`);
  const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);
  process.stdout.on("error", () => {}); // the device goes on without a reader
  const over = new AbortController();
  const server = replayServer(found, timing, over.signal, say);
  server.listen({ host: listen.host, port: listen.port });
  try {
    await once(server, "listening");
  } catch (error) {
    return failed(`cannot listen on ${formatHostPort(listen)}: ${(error as Error).message}`);
  }
  const stop = (): void => over.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop).once("SIGHUP", stop); // whoever reads that it listens may end it at once
  const { exchanges, protocol, device: name } = found;
  const what = `${name} as recorded ${recording.value.began}: ${exchanges.length} requests of ${protocol.framing.name}`;
  say(`${formatHostPort(listen)} is ${what}`);
  await once(server, "close");
  return DONE;
}

/** The device to play; or why there is none. */
function choose(scripts: readonly DeviceScript[], wanted: string | undefined): DeviceScript | string {
  const fitting = wanted === undefined ? scripts : scripts.filter(({ device }) => device === wanted);
  const [first, second] = fitting;
  if (first === undefined) return wanted === undefined ? "the recording is empty" : `no device ${wanted} is recorded`;
  if (second === undefined) return first;
  const names = scripts.map(({ device, protocol }) => `${device} (${protocol.framing.name})`).join(", ");
  return `${scripts.length} devices are recorded, say which by --device: ${names}`;
}
