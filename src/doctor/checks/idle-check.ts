import type { IdleLife, Observations } from "../../core/doctor/observations.js";
import type { Link } from "../link.js";
import type { Patient } from "../patient.js";

/** Leaves a connection alone behind an answer, and looks when the device ends it. @param withinMs how long it is watched */
export async function checkIdle(
  patient: Patient,
  { closesAfterAnswer }: Pick<Observations, "closesAfterAnswer">,
  withinMs: number,
): Promise<IdleLife> {
  if (closesAfterAnswer) return { kind: "not tried", reason: "no connection lives longer than its answer" };
  if (withinMs <= 0) return { kind: "not tried", reason: "no time is left" };
  const link = await patient.link();
  if (link === undefined || (await patient.ask(link)).kind !== "answer") {
    return { kind: "not tried", reason: "no further connection gets an answer" };
  }
  await link.ended(withinMs);
  const ms = link.quietMs;
  const kind = !link.isOpen ? "cut" : (await answers(patient, link)) ? "kept" : "dies";
  await patient.part(link);
  return { kind, ms };
}

/** Whether the device answers a question, or the one behind it: one answer may get lost. */
async function answers(patient: Patient, link: Link): Promise<boolean> {
  for (let n = 0; n < 2; n += 1) if ((await patient.ask(link)).kind === "answer") return true;
  return false;
}
