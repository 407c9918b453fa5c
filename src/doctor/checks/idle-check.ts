import type { IdleLife, Observations } from "../../core/doctor/observations.js";
import type { DeviceUnderTest } from "../device-under-test.js";
import type { Link } from "../link.js";

/** Kept back from the time for the examination: the last question on an idle link. */
const RESERVE_MS = 3000;
/** Parts of the longest pause behind which a question is tried, too: on links of their own, or the first one before the watch. */
const SHORTER_PAUSES = [1 / 9, 1 / 3, 1 / 20];
/** With so many links those for the shorter pauses are in nobody's way. */
const ENOUGH_LINKS = SHORTER_PAUSES.length + 2;

/** Leaves a connection alone behind an answer, and looks when the device ends it. @param mostMs how long it is watched, at most */
export async function checkIdle(
  device: DeviceUnderTest,
  { closesAfterAnswer, links }: Pick<Observations, "closesAfterAnswer" | "links">,
  mostMs: number,
): Promise<IdleLife> {
  if (closesAfterAnswer) return { kind: "not tried", reason: "no connection lives longer than its answer" };
  const withinMs = (): number => Math.min(mostMs, device.remainingMs - RESERVE_MS);
  if (withinMs() <= 0) return { kind: "not tried", reason: "no time is left" };
  const pauses = SHORTER_PAUSES.map((part) => Math.max(0, part * withinMs()));
  const beside = links.count >= ENOUGH_LINKS ? Promise.all(pauses.map((ms) => aliveAfter(device, ms))) : undefined;
  beside?.catch(() => {}); // awaited below
  const before = beside === undefined ? await aliveAfter(device, pauses[0] ?? 0) : 0;
  const seen = await watch(device, withinMs());
  return seen.kind === "dies" ? { ...seen, aliveMs: Math.max(before, ...((await beside) ?? [])) } : seen;
}

async function watch(device: DeviceUnderTest, withinMs: number): Promise<IdleLife> {
  const link = await device.link();
  if (link === undefined || (await device.ask(link)).kind !== "answer") {
    return { kind: "not tried", reason: "no further connection gets an answer" };
  }
  await link.ended(withinMs);
  const ms = link.quietMs;
  const isCut = !link.isOpen;
  const isKept = !isCut && (await answers(device, link));
  await device.part(link);
  return isCut || isKept ? { kind: isCut ? "cut" : "kept", ms } : { kind: "dies", ms, aliveMs: 0 };
}

/** Asks behind a pause. @returns the pause, or 0 where no answer came */
async function aliveAfter(device: DeviceUnderTest, ms: number): Promise<number> {
  const link = await device.link();
  if (link === undefined) return 0;
  const isAlive = (await device.ask(link)).kind === "answer";
  if (isAlive) await link.ended(ms);
  const isStillAlive = isAlive && link.isOpen && (await answers(device, link));
  await device.part(link);
  return isStillAlive ? ms : 0;
}

/** Whether the device answers a question, or the one behind it: one answer may get lost. */
async function answers(device: DeviceUnderTest, link: Link): Promise<boolean> {
  for (let n = 0; n < 2; n += 1) if ((await device.ask(link)).kind === "answer") return true;
  return false;
}
