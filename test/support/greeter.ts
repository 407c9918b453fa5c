// Runs in a thread of its own: see greeting.ts.
import { once } from "node:events";
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { pause } from "./wait.js";

const BETWEEN_MS = 5; // so short a stall may fall between two greetings unseen
const LIMIT_MS = 60_000; // a greeting that takes longer counts as this long

const port = workerData as number;

async function greetingMs(): Promise<number> {
  const since = performance.now();
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "data", { signal: AbortSignal.timeout(LIMIT_MS) });
  } finally {
    socket.destroy();
  }
  return performance.now() - since;
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
