import type { Source } from "../core/monitor/sighting.js";
import type { ConnOptions } from "../core/setup/options.js";
import type { Relay } from "../relay.js";
import type { Stream } from "./monitor.js";
import { CLIENT_SIDE, RELAYED, SERVER_SIDE } from "./tap.js";

/** The messages of a relay; where something stands between it and the server, those on both sides of that. */
export function streamsOf(source: Source, options: ConnOptions, relay: Relay): Stream[] {
  const { standIn } = relay.remote;
  if (standIn === undefined) return [{ source, options, places: RELAYED, point: relay }];
  const { view, point } = standIn;
  const known = { source, options, ...(view && { view }) };
  const near: Stream = { ...known, places: CLIENT_SIDE, point: relay };
  return point === undefined ? [near] : [near, { ...known, places: SERVER_SIDE, point }];
}
