import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Used bytes of the heap after garbage collection. */
export async function heapInUse(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise(setImmediate); // an object that a WeakRef has returned stays until the end of the job
    collect();
  }
  return process.memoryUsage().heapUsed;
}
