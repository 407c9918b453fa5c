import type { Socket } from "node:net";
import { ClientCounters } from "../accept/client-counters.js";
import { Doors } from "../accept/door.js";
import { ProxyHeaders } from "../accept/proxy-headers.js";
import { Rejections } from "../accept/rejections.js";
import { Alerts } from "../alerts/alerts.js";
import { ConnectionRegistry, type RegisteredConnection } from "../connection/connection-registry.js";
import { HeldLines } from "../connection/held-lines.js";
import { Parking } from "../connection/parking.js";
import { followsProxies } from "../core/config/listen.js";
import type { Settings } from "../core/config/settings.js";
import type { LineFacts } from "../core/mqtt/line-status.js";
import { TELLER_ORIGIN } from "../core/net/client-origin.js";
import { faultText } from "../core/parse/text.js";
import type { Gathering } from "../core/status/gathering.js";
import { EventBus } from "../events/event-bus.js";
import type { WriteText } from "../log/line-writer.js";
import type { Log } from "../log/log.js";
import { Monitor } from "../monitor/monitor.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { Mqtt } from "../mqtt/mqtt.js";
import { Names } from "../names/names.js";
import { FinalNotifications } from "../notify/final-notifications.js";
import { LineEvents } from "../notify/line-events.js";
import { LuupClients } from "../notify/luup-clients.js";
import { luupWays } from "../notify/luup-way.js";
import type { WayMaker } from "../notify/notification-way.js";
import { UnreadReminder } from "../notify/unread-reminder.js";
import type { Webhooks } from "../notify/webhooks.js";
import { SlicedLoop } from "../scheduling/sliced-loop.js";
import { OwnSockets } from "../sockets/own-sockets.js";
import type { Clock } from "../system/clock.js";
import { DescriptorBudget } from "../system/descriptor-budget.js";
import { descriptorLimit } from "../system/descriptors.js";
import { SocketTable } from "../system/socket-table.js";
import { VERSION } from "../version.js";
import { mqttWays } from "./mqtt-ways.js";

/** The parts of the daemon that its connections share and that no reload replaces. */
export class Services {
  readonly clock: Clock;
  readonly log: Log;
  readonly descriptors = new DescriptorBudget(descriptorLimit());
  readonly clients = new ClientCounters();
  readonly events = new EventBus();
  /** Connections that do not know yet whether anybody wants all events. */
  #toTell: Iterator<RegisteredConnection> = [][Symbol.iterator]();
  readonly doors: Doors;
  readonly heldLines: HeldLines;
  readonly parking: Parking;
  readonly registry = new ConnectionRegistry();
  readonly sockets: SocketTable;
  readonly own: OwnSockets;
  readonly names: Names;
  readonly rejections: Rejections;
  readonly proxyHeaders: ProxyHeaders;
  readonly alerts: Alerts;
  /** Undefined until settings name a broker: see {@link load}. */
  mqtt: Mqtt | undefined;
  readonly monitor: Monitor;
  readonly luupClients: LuupClients;
  readonly finalNotifications: FinalNotifications;
  readonly lineEvents: LineEvents;
  /** Loaded for the first settings that have one. */
  webhooks: Webhooks | undefined;
  readonly unreadReminder: UnreadReminder;

  /**
   * @param console shows the messages of connections that are monitored
   * @param sharedStreams the messages that pass outside of connections
   */
  constructor(
    settings: Settings,
    clock: Clock,
    log: Log,
    console: WriteText,
    sharedStreams: () => Iterable<TracedStream>,
  ) {
    this.clock = clock;
    this.log = log;
    this.doors = new Doors(clock);
    this.heldLines = new HeldLines(clock);
    this.sockets = new SocketTable(clock);
    this.own = new OwnSockets(clock, followsProxies(settings));
    this.parking = new Parking({ clock, sockets: this.sockets });
    this.names = new Names(clock, log);
    this.rejections = new Rejections({ clock, sockets: this.sockets }, this.clients, log);
    this.proxyHeaders = new ProxyHeaders(this);
    this.alerts = new Alerts(clock, log, this.names, this.events);
    const { registry } = this;
    function* streams(): Iterable<TracedStream> {
      for (const connection of registry.all()) yield* connection.streams;
      yield* sharedStreams();
    }
    this.monitor = new Monitor({ clock, log, alerts: this.alerts, console, streams }, settings);
    this.luupClients = new LuupClients(settings.vera, clock, log, this.names, this.#dialing);
    this.finalNotifications = new FinalNotifications(clock, log);
    const toTell = new SlicedLoop(() => this.#tellNext());
    this.events.connectionsChanged = () => {
      this.#toTell = registry.present[Symbol.iterator]();
      toTell.run();
    };
    this.lineEvents = new LineEvents({
      clock,
      events: this.events,
      fault: (error) => log.error(`events of lines: ${faultText(error)}`),
    });
    this.unreadReminder = new UnreadReminder(clock, this.sockets, (error) =>
      log.error(`search for unread bytes: ${faultText(error)}`),
    );
  }

  /** Loads the parts of the program that these settings want. To be awaited before {@link configure}. */
  async load({ mqttBroker, webhooks }: Settings, facts: () => Gathering<LineFacts>): Promise<void> {
    const { clock, names, log, events } = this;
    if (mqttBroker !== undefined && this.mqtt === undefined) {
      const module = await import("../mqtt/mqtt.js");
      this.mqtt ??= new module.Mqtt({ clock, log, names, events, dialing: this.#dialing, version: VERSION, facts });
    }
    if (webhooks.length > 0 && this.webhooks === undefined) {
      const module = await import("../notify/webhooks.js");
      this.webhooks ??= new module.Webhooks(log, { clock, names, dialing: this.#dialing });
    }
  }

  /** The kinds of ways of telling that these settings have. */
  wayMakers(settings: Settings): WayMaker[] {
    const luup = luupWays(this.luupClients.current);
    const mqtt = settings.mqttBroker === undefined ? [] : [mqttWays(settings, () => this.mqtt)];
    if (settings.webhooks.length === 0) return [luup, ...mqtt];
    return [luup, ...mqtt, ({ webhook = settings.webhook }) => this.webhooks?.wayTo(webhook)];
  }

  /** Has the ways of telling, the Luup engine apart, obey these settings. @param makers all kinds of ways that they have */
  configureWays(settings: Settings, makers: readonly WayMaker[]): void {
    this.webhooks?.configure(settings);
    this.lineEvents.configure(settings, makers);
  }

  /** Has the next connection tell those who want all events, or not. Returns whether there was one. */
  #tellNext(): boolean {
    const { done, value } = this.#toTell.next();
    if (!done) value.tellBus();
    return !done;
  }

  /** A socket of a way of telling is about to connect: if it gets to a port of ours, nothing is told of that. */
  readonly #dialing = (socket: Socket): void => this.own.dialing(socket, TELLER_ORIGIN);

  /** Obeys these settings from now on. */
  configure(settings: Settings): void {
    const inUse = new Set(this.registry.all().map(({ notificationSender }) => notificationSender));
    this.luupClients.configure(settings.vera, (client) => inUse.has(client) || this.finalNotifications.uses(client));
    this.alerts.configure(settings);
    this.own.followsProxies = followsProxies(settings);
    this.monitor.configure(settings);
  }
}
