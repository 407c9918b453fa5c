// A reporter for `node --test`: names the tests that failed, with their errors, once all have run. A long log then ends with what matters.
import { relative } from "node:path";

/** @param {AsyncIterable<{ type: string, data: any }>} events what the test runner tells */
export default async function* failures(events) {
  const failed = [];
  for await (const { type, data } of events) {
    const error = data?.details?.error;
    if (type === "test:fail" && error?.failureType !== "subtestsFailed") failed.push({ ...data, error });
  }
  for (const { name, file, line, error } of failed) {
    yield `FAILED ${relative(process.cwd(), file ?? "")}:${line ?? ""} ${name}\n`;
    yield `  ${String(error?.cause?.stack ?? error?.message ?? error).replaceAll("\n", "\n  ")}\n`;
  }
  if (failed.length > 0) yield `${failed.length} FAILED\n`;
}
