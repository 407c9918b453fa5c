import type { IdleLife, Observations } from "../../core/doctor/observations.js";
import type { DeviceUnderTest } from "../device-under-test.js";
import type { Link } from "../link.js";

/** Leaves a connection alone behind an answer, and looks when the device ends it. @param withinMs how long it is watched */
export async function checkIdle(
  device: DeviceUnderTest,
  { closesAfterAnswer }: Pick<Observations, "closesAfterAnswer">,
  withinMs: number,
): Promise<IdleLife> {
  if (closesAfterAnswer) return { kind: "not tried", reason: "no connection lives longer than its answer" };
  if (withinMs <= 0) return { kind: "not tried", reason: "no time is left" };
  const link = await device.link();
  if (link === undefined || (await device.ask(link)).kind !== "answer") {
    return { kind: "not tried", reason: "no further connection gets an answer" };
  }
  await link.ended(withinMs);
  const ms = link.quietMs;
  const kind = !link.isOpen ? "cut" : (await answers(device, link)) ? "kept" : "dies";
  await device.part(link);
  return { kind, ms };
}

/** Whether the device answers a question, or the one behind it: one answer may get lost. */
async function answers(device: DeviceUnderTest, link: Link): Promise<boolean> {
  for (let n = 0; n < 2; n += 1) if ((await device.ask(link)).kind === "answer") return true;
  return false;
}
