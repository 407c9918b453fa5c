import { Admission } from "../accept/admission.js";
import type { ConnectionContext } from "../connection/connection-phase.js";
import type { Settings } from "../core/config/settings.js";
import { faultText } from "../core/parse/text.js";
import type { TlsIdentities } from "../dial/tls-credentials.js";
import { DeadPeers } from "../sockets/dead-peers.js";
import type { FeaturesContext } from "./features.js";
import { rawBridges } from "./mqtt-ways.js";
import type { Services } from "./services.js";

/** What connections and features may ask of the daemon as a whole. */
export type DaemonControl = Pick<
  ConnectionContext,
  "status" | "places" | "stop" | "reload" | "upgrade" | "beginDevice"
> &
  Pick<FeaturesContext, "portOf" | "deviceIsFree">;

/** The settings, and what is made of them for new connections. A reload makes another generation; connections keep theirs. */
export interface Generation {
  readonly settings: Settings;
  readonly admission: Admission;
  /** All that a connection or a feature gets of the daemon: each sees the members of its own context. */
  readonly context: ConnectionContext & FeaturesContext;
}

/** Makes a generation of settings and of what their files hold. */
export function generationOf(
  settings: Settings,
  services: Services,
  control: DaemonControl,
  tlsIdentities: TlsIdentities = new Map(),
): Generation {
  const { clock, log, registry, sockets, descriptors } = services;
  const admission = new Admission(settings, registry, descriptors);
  const context: Generation["context"] = {
    ...control,
    settings,
    tlsIdentities,
    access: admission.access,
    clock,
    log,
    notificationSender: services.luupClients.current,
    wayMakers: services.wayMakers(settings),
    rawBridge: rawBridges(settings, () => services.mqtt),
    finalNotifications: services.finalNotifications,
    alerts: services.alerts,
    events: services.events,
    mqtt: () => services.mqtt,
    sockets,
    unreadReminder: services.unreadReminder,
    deadPeers: new DeadPeers(settings.keepalive, clock, sockets, (error) =>
      log.error(`search for dead peers: ${faultText(error)}`),
    ),
    own: services.own,
    names: services.names,
    monitor: services.monitor,
    clients: services.clients,
    heldLines: services.heldLines,
    parking: services.parking,
    descriptors,
    changed: (connection) => registry.changed(connection),
  };
  return { settings, admission, context };
}
