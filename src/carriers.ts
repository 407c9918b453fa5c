import type { Connection } from "./connection.js";
import { streamOf } from "./ends/stream-end.js";

/** The address and port that a client comes from. */
export interface Origin {
  readonly peerAddress: string;
  readonly peerPort: number;
}

/**
 * The connections by which a client reaches the daemon through the daemon itself (`CONN 127.0.0.1:2504`), from the last to the first.
 * Who stands at their beginning has no more rights than when it comes directly.
 */
export function carriersOf(client: Origin, connections: readonly Connection[]): readonly Connection[] {
  const carrier = connections.find(({ remote }) => {
    const ours = remote && streamOf(remote);
    return ours?.localPort === client.peerPort && ours.localAddress === client.peerAddress;
  });
  return carrier === undefined ? [] : [carrier, ...carriersOf(carrier.client, connections)];
}
