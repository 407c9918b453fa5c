import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";

type Callback = Parameters<LookupFunction>[2];

const underWay = new Map<string, Callback[]>();

/**
 * Node's `dns.lookup`, asked once for what several connections want to know at the same time: the system's resolver runs on
 * few threads, and many connections waiting for one dead name must not keep another name waiting.
 */
export const resolveHost: LookupFunction = (hostname, options, callback) => {
  const key = `${hostname} ${options.family ?? 0} ${options.all ?? false} ${options.hints ?? 0}`;
  const waiting = underWay.get(key);
  if (waiting !== undefined) {
    waiting.push(callback);
    return;
  }
  const callbacks = [callback];
  underWay.set(key, callbacks);
  lookup(hostname, options, (error, address, family) => {
    underWay.delete(key);
    for (const tell of callbacks) tell(error, address as string, family);
  });
};
