import { CLIENT_SIDE, RELAYED, SERVER_SIDE } from "../core/monitor/hops.js";
import type { TraceSource } from "../core/monitor/trace-event.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { Relay } from "../relay/relay.js";

/** The messages of a relay. Where an intermediary stands between relay and server: those on both sides of it. */
export function messageStreams(source: TraceSource, options: ConnOptions, relay: Relay): TracedStream[] {
  const { intermediary } = relay.remote;
  if (intermediary === undefined) return [{ source, options, hops: RELAYED, point: relay }];
  const { view, serverSide } = intermediary;
  const known = { source, options, ...(view && { view }) };
  if (serverSide === undefined) {
    return [{ ...known, source: { ...source, isShared: true }, hops: CLIENT_SIDE, point: relay }]; // its links are streams of their own
  }
  return [
    { ...known, hops: CLIENT_SIDE, point: relay },
    { ...known, hops: SERVER_SIDE, point: serverSide },
  ];
}
