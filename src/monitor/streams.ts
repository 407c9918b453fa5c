import { formatHostPort } from "../core/address.js";
import type { Source } from "../core/monitor/sighting.js";
import type { ConnOptions } from "../core/setup/options.js";
import { formatRemote, type Order } from "../core/setup/order.js";
import type { End } from "../ends/end.js";
import type { Relay } from "../relay.js";
import type { Stream } from "./monitor.js";
import { CLIENT_SIDE, RELAYED, SERVER_SIDE } from "./tap.js";

/** What a monitor calls a connection. */
export function sourceOf(connection: string, listener: number, client: End, order: Order): Source {
  const { peerAddress: host, peerPort: port } = client;
  return { connection, listener, client: formatHostPort({ host, port }), server: formatRemote(order) };
}

/** The messages of a relay; where something stands between it and the server, those on both sides of that. */
export function streamsOf(source: Source, options: ConnOptions, relay: Relay): Stream[] {
  const { standIn } = relay.remote;
  if (standIn === undefined) return [{ source, options, places: RELAYED, point: relay }];
  const { view, point } = standIn;
  const known = { source, options, ...(view && { view }) };
  const near: Stream = { ...known, places: CLIENT_SIDE, point: relay };
  return point === undefined ? [near] : [near, { ...known, places: SERVER_SIDE, point }];
}
