import type { ClientCounters } from "../accept/client-counters.js";
import type { SocketOwner } from "../accept/listener.js";
import type { AccessRules } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import type { EndKind } from "../core/limits/end-rules.js";
import type { TopicSettings } from "../core/mqtt/mqtt-lines.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { DialContext } from "../dial/dial.js";
import type { Monitor } from "../monitor/monitor.js";
import type { Parting } from "../sockets/lingering-close.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { BaseConnectionContext, FormerTime } from "./base-connection.js";
import type { DialPhase } from "./dial-phase.js";
import type { Parking } from "./parking.js";
import type { RelayPhase, RelayPhaseContext } from "./relay-phase.js";
import type { SetupPhase, SetupPhaseContext } from "./setup-phase.js";

/** What a connection needs of the daemon, phase by phase. */
export interface ConnectionContext extends BaseConnectionContext, SetupPhaseContext, DialContext, RelayPhaseContext {
  readonly access: AccessRules;
  readonly settings: Pick<Settings, "keepalive" | "renotify" | "webhooks"> & TopicSettings;
  readonly monitor: Monitor;
  readonly clients: ClientCounters;
  readonly parking: Parking;
}

/**
 * `new` until the listener decides: for setup mode, for a remote, or for an owner of the client's socket (`linked`). A closing
 * connection keeps what its last bytes, its plugin and STAT need.
 */
export type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "linked"; readonly owner: SocketOwner }
  | SetupPhase
  | DialPhase
  | RelayPhase
  | {
      readonly kind: "closing";
      readonly how: EndKind;
      readonly reason: string;
      readonly request?: ConnRequest | undefined;
      readonly relayed?: RelayPhase | undefined;
    };

/** A connection whose bytes are relayed. */
export interface RelayedConnection extends FormerTime {
  readonly client: StreamEnd;
  readonly relaying: RelayPhase;
  /** This moment, by the clock. */
  readonly now: number;
}

/** For a client of setup mode to take its last reply and close. */
export const LAST_REPLY: Parting = { how: "end", limitMs: 5000 };
/** For a client that has left. */
export const AT_ONCE: Parting = { how: "end", limitMs: 0 };
