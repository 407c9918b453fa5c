// Runs in a worker thread, see greeting.ts.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { pause } from "./wait.js";

const BETWEEN_MS = 5; // shorter stalls may go unnoticed between two greetings
const LIMIT_MS = 60_000; // a greeting that takes longer fails the test

const { port, pid } = workerData as { readonly port: number; readonly pid?: number };

/** CPU time of the daemon's main thread in milliseconds (proc(5), schedstat). */
function onCore(): number {
  if (pid === undefined) return 0;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ", 1)[0]) / 1e6;
}

async function greetingMs(): Promise<number> {
  const [since, before] = [performance.now(), onCore()];
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "data", { signal: AbortSignal.timeout(LIMIT_MS) });
    const elapsed = performance.now() - since; // some of the CPU time may have come after the greeting
    return pid === undefined ? elapsed : Math.min(elapsed, onCore() - before);
  } finally {
    socket.destroy();
  }
}

let worst = 0;
let stopped = false;
parentPort?.once("message", () => {
  stopped = true;
});
await greetingMs(); // the first one only warms up this thread
parentPort?.postMessage("ready");
while (!stopped) {
  worst = Math.max(worst, await greetingMs());
  await pause(BETWEEN_MS);
}
parentPort?.postMessage(worst);
