import { Queue } from "../core/collections/queue.js";

/**
 * The longest time for all jobs together in one pass of the event loop; milliseconds. Node accepts one client in a pass, and many may
 * come at once.
 */
const PASS_MS = 2;

/** Those that wait, in the order of their turns. */
const features = new Queue<() => void>();
let waiting = false;

/**
 * Has a job called soon, behind all that wait already. In each pass of the event loop some of them have their turn, and then everybody
 * else. A job that asks again from within its turn may have another one in the same pass, while there is time left.
 *
 * @param job does a piece of its work, some milliseconds at most, and never throws; for more it asks for another turn
 */
export function inTurn(job: () => void): void {
  features.push(job);
  wait();
}

/** Resolves in the next pass of the event loop, when everybody else has had a turn. */
export function nextPass(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function wait(): void {
  if (waiting || features.size === 0) return;
  waiting = true;
  setImmediate(takeTurns);
}

function takeTurns(): void {
  const until = performance.now() + PASS_MS;
  try {
    for (let job = features.take(); job !== undefined; job = features.take()) {
      job();
      if (performance.now() > until) break;
    }
  } finally {
    waiting = false;
    wait();
  }
}
