import type { Source } from "../core/monitor/trace-event.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { Stream } from "../monitor/monitor.js";
import { CLIENT_SIDE, RELAYED, SERVER_SIDE } from "../monitor/tap.js";
import type { Relay } from "../relay/relay.js";

/** The messages of a relay; where something stands between it and the server, those on both sides of that. */
export function messageStreams(source: Source, options: ConnOptions, relay: Relay): Stream[] {
  const { intermediary } = relay.remote;
  if (intermediary === undefined) return [{ source, options, places: RELAYED, point: relay }];
  const { view, serverSide } = intermediary;
  const known = { source, options, ...(view && { view }) };
  const near: Stream = { ...known, places: CLIENT_SIDE, point: relay };
  return serverSide === undefined ? [near] : [near, { ...known, places: SERVER_SIDE, point: serverSide }];
}
