import { setTimeout as pause } from "node:timers/promises";

export { pause };

/**
 * Waits until something is so.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {string} what for the error
 * @param {number} withinMs
 * @throws when it is not so within the time
 */
export async function until(condition, what, withinMs = 10_000) {
  const limit = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await pause(10);
  }
}

/**
 * Fails when something takes too long.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what for the error
 * @param {number} ms
 * @returns {Promise<T>}
 */
export async function within(promise, what, ms) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
