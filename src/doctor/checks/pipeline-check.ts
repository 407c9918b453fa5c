import { encode, findAnswers } from "../../core/doctor/frames.js";
import type { Observations } from "../../core/doctor/observations.js";
import type { DeviceUnderTest } from "../device-under-test.js";

const REQUESTS = 4;

type Needs = Pick<Observations, "ids" | "answersAs" | "closesAfterAnswer" | "mostRegisters" | "gapMs">;

/** Sends several requests at once on one connection. Only ids tell which answer belongs to which request. */
export async function checkPipeline(device: DeviceUnderTest, needs: Needs): Promise<Observations["pipeline"]> {
  const reason = obstacle(device, needs);
  if (reason !== undefined) return { kind: "not tried", reason };
  const link = await device.link();
  if (link === undefined) return { kind: "not tried", reason: "no further connection is taken" };
  const questions = Array.from({ length: REQUESTS }, (_, n) =>
    device.question(needs.mostRegisters >= REQUESTS ? n + 1 : 1),
  );
  for (const question of questions) link.write(encode(device.framing, question));
  const areAnswered = (bytes: Buffer): true | undefined => {
    const answers = findAnswers(device.framing, bytes, device.code);
    const isAnswered = questions.every(({ id, count }) =>
      answers.some(
        ({ content, ...answer }) => answer.id === id && (content.kind === "exception" || content.count === count),
      ),
    );
    return isAnswered ? true : undefined;
  };
  const takesAll = await link.until(areAnswered, REQUESTS * device.answerMs);
  await device.part(link);
  return { kind: "tried", requests: takesAll ? REQUESTS : 1 };
}

/** Why several requests on one connection cannot be told apart, or fail anyway. */
function obstacle(device: DeviceUnderTest, { ids, answersAs, closesAfterAnswer, gapMs }: Needs): string | undefined {
  if (!device.hasIds) return "the framing carries no ids";
  if (ids !== "kept") return "its ids are its own";
  if (answersAs !== undefined) return "its unit is its own";
  if (closesAfterAnswer) return "no connection has a second answer";
  return gapMs > 0 ? "it needs a pause between requests" : undefined;
}
