import { type HttpEndpoint, USER_AGENT } from "../core/net/http-endpoint.js";
import { printableJson } from "../core/parse/text.js";
import type { Alert } from "../core/status/alert.js";
import type { RaceContext } from "../sockets/host-race.js";
import { Client, request } from "../sockets/http-client.js";
import { httpConnector } from "../sockets/http-connector.js";

/** Longest time of an exchange, from connecting to the status of the response, in milliseconds. */
const TIMEOUT_MS = 5000;

/**
 * Posts one alert. A module of its own: {@link AlertQueue} loads it, and undici with it, for the first alert.
 *
 * @param abort ends the exchange early; aborted when it takes too long
 * @returns the problem in words; undefined when the alert was accepted
 */
export async function postAlert(
  alert: Alert,
  { origin, path, query, authorization }: HttpEndpoint,
  abort: AbortController,
  context: RaceContext,
): Promise<string | undefined> {
  const client = new Client(origin, { connect: httpConnector(TIMEOUT_MS, context) });
  const limit = context.clock.after(TIMEOUT_MS, () =>
    abort.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
  );
  try {
    const { statusCode, body } = await request.call(client, {
      method: "POST",
      path: path + query,
      headers: {
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        ...(authorization !== undefined && { authorization }),
      },
      body: printableJson(alert),
      signal: abort.signal,
    });
    body.on("error", () => {}); // nobody reads the body
    return statusCode >= 200 && statusCode < 300 ? undefined : `HTTP status ${statusCode}`;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || (code ?? "unknown error");
  } finally {
    limit.cancel();
    client.destroy().catch(() => {});
  }
}
