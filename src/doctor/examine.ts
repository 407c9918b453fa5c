import { type IdleLife, NOTHING_SEEN, type Observations, type Seen } from "../core/doctor/observations.js";
import { checkFraming } from "./checks/framing-check.js";
import { checkIdle } from "./checks/idle-check.js";
import { checkLinks } from "./checks/links-check.js";
import { checkPipeline } from "./checks/pipeline-check.js";
import { checkReach } from "./checks/reach-check.js";
import { checkReady } from "./checks/ready-check.js";
import { checkRegisters } from "./checks/registers-check.js";
import { checkSpeed } from "./checks/speed-check.js";
import { type DeviceUnderTest, OutOfTime } from "./device-under-test.js";

/**
 * Finds out by reads what a Modbus device does: one check after the other, as a device may take one connection only. Where it takes more,
 * one of them is left idle meanwhile.
 *
 * @param idleMs how long an idle connection is watched, at most
 * @param note told of each thing that was seen, at once
 * @throws {Unreachable} when it never answers
 */
export async function examine(
  device: DeviceUnderTest,
  idleMs: number,
  note: (seen: Seen) => void,
): Promise<Observations> {
  const { isLeftOpen, ...reached } = await checkReach(device);
  note(reached);
  const first = await checkFraming(device, isLeftOpen);
  note(first);
  const seen = { ...NOTHING_SEEN, ...reached, ...first };
  const saw = (more: Seen): void => {
    Object.assign(seen, more);
    note(more);
  };
  const idle = (): Promise<IdleLife> => checkIdle(device, seen, idleMs).catch(untilOutOfTime(seen.idle));
  try {
    saw(await checkReady(device));
    saw(await checkSpeed(device));
    saw(await checkRegisters(device));
    saw(await checkLinks(device));
    const beside = seen.links.count > 1 ? idle() : undefined;
    beside?.catch(() => {}); // awaited below
    saw({ pipeline: await checkPipeline(device, seen) });
    saw({ idle: await (beside ?? idle()) });
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
  }
  return seen;
}

/** What is known when the time is over, in place of an error. */
function untilOutOfTime<T>(known: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof OutOfTime) return known;
    throw error;
  };
}
