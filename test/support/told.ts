import type { ToldConnection } from "#src/notify/notification-way.js";

/** A connection of a line with a name, for tests of what is told of it. */
export function toldConnection(more: Partial<ToldConnection> = {}): ToldConnection {
  return {
    ...{ pid: "pid1", name: "boiler", listener: 8125, remote: "10.0.0.5:23", client: "127.0.0.1:4000" },
    receivedBytes: 0,
    ...more,
  };
}
