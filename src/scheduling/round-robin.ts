import { Queue } from "../core/collections/queue.js";

/**
 * Longest time for all queued jobs together in one pass of the event loop, in milliseconds. Node accepts one client in a pass, and
 * many may come at once.
 */
const PASS_MS = 2;

const jobs = new Queue<() => void>();
let scheduled = false;

/**
 * Calls a job in a later pass of the event loop, behind all jobs that wait already. Each pass runs as many jobs as {@link PASS_MS}
 * allows; sockets and timers come in between. A job that queues itself again may run once more in the same pass, while time is left.
 *
 * @param job does some milliseconds of work at most and never throws; the same function waits only once
 */
export function queueJob(job: () => void): void {
  jobs.push(job);
  schedule();
}

/** Resolves in the next pass of the event loop, after sockets and timers were served. */
export function nextPass(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function schedule(): void {
  if (scheduled || jobs.size === 0) return;
  scheduled = true;
  setImmediate(runJobs);
}

function runJobs(): void {
  const until = performance.now() + PASS_MS;
  try {
    for (let job = jobs.take(); job !== undefined; job = jobs.take()) {
      job();
      if (performance.now() > until) break;
    }
  } finally {
    scheduled = false;
    schedule();
  }
}
