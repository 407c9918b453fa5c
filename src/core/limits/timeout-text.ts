import type { IdleDeadline } from "./idle-deadlines.js";

/**
 * Why a relay ends that has been silent for too long, in words for the log.
 *
 * @param first which side has ended, where one has
 */
export function timeoutText({ cause, limitMs }: IdleDeadline, first: string): string {
  const seconds = limitMs / 1000;
  if (cause === "remote silent") return `RTIM: the remote was silent for ${limitMs} ms`;
  if (cause === "idle") return `IDLE: no byte has passed for ${limitMs} ms`;
  if (cause === "not taken") return `${first}, and the last bytes were not taken for ${seconds} s`;
  if (cause === "remote closed") return `${first}, and the client was silent for ${seconds} s`;
  return `${first}, and the remote was silent for ${seconds} s`;
}
