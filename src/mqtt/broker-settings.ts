import type { MqttBroker } from "../core/mqtt/mqtt-broker.js";
import type { FixedMessage, MqttMessage, Qos } from "../core/mqtt/mqtt-message.js";
import type { Publisher } from "../core/mqtt/prefix-sharing.js";
import type { Log } from "../log/log.js";
import type { RaceContext } from "../sockets/host-race.js";
import type { BrokerTls } from "./broker-dial.js";

/** How a broker is reached, and what it is told. */
export interface BrokerSettings {
  readonly broker: MqttBroker;
  readonly tls: BrokerTls | undefined;
  readonly clientId: string;
  /** The daemon has made it: nobody else has it. */
  readonly isOwnId: boolean;
  readonly user: string;
  readonly password: string;
  readonly prefix: string;
  /** The topic that says whether the daemon is there: `online`, or `offline` by the last will. */
  readonly statusTopic: string;
  /** This process, as other daemons hear of it. */
  readonly publisher: Publisher;
  readonly qos: Qos;
  readonly retain: boolean;
}

/** The parts of the daemon that a link uses. */
export interface LinkContext extends RaceContext {
  readonly log: Log;
}

/** Told by a link. */
export interface LinkOwner {
  /** The topics to subscribe to: asked at the beginning of each session. */
  topics(): readonly string[];
  message(topic: string, payload: Buffer, isRetained: boolean): void;
  /** The id of the last other process that has published a topic outside of the prefix, as far as that is known. */
  makerOf(topic: string): string | undefined;
}

/** What a link leaves to the one after it. */
export interface Legacy {
  readonly waiting: readonly MqttMessage[];
  readonly kept: readonly FixedMessage[];
}
