import { once } from "node:events";
import { Worker } from "node:worker_threads";

/**
 * Measures how long an unrelated client waits for its greeting while other work runs. The clients run in a worker thread, so the work of
 * the test's own thread does not count.
 *
 * @param port a port where the daemon greets on accept
 * @param during the other work; measuring ends when it resolves
 * @param pid the process id of the daemon, to count only the CPU time of its main thread: other programs on a busy machine do not
 *   matter then
 * @returns the longest time from connecting to the greeting, in milliseconds
 */
export async function worstGreetingMs(port: number, during: () => Promise<unknown>, pid?: number): Promise<number> {
  const greeter = new Worker(new URL("./greeter.js", import.meta.url), { workerData: { port, pid } });
  const failed = once(greeter, "error").then(([error]) => Promise.reject(error));
  /** The next message of the thread. */
  const said = async (): Promise<unknown> => (await Promise.race([once(greeter, "message"), failed]))[0];
  try {
    await said(); // the thread is ready
    await Promise.race([during(), failed]);
    greeter.postMessage("stop");
    return (await said()) as number;
  } finally {
    await greeter.terminate();
  }
}
