import { encode, findAnswers } from "../../core/doctor/frames.js";
import type { Seen } from "../../core/doctor/observations.js";
import type { DeviceUnderTest } from "../device-under-test.js";

/** How often a device that is not ready yet is asked, and for how long. */
const EVERY_MS = 100;
const LIMIT_MS = 5000;
/** An answer to the first question may take so long, and some times as long as one that was seen. */
const FIRST_MS = 1000;
const SLOWER = 3;
/** Waits before the first question, for a device that ends a connection on which it is asked too early. */
const WAITS_MS = [0, 250, 500, 750, 1000, 1500];

/** Finds how long after a connect the device answers. */
export async function checkReady(device: DeviceUnderTest): Promise<Seen> {
  const link = await device.link();
  if (link === undefined) return { readyMs: 0 };
  const reply = await device.ask(link, 1, FIRST_MS + SLOWER * device.typicalMs);
  await device.part(link);
  if (reply.kind === "silence") device.readyMs = await askUntilReady(device);
  if (reply.kind === "closed") device.readyMs = await waitUntilReady(device);
  return { readyMs: device.readyMs };
}

/** Asks anew all the time, until an answer comes. @returns when the question was asked that has the first answer; 0 without one */
async function askUntilReady(device: DeviceUnderTest): Promise<number> {
  const link = await device.link();
  if (link === undefined) return 0;
  const askedAt: AskedAt[] = [];
  let readyMs: number | undefined;
  while (readyMs === undefined && link.isOpen && link.ageMs < LIMIT_MS) {
    const question = device.question();
    askedAt.push({ id: question.id, ms: link.ageMs });
    link.write(encode(device.framing, question));
    readyMs = await link.until((bytes) => firstAnswered(device, bytes, askedAt, link.ageMs), EVERY_MS);
  }
  await device.part(link);
  return readyMs === undefined || readyMs < EVERY_MS / 2 ? 0 : Math.ceil(readyMs);
}

/**
 * Waits longer and longer before it asks, as an early question ends the connection.
 *
 * @returns the wait that helps; 0 where none does, and where none is needed: the device may have held the connection before for some time
 */
async function waitUntilReady(device: DeviceUnderTest): Promise<number> {
  for (const waitMs of WAITS_MS) {
    if (await answersAfter(device, waitMs)) return waitMs > 0 && (await answersAfter(device, 0)) ? 0 : waitMs;
  }
  return 0;
}

/** Whether the device answers on a new connection after such a wait. */
async function answersAfter(device: DeviceUnderTest, waitMs: number): Promise<boolean> {
  device.readyMs = waitMs;
  const link = await device.link();
  const reply = link === undefined ? undefined : await device.ask(link);
  await device.part(link);
  return reply?.kind === "answer";
}

/** A question, and when it was asked: milliseconds from the connect. */
interface AskedAt {
  readonly id: number;
  readonly ms: number;
}

/** When the first question was asked that has an answer: by its id, else the one that was asked last. */
function firstAnswered(
  device: DeviceUnderTest,
  bytes: Buffer,
  askedAt: readonly AskedAt[],
  nowMs: number,
): number | undefined {
  const [answer] = findAnswers(device.framing, bytes, device.code);
  if (answer === undefined) return undefined;
  const byId = askedAt.find(({ id }) => id === answer.id);
  if (byId !== undefined) return byId.ms;
  const before = nowMs - device.typicalMs + EVERY_MS / 2;
  return askedAt.findLast(({ ms }) => ms <= before)?.ms ?? 0;
}
