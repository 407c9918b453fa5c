import type { ClientStatus, RequestParts } from "#src/core/mux/client-records.js";
import { type MuxStatus, muxCounters } from "#src/core/mux/mux-status.js";

const NO_REQUESTS: RequestParts = {
  ...{ requests: 0, answers: 0, cacheHits: 0, joined: 0, sent: 0, failed: 0, refused: 0, abandoned: 0, open: 0 },
};

/** The status of a mux that nobody has asked anything, with changes. */
export function muxStatus(more: Partial<MuxStatus> = {}): MuxStatus {
  return {
    ...{ port: 5020, protocol: "modbus", mode: "request", target: "192.0.2.1:502", pool: 1, links: [], down: false },
    ...{ clientCount: 1, clients: [], waiting: 0, outstanding: 0, joining: 0, load: 0, unanswered: 0 },
    responses: { count: 0, sumMs: 0 },
    ...muxCounters(),
    ...NO_REQUESTS,
    ...more,
  };
}

/** A mux with several clients and a busy link. */
export const BUSY_MUX = muxStatus({
  ...{ clientCount: 3, waiting: 2, outstanding: 1, pool: 2 },
  links: [
    { state: "busy", address: "192.0.2.1:502", ageMs: 1, idleMs: 1, requests: 7 },
    { state: "connecting", address: "", ageMs: 0, idleMs: 0, requests: 0 },
  ],
});

/** The status of a client that has asked nothing, with changes. */
export function clientStatus(more: Partial<ClientStatus> = {}): ClientStatus {
  return {
    ...{ address: "192.0.2.7", id: "18c", connected: true, connections: 1, rate: 0, waitedMs: 0, deviceMs: 0 },
    ...NO_REQUESTS,
    ...more,
  };
}
