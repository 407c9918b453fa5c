import type { Seen } from "../../core/doctor/observations.js";
import { Link, type Reply } from "../link.js";
import type { Patient } from "../patient.js";

const TRIED = 5;
/** Where requests of several links take less than this part of the time that they take one behind the other, they run at a time. */
const PARALLEL_PART = 0.6;
/** Quicker answers tell nothing about that, and need it not. */
const LEAST_MS = 5;

/** Opens several connections at once, and asks on each. */
export async function checkLinks(patient: Patient): Promise<Seen> {
  const opened = await Promise.all(Array.from({ length: TRIED }, () => patient.connect()));
  const links = opened.filter((link) => link instanceof Link);
  await patient.pause(patient.readyMs);
  const since = patient.clock.now();
  const replies = await askEach(patient, links);
  const ms = patient.clock.now() - since;
  for (const link of links) await patient.part(link);
  const answered = replies.map(({ kind }) => kind === "answer");
  const count = Math.max(1, answered.filter(Boolean).length);
  const isParallel = patient.hasIds && count > 1 && patient.typicalMs > LEAST_MS;
  return {
    links: {
      count,
      tried: TRIED,
      kept: count > 1 ? "all" : answered[0] === true || answered.at(-1) !== true ? "oldest" : "newest",
      parallel: isParallel && ms < PARALLEL_PART * count * patient.typicalMs,
    },
  };
}

/** On a serial line requests would meet each other: they go one by one there. */
async function askEach(patient: Patient, links: readonly Link[]): Promise<Reply[]> {
  const limitMs = TRIED * patient.answerMs;
  if (patient.hasIds) return Promise.all(links.map((link) => patient.ask(link, 1, limitMs)));
  const replies: Reply[] = [];
  for (const link of links) replies.push(await patient.ask(link));
  return replies;
}
