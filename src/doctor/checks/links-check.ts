import type { Seen } from "../../core/doctor/observations.js";
import type { DeviceUnderTest } from "../device-under-test.js";
import { Link, type Reply } from "../link.js";

const TRIED = 5;
/** Where requests of several links take less than this part of the time that they take one behind the other, they run at a time. */
const PARALLEL_PART = 0.6;
const ROUNDS = 3;
/** Quicker answers tell nothing about that, and need it not. */
const LEAST_MS = 5;

/** Opens several connections at once, and asks on each. */
export async function checkLinks(device: DeviceUnderTest): Promise<Seen> {
  const opened = await Promise.all(Array.from({ length: TRIED }, () => device.connect()));
  const links = opened.filter((link) => link instanceof Link);
  await device.becomeReady();
  const replies = await askEach(device, links);
  const answered = replies.map(({ kind }) => kind === "answer");
  const count = Math.max(1, answered.filter(Boolean).length);
  const parallel = await areParallel(
    device,
    links.filter((_, index) => answered[index]),
  );
  for (const link of links) await device.part(link);
  return {
    links: {
      count,
      tried: TRIED,
      kept: count > 1 ? "all" : answered[0] === true || answered.at(-1) !== true ? "oldest" : "newest",
      parallel,
    },
  };
}

/** Whether the device works on requests of several connections at a time. The quickest round counts: something else may be slow for once. */
async function areParallel(device: DeviceUnderTest, links: readonly Link[]): Promise<boolean> {
  if (!device.hasIds || links.length < 2 || device.typicalMs < LEAST_MS || device.closesAfterAnswer) return false;
  let quickestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const since = device.clock.now();
    await askEach(device, links);
    quickestMs = Math.min(quickestMs, device.clock.now() - since);
  }
  return quickestMs < PARALLEL_PART * links.length * device.typicalMs;
}

/** On a serial line requests would meet each other: they go one by one there. */
async function askEach(device: DeviceUnderTest, links: readonly Link[]): Promise<Reply[]> {
  const limitMs = TRIED * device.answerMs;
  if (device.hasIds) return Promise.all(links.map((link) => device.ask(link, 1, limitMs)));
  const replies: Reply[] = [];
  for (const link of links) replies.push(await device.ask(link));
  return replies;
}
