import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import { type HostPort, isAddress } from "../core/net/address.js";
import { type Attempt, type Outcome, whenConnected } from "./connecting.js";
import { HostRace, type RaceContext } from "./host-race.js";

/**
 * Connects by TCP to an address, or to the first address of a name that takes a connection. The outcome is told later, not during this
 * call.
 *
 * @param options of the sockets
 */
export function reachHost(
  { host, port }: HostPort,
  options: Omit<TcpNetConnectOpts, "host" | "port">,
  context: RaceContext,
  outcome: Outcome<Socket>,
): Attempt {
  const attempt = (address: string, each: Outcome<Socket>): Attempt => {
    const socket = connect({ ...options, host: address, port });
    context.dialing?.(socket);
    return whenConnected(socket, each);
  };
  return isAddress(host) ? attempt(host, outcome) : new HostRace({ host, attempt }, context, outcome);
}
