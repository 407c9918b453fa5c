import { listensOf } from "../core/config/listen.js";
import type { PortLine, PortSection } from "../core/config/settings.js";
import { formatHostPort } from "../core/net/address.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import { errorReply } from "../core/setup/run-command.js";
import type { ClientLimit, Listener, ReplyMode } from "./listener.js";

/**
 * The limit of a listener whose line has one (`max-clients`).
 *
 * @param key see {@link ClientLimit.key}
 * @param sharesRemote see {@link DoorRules.sharesRemote}
 */
export function clientLimit(
  { maxClients, whenFull = "refuse" }: ConnOptions,
  { key, refuse, sharesRemote = false }: Pick<ClientLimit, "key" | "refuse"> & { readonly sharesRemote?: boolean },
): Pick<Listener, "limit"> {
  return maxClients === undefined ? {} : { limit: { key, maxClients, whenFull, sharesRemote, refuse } };
}

/** Identifies a line by the first place it listens at: a reload may change everything else. */
export function limitKey(kind: PortSection, line: PortLine<unknown>): string {
  const places = listensOf(line).map(({ host = "*", port }) => formatHostPort({ host, port }));
  return `${kind} ${places.sort()[0]}`;
}

/** Tells a client that there is no room for it as it would be told that its remote cannot be reached. */
export function refusalBy(replyMode: ReplyMode, request: ConnRequest): ClientLimit["refuse"] {
  return (client, reason) => {
    if (replyMode === "reset") client.reset();
    else client.write(`${errorReply("CONN", `${formatRemote(request)}: ${reason}`)}\n`);
  };
}
