// Runs in a thread of its own: see greeting.ts.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { pause } from "./wait.js";

const BETWEEN_MS = 5; // so short a stall may fall between two greetings unseen
const LIMIT_MS = 60_000; // a greeting that takes longer fails the test

const { port, pid } = workerData as { readonly port: number; readonly pid?: number };

/** How long the daemon's main thread has been on a core, in milliseconds (proc(5), schedstat). */
function onCore(): number {
  if (pid === undefined) return 0;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ", 1)[0]) / 1e6;
}

async function greetingMs(): Promise<number> {
  const [since, before] = [performance.now(), onCore()];
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "data", { signal: AbortSignal.timeout(LIMIT_MS) });
    const elapsed = performance.now() - since; // of its time on a core, some may have come after the greeting
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
await greetingMs(); // the first one in the cold measures this thread
parentPort?.postMessage("ready");
while (!stopped) {
  worst = Math.max(worst, await greetingMs());
  await pause(BETWEEN_MS);
}
parentPort?.postMessage(worst);
