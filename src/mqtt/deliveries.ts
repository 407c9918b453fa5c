import type { BrokerProbe } from "../core/mqtt/broker-probe.js";
import type { FixedMessage, Qos } from "../core/mqtt/mqtt-message.js";
import type { Outgoing } from "../core/mqtt/outgoing.js";
import type { Clock } from "../system/clock.js";
import { AckWatch } from "./ack-watch.js";
import type { BrokerSession } from "./broker-session.js";

/** Messages under way: brokers take at least 20 at a time. */
const MAX_IN_FLIGHT = 20;
const ENOUGH_UNSENT = 65_536; // bytes for the kernel

/** What it tells the link. */
export interface DeliveriesOwner {
  published(): void;
  /** The broker is there and acknowledges nothing: it gets QoS 0 from now on. */
  isMute(): void;
  /** Nothing waits, and nothing is under way. */
  allSaid(): void;
}

/** Publishes on one session what waits, a bounded number of messages at a time. */
export class Deliveries {
  readonly #session: BrokerSession;
  readonly #outgoing: Outgoing;
  readonly #probe: BrokerProbe;
  readonly #clock: Clock;
  readonly #owner: DeliveriesOwner;
  readonly #acks: AckWatch;
  /** Messages that went out and are not settled, the oldest first: since when. */
  readonly #inFlight = new Map<FixedMessage, number>();
  #isOver = false;

  constructor(session: BrokerSession, outgoing: Outgoing, probe: BrokerProbe, clock: Clock, owner: DeliveriesOwner) {
    this.#session = session;
    this.#outgoing = outgoing;
    this.#probe = probe;
    this.#clock = clock;
    this.#owner = owner;
    const oldest = (): number | undefined => this.#inFlight.values().next().value;
    this.#acks = new AckWatch(clock, session, oldest, () => this.#isMute());
  }

  /** Gives the session what it takes now. */
  pump(): void {
    while (!this.#isOver && this.#inFlight.size < MAX_IN_FLIGHT && this.#session.unsent < ENOUGH_UNSENT) {
      const message = this.#outgoing.take();
      if (message === undefined) break;
      this.#publish(message);
    }
    if (this.#inFlight.size === 0 && this.#outgoing.size === 0) this.#owner.allSaid();
  }

  /** Publishes nothing more. */
  stop(): void {
    this.#isOver = true;
    this.#acks.stop();
  }

  /** The session has ended: what was under way may go again on the next one. */
  ended(): void {
    this.stop();
    this.#outgoing.unsettled([...this.#inFlight.keys()]);
  }

  #publish(message: FixedMessage): void {
    const { qos, retain } = this.#probe.abilities;
    this.#inFlight.set(message, this.#clock.now());
    this.#owner.published();
    const asked = { ...message, qos: Math.min(message.qos, qos) as Qos, retain: message.retain && retain };
    if (asked.qos === 1) this.#acks.sent();
    this.#session.publish(asked, () => {
      if (!this.#inFlight.delete(message)) return;
      if (asked.qos === 1) this.#acks.stop();
      this.#outgoing.settled(message);
      this.pump();
    });
  }

  /** What the broker has got counts as arrived. */
  #isMute(): void {
    this.#probe.unacknowledged();
    this.#owner.isMute();
    for (const message of this.#inFlight.keys()) this.#outgoing.settled(message);
    this.#inFlight.clear();
    this.pump();
  }
}
