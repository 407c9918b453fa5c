import { type Ability, NO_ABILITIES, OWN_ABILITIES } from "../core/tunnel/abilities.js";
import type { SendableCommand } from "../core/tunnel/frames.js";
import type { SendScheduler } from "./send-scheduler.js";

type PeerScheduler = Pick<SendScheduler, "peerAnswersPings" | "sendPongs" | "pongReceived" | "send">;

/**
 * What a link knows of its peer. One that sends or answers PINGs is one of our own programs. It gets HELLO, and its own HELLO tells what
 * it can do; sockproxyd 1.7 says none.
 */
export class LinkPeer {
  readonly #scheduler: PeerScheduler;
  readonly #instance: string | undefined;
  /** PINGs of this time slice. */
  #pings = 0;
  #greeted = false;
  #hasAnswered = false;
  #abilities = NO_ABILITIES;

  /** @param instance tells this device from others; undefined on the server */
  constructor(scheduler: PeerScheduler, instance?: string) {
    this.#scheduler = scheduler;
    this.#instance = instance;
  }

  /** Whether the peer is one of our own programs: only those answer pings, and confirm a CLOSE. */
  get isOurOwn(): boolean {
    return this.#scheduler.peerAnswersPings;
  }

  /** Whether the peer may still say HELLO: it comes before its first PONG. */
  get awaitsHello(): boolean {
    return this.isOurOwn && !this.#hasAnswered;
  }

  /** Whether the peer has this ability, as far as it has said so by now. */
  can(ability: Ability): boolean {
    return this.#abilities.has(ability);
  }

  helloReceived({ abilities }: SendableCommand & { kind: "hello" }): void {
    this.#abilities = abilities;
  }

  pingReceived(): void {
    this.#pings += 1;
  }

  pongReceived(): void {
    this.#scheduler.pongReceived();
    this.#hasAnswered = true;
    this.#greet();
  }

  /**
   * Answers the PINGs that have come since the last call, in one write.
   *
   * @returns whether there were any
   */
  answerPings(): boolean {
    if (this.#pings === 0) return false;
    this.#greet(true);
    this.#scheduler.sendPongs(this.#pings);
    this.#pings = 0;
    return true;
  }

  #greet(sendsPings = false): void {
    if (this.#greeted || !(sendsPings || this.isOurOwn)) return;
    this.#greeted = true;
    const instance = this.#instance === undefined ? {} : { instance: this.#instance };
    this.#scheduler.send({ kind: "hello", abilities: new Set(OWN_ABILITIES), ...instance });
  }
}
