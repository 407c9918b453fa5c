import { once } from "node:events";
import { Worker } from "node:worker_threads";

/**
 * Connects to the proxy's own port again and again while something else happens, as a client that has nothing to do with it.
 * The clients run in a thread of their own: what the test does in its own thread does not count.
 *
 * @param port where the daemon greets on accept
 * @param during what happens; it lasts until this resolves
 * @param pid of the daemon, when only the time is to count that its main thread spends on a core: that other programs keep the
 *   machine busy does not matter then
 * @returns the longest time from connecting to the greeting, in milliseconds
 */
export async function worstGreetingMs(port: number, during: () => Promise<unknown>, pid?: number): Promise<number> {
  const greeter = new Worker(new URL("./greeter.js", import.meta.url), { workerData: { port, pid } });
  const failed = once(greeter, "error").then(([error]) => Promise.reject(error));
  /** What the thread says next. */
  const said = async (): Promise<unknown> => (await Promise.race([once(greeter, "message"), failed]))[0];
  try {
    await said(); // it is ready
    await Promise.race([during(), failed]);
    greeter.postMessage("stop");
    return (await said()) as number;
  } finally {
    await greeter.terminate();
  }
}
