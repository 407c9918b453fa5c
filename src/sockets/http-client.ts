import type undici from "undici";
import requestFile from "undici/lib/api/api-request.js";
import connectFile from "undici/lib/core/connect.js";
import ClientFile from "undici/lib/dispatcher/client.js";
import PoolFile from "undici/lib/dispatcher/pool.js";

// The parts of undici that the daemon uses. The package as a whole takes twice the time to load and 8 MiB more (docs/benchmarks.md).

/** One kept connection to an HTTP server. */
export const Client = ClientFile as typeof undici.Client;
export type Client = undici.Client;

/** Kept connections to one HTTP server. */
export const Pool = PoolFile as typeof undici.Pool;
export type Pool = undici.Pool;

/** Makes the function that opens the connections of a {@link Client} or a {@link Pool}. */
export const buildConnector = connectFile as typeof undici.buildConnector;

/** Sends one request and gives the status and the body of its answer. */
export const request = requestFile as (
  this: undici.Dispatcher,
  options: undici.Dispatcher.RequestOptions,
) => Promise<undici.Dispatcher.ResponseData>;
