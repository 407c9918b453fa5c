import type { Gathering } from "../core/status/gathering.js";
import { SlicedLoop } from "./sliced-loop.js";

/**
 * Does work in a {@link SlicedLoop}. What is short is done when the call returns.
 *
 * @param done called with what the work returns
 * @param fault called with what it throws
 */
export function inSlices<T>(work: Gathering<T>, done: (result: T) => void, fault: (error: unknown) => void): void {
  new SlicedLoop(() => {
    const step = attempt(work, fault);
    if (step?.done) done(step.value);
    return step?.done === false;
  }).run();
}

function attempt<T>(work: Gathering<T>, fault: (error: unknown) => void): IteratorResult<"", T> | undefined {
  try {
    return work.next();
  } catch (error) {
    fault(error);
    return undefined;
  }
}
