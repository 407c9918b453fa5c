import type { AccessRules } from "../access/access-rules.js";
import type { HostPort } from "../core/net/address.js";
import { TARGET_IS_DAEMON } from "../core/net/loop-rules.js";
import type { OwnSockets } from "../sockets/own-sockets.js";

const NOT_PERMITTED = "not permitted ([access])";

/** The rules that say where the daemon may connect. */
export interface TargetRules {
  readonly access: Pick<AccessRules, "permits">;
  readonly own: Pick<OwnSockets, "isOffLimits">;
}

/** Why the daemon may not connect to an address of a target; undefined when it may. */
export function targetDenialReason(
  { host, port }: HostPort,
  address: string,
  { access, own }: TargetRules,
): string | undefined {
  if (own.isOffLimits(address, port)) return TARGET_IS_DAEMON;
  return access.permits(host, address) ? undefined : NOT_PERMITTED;
}
