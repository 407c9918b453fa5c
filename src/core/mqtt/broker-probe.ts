import type { Qos } from "./mqtt-message.js";

/** What a broker takes. */
export interface BrokerAbilities {
  readonly qos: Qos;
  readonly retain: boolean;
}

/** A broker may stop just now: so many closes without a reason, one after the other, mean something. */
const MUTE_ENDS = 2;

/**
 * Finds out what a broker does not take. With MQTT 3.1.1 it cannot say that: it closes the connection (mosquitto with `max_qos 0` or
 * `retain_available false`), or acknowledges nothing (openLuup). Then less is asked for, step by step.
 */
export class BrokerProbe {
  readonly #steps: readonly BrokerAbilities[];
  #step = 0;
  /** Connections in a row that the broker has closed early and without a reason. */
  #muteEnds = 0;
  #acknowledges = true;
  #wasFruitless = false;

  /** @param wanted what the configuration asks for */
  constructor({ qos, retain }: BrokerAbilities) {
    const steps: BrokerAbilities[] = [{ qos, retain }];
    if (retain) steps.push({ qos, retain: false });
    if (qos > 0) steps.push({ qos: 0, retain });
    if (retain && qos > 0) steps.push({ qos: 0, retain: false });
    this.#steps = steps;
  }

  /** What to ask the broker for now. */
  get abilities(): BrokerAbilities {
    const { qos, retain } = this.#steps[this.#step] ?? { qos: 0, retain: false };
    return { qos: this.#acknowledges ? qos : 0, retain };
  }

  /** What the configuration asks for, and the broker does not take, as far as is known. */
  get lacks(): ("qos" | "retain")[] {
    const [wanted] = this.#steps;
    const { qos, retain } = this.abilities;
    return [
      ...(wanted !== undefined && wanted.qos > qos ? (["qos"] as const) : []),
      ...(wanted?.retain === true && !retain ? (["retain"] as const) : []),
    ];
  }

  /** The next connection asks for less than the one before it: that is soon over, and needs no longer wait. */
  get isSearching(): boolean {
    return this.#step > 0 || this.#muteEnds > 0;
  }

  /** The broker has closed connections however little was asked for, and no other one has come since: it dislikes something else. */
  get isFruitless(): boolean {
    return this.#wasFruitless;
  }

  /**
   * A connection has ended.
   *
   * @param isMute early, and without a reason
   */
  ended(isMute: boolean): void {
    if (isMute) {
      this.#muteEnds += 1;
      if (this.#muteEnds < MUTE_ENDS && this.#step === 0) return;
      this.#step = (this.#step + 1) % this.#steps.length;
      this.#muteEnds = 0;
      if (this.#step === 0) this.#wasFruitless = true;
      return;
    }
    this.#wasFruitless = false;
    if (this.#step > 0) {
      this.#step = 0; // perhaps it was restarted with other settings; the first refusal leads back
      this.#muteEnds = MUTE_ENDS - 1;
    } else {
      this.#muteEnds = 0;
    }
  }

  /** Messages with QoS 1 went out long ago, and none of them was acknowledged. */
  unacknowledged(): void {
    this.#acknowledges = false;
  }
}

/** The end of a sentence about a connection to such a broker. */
export function lackText(lacks: BrokerProbe["lacks"]): string {
  if (lacks.length === 0) return "";
  const words = { qos: "QoS 1", retain: "retained messages" };
  return `, without ${lacks.map((lack) => words[lack]).join(" and ")}: the broker does not take that`;
}
