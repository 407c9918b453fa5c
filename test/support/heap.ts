import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of the heap that are in use, once what nobody refers to is gone. */
export async function heapInUse(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    await new Promise(setImmediate); // what a WeakRef has shown stays until the end of the job
    collect();
  }
  return process.memoryUsage().heapUsed;
}
