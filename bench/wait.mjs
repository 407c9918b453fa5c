import { setTimeout as pause } from "node:timers/promises";

export { pause };

/**
 * Waits until a condition holds.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {string} what names the condition in the error
 * @param {number} withinMs
 * @throws when the condition does not hold in time
 */
export async function until(condition, what, withinMs = 10_000) {
  const limit = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`no ${what} within ${withinMs} ms`);
    await pause(5);
  }
}

/**
 * Rejects when a promise takes too long.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what names the condition in the error
 * @param {number} ms
 * @returns {Promise<T>}
 */
export async function within(promise, what, ms) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
