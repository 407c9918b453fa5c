import { formatHostPort } from "../core/net/address.js";
import { allDropped, droppedText, totalDropped } from "../core/net/datagrams.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import type {
  ConnectionStatus,
  ConnectionTraffic,
  NotifyStatus,
  ParkedStatus,
  PhaseName,
} from "../core/status/daemon-status.js";
import type { Times } from "../log/times.js";
import type { Relay } from "../relay/relay.js";
import type { End } from "../sockets/end.js";
import { streamOf } from "../sockets/stream-end.js";

/** The facts of a connection that STAT shows. */
export interface ConnectionFacts {
  readonly id: string;
  readonly phase: PhaseName;
  /** Name of the listener that the client has connected to. */
  readonly listener: string;
  readonly client: End;
  readonly request: ConnRequest | undefined;
  readonly relay: Relay | undefined;
  readonly traffic: ConnectionTraffic;
  readonly notify: NotifyStatus | undefined;
  readonly tells: readonly NotifyStatus[];
  readonly parked: ParkedStatus | undefined;
  /** Milliseconds of the monotonic clock, and since the epoch. */
  readonly openedAt: number;
  readonly openedEpochMs: number;
  readonly times: Times;
  readonly now: number;
}

/** A connection as STAT shows it. */
export function connectionStatus(facts: ConnectionFacts): ConnectionStatus {
  const { id, phase, listener, client, request, relay, traffic, notify, tells, parked, openedAt, openedEpochMs } =
    facts;
  const { times, now } = facts;
  const security = streamOf(client)?.security;
  const { datagramsDropped: dropped } = traffic;
  return {
    id,
    phase,
    listener,
    client: client.peerAddress,
    clientPort: client.peerPort,
    ...(security !== undefined && { clientTls: security }),
    openedAt: times.iso(openedEpochMs),
    ...(request && { remote: formatRemote(request), options: request.options }),
    ageMs: Math.round(now - openedAt),
    ...(relay && relayStatus(relay, now)),
    ...traffic,
    ...(dropped && { datagramsLost: totalDropped(dropped) }),
    ...(notify && { notify }),
    ...(tells.length > 0 && { tells }),
    ...(parked && { parked }),
  };
}

function relayStatus({ remote, lastReceivedAt, lastSentAt }: Relay, now: number): Partial<ConnectionStatus> {
  const { peerAddress: host, peerPort: port } = remote;
  return {
    remoteAddress: formatHostPort({ host, port }),
    receiveIdleMs: Math.round(now - lastReceivedAt),
    sendIdleMs: Math.round(now - lastSentAt),
  };
}

/** What a connection has carried so far. */
export function trafficOf(client: End, relay: Relay | undefined): ConnectionTraffic {
  const { receivedBytes: received = 0, sentBytes: sent = 0 } = relay ?? {};
  const dropped = [client.dropped, relay?.remote.dropped].filter((one) => one !== undefined);
  return { received, sent, ...(dropped.length > 0 && { datagramsDropped: allDropped(dropped) }) };
}

/** The same in words, for the line of the log at the end. */
export function trafficText({ received, sent, datagramsDropped }: ConnectionTraffic): string {
  const dropped = droppedText(datagramsDropped);
  return `${received} bytes from remote, ${sent} to remote${dropped === undefined ? "" : `, ${dropped}`}`;
}
