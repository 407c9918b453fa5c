import type { StreamFacts } from "../core/monitor/byte-event.js";
import { CLIENT_SIDE, RELAYED, SERVER_SIDE } from "../core/monitor/hops.js";
import type { TraceSource } from "../core/monitor/trace-event.js";
import { formatHostPort } from "../core/net/address.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { Relay } from "../relay/relay.js";
import type { ObservedPoint } from "../sockets/byte-observer.js";
import type { End } from "../sockets/end.js";
import { ownNameOf } from "../sockets/own-side.js";

/**
 * The messages of a relay. Where an intermediary stands between relay and server: those on both sides of it.
 *
 * @param point of the relay, for observers
 */
export function messageStreams(
  source: TraceSource,
  options: ConnOptions,
  relay: Relay,
  point: ObservedPoint = relay,
): TracedStream[] {
  const { remote } = relay;
  const { intermediary } = remote;
  const facts = (): StreamFacts => factsOf(source.client ?? "", remote);
  if (intermediary === undefined) return [{ source, options, hops: RELAYED, point, facts }];
  const { view, serverSide } = intermediary;
  const known = { source, options, ...(view && { view }) };
  if (serverSide === undefined) {
    return [{ ...known, source: { ...source, isShared: true }, hops: CLIENT_SIDE, point, facts }]; // its links are streams of their own
  }
  return [
    { ...known, hops: CLIENT_SIDE, point, facts },
    { ...known, hops: SERVER_SIDE, point: serverSide, facts: () => factsOf(ownNameOf(remote), remote) },
  ];
}

/** @param from the side that sends `up`, `host:port` */
function factsOf(from: string, remote: End): StreamFacts {
  const { peerAddress: host, peerPort: port, intermediary, dropped } = remote;
  const protocol = intermediary?.protocol;
  const transport = dropped === undefined ? "tcp" : "udp";
  return { transport, from, to: formatHostPort({ host, port }), ...(protocol !== undefined && { protocol }) };
}
