import { idHabit } from "../../core/doctor/ids.js";
import type { Seen } from "../../core/doctor/observations.js";
import type { DeviceUnderTest } from "../device-under-test.js";
import { Session } from "../session.js";

const READS = 30;
const LEAST_READS = 4;
const LIMIT_MS = 6000;
/** A series that has lost more answers tells nothing more. */
const MOST_LOST = 4;
/** A device that closes behind each answer does it within this time. */
const CLOSES_MS = 150;
/** Pauses to try between an answer and the next request, when requests get lost; none once more, as chance loses some, too. */
const GAPS_MS = [0, 20, 50, 100, 200];
const GAP_READS = 8;
/** An answer may take so many times as long as the slowest one did, and no less than the least. */
const SLOWER = 3;
const LEAST_ANSWER_MS = 1000;
const MOST_ANSWER_MS = 5000;

interface Series {
  readonly times: number[];
  lost: number;
  unaskedBytes: number;
}

/** Reads again and again, for times, ids, losses and what comes around the answers. */
export async function checkSpeed(device: DeviceUnderTest): Promise<Seen> {
  const session = new Session(device);
  const first = await read(device, session, 1);
  device.closesAfterAnswer = first.times.length > 0 && (await session.endsWithin(CLOSES_MS));
  const series = await read(device, session, READS);
  await session.close();
  const gapMs = series.lost > 0 ? await findGap(device) : 0;
  const times = [...first.times, ...series.times].sort((one, other) => one - other);
  device.typicalMs = times[Math.floor(times.length / 2)] ?? 0;
  const worstMs = times.at(-1) ?? 0;
  device.answerMs = Math.min(MOST_ANSWER_MS, Math.max(LEAST_ANSWER_MS, SLOWER * worstMs));
  return {
    ids: idHabit(device.idPairs),
    speed: { reads: times.length, p50Ms: device.typicalMs, worstMs, lost: first.lost + series.lost },
    gapMs,
    unaskedBytes: first.unaskedBytes + series.unaskedBytes,
    closesAfterAnswer: device.closesAfterAnswer,
  };
}

async function read(device: DeviceUnderTest, session: Session, count: number, mostLost = MOST_LOST): Promise<Series> {
  const series: Series = { times: [], lost: 0, unaskedBytes: 0 };
  const since = device.clock.now();
  for (let n = 0; n < count; n += 1) {
    if (n >= LEAST_READS && device.clock.now() - since > LIMIT_MS) break;
    const reply = await session.ask();
    if (reply.kind !== "answer") {
      series.lost += 1;
      if (series.lost > mostLost) break;
      continue;
    }
    series.times.push(reply.ms);
    series.unaskedBytes += reply.unaskedBytes;
    device.answerMs = Math.max(LEAST_ANSWER_MS, SLOWER * Math.max(...series.times));
  }
  return series;
}

/** The shortest pause with which no request is lost; 0 when none helps. */
async function findGap(device: DeviceUnderTest): Promise<number> {
  for (const gapMs of GAPS_MS) {
    device.gapMs = gapMs;
    const session = new Session(device);
    const { lost } = await read(device, session, GAP_READS, 0);
    await session.close();
    if (lost === 0) return gapMs;
  }
  device.gapMs = 0;
  return 0;
}
