import { advise, section } from "../core/doctor/advice.js";
import { failureJson, reportJson } from "../core/doctor/report.js";
import { sentences } from "../core/doctor/sentences.js";
import { formatHostPort } from "../core/net/address.js";
import { printable } from "../core/parse/text.js";
import { Unreachable } from "../doctor/checks/reach-check.js";
import { DeviceUnderTest, Interrupted, OutOfTime } from "../doctor/device-under-test.js";
import { examine } from "../doctor/examine.js";
import { systemClock } from "../system/clock.js";
import { commandNames } from "./command-names.js";
import { DOCTOR, parseDoctorArguments } from "./doctor-arguments.js";
import { help } from "./help.js";
import { type Complain, DONE, failed, misused, type Started } from "./outcome.js";

const WITHIN_MS = 58_000; // a minute with the start of the program
const INTERRUPTED = 130; // 128 and the number of SIGINT, as shells have it

/**
 * Runs `sockproxyd doctor …`: prints what it sees of a device while it looks, then a section for it.
 *
 * @param argv behind the word `doctor`
 */
export async function doctor(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseDoctorArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd doctor --help`);
  if (parsed.value.kind === "help") return help(DOCTOR);
  const { target, unit, register, idleMs, json } = parsed.value;
  const place = formatHostPort(target);
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  process.stdout.on("error", stop); // nobody reads what it says
  const print = (line: string): void => void process.stdout.write(`${printable(line)}\n`);
  const say = json ? () => {} : print;
  const names = commandNames(complain);
  const context = { clock: systemClock, names };
  const device = new DeviceUnderTest({ target, unit, register, withinMs: WITHIN_MS }, context, interrupted.signal);
  say(`${place}, unit ${unit}:`);
  try {
    const seen = await examine(device, idleMs, (more) => sentences(more).forEach(say));
    const advice = advise(seen);
    ["", ...section(target, advice).split("\n")].forEach(say);
    if (json) print(reportJson({ target, unit }, seen, advice));
    return DONE;
  } catch (error) {
    if (error instanceof Interrupted) return { kind: "wrong", lines: ["interrupted"], status: INTERRUPTED };
    const reason = error instanceof OutOfTime ? "no answer within a minute" : undefined;
    if (reason === undefined && !(error instanceof Unreachable)) throw error;
    const why = reason ?? (error as Error).message;
    if (json) print(failureJson({ target, unit }, why));
    return failed(`${place}: ${why}`);
  } finally {
    device.disconnect();
    names.close();
  }
}
