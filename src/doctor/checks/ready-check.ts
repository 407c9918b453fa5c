import { encode, findAnswers } from "../../core/doctor/frames.js";
import type { Seen } from "../../core/doctor/observations.js";
import type { Patient } from "../patient.js";

/** How often a device that is not ready yet is asked, and for how long. */
const EVERY_MS = 100;
const LIMIT_MS = 5000;
/** An answer to the first question may take so long, and some times as long as one that was seen. */
const FIRST_MS = 1000;
const SLOWER = 3;
/** Waits before the first question, for a device that ends a connection on which it is asked too early. */
const WAITS_MS = [0, 250, 500, 750, 1000, 1500];

/** Finds how long after a connect the device answers. */
export async function checkReady(patient: Patient): Promise<Seen> {
  const link = await patient.link();
  if (link === undefined) return { readyMs: 0 };
  const reply = await patient.ask(link, 1, FIRST_MS + SLOWER * patient.typicalMs);
  await patient.part(link);
  if (reply.kind === "silence") patient.readyMs = await askUntilReady(patient);
  if (reply.kind === "closed") patient.readyMs = await waitUntilReady(patient);
  return { readyMs: patient.readyMs };
}

/** Asks anew all the time, until an answer comes. @returns when the question was asked that has the first answer; 0 without one */
async function askUntilReady(patient: Patient): Promise<number> {
  const link = await patient.link();
  if (link === undefined) return 0;
  const askedAt: AskedAt[] = [];
  let readyMs: number | undefined;
  while (readyMs === undefined && link.isOpen && link.ageMs < LIMIT_MS) {
    const question = patient.question();
    askedAt.push({ id: question.id, ms: link.ageMs });
    link.write(encode(patient.framing, question));
    readyMs = await link.until((bytes) => firstAnswered(patient, bytes, askedAt, link.ageMs), EVERY_MS);
  }
  await patient.part(link);
  return readyMs === undefined || readyMs < EVERY_MS / 2 ? 0 : Math.ceil(readyMs);
}

/** Waits longer and longer before it asks, as an early question ends the connection. @returns the wait that helps; 0 where none does */
async function waitUntilReady(patient: Patient): Promise<number> {
  for (const waitMs of WAITS_MS) {
    patient.readyMs = waitMs;
    const link = await patient.link();
    const reply = link === undefined ? undefined : await patient.ask(link);
    await patient.part(link);
    if (reply?.kind === "answer") return waitMs;
  }
  return 0;
}

/** A question, and when it was asked: milliseconds from the connect. */
interface AskedAt {
  readonly id: number;
  readonly ms: number;
}

/** When the first question was asked that has an answer: by its id, else the one that was asked last. */
function firstAnswered(
  patient: Patient,
  bytes: Buffer,
  askedAt: readonly AskedAt[],
  nowMs: number,
): number | undefined {
  const [answer] = findAnswers(patient.framing, bytes, patient.code);
  if (answer === undefined) return undefined;
  const byId = askedAt.find(({ id }) => id === answer.id);
  if (byId !== undefined) return byId.ms;
  const before = nowMs - patient.typicalMs + EVERY_MS / 2;
  return askedAt.findLast(({ ms }) => ms <= before)?.ms ?? 0;
}
