import { type BrokerAbilities, BrokerProbe, lackText } from "../core/mqtt/broker-probe.js";
import type { FixedMessage, MqttMessage } from "../core/mqtt/mqtt-message.js";
import type { MqttStatus } from "../core/mqtt/mqtt-status.js";
import { Outgoing } from "../core/mqtt/outgoing.js";
import { formatHostPort } from "../core/net/address.js";
import type { Attempt } from "../sockets/connecting.js";
import type { Timer } from "../system/clock.js";
import { dialBroker } from "./broker-dial.js";
import { BrokerOutages } from "./broker-outages.js";
import { BrokerSession } from "./broker-session.js";
import type { BrokerSettings, Legacy, LinkContext, LinkOwner } from "./broker-settings.js";
import { Deliveries } from "./deliveries.js";
import { PrefixClaim } from "./prefix-claim.js";

/** With a broker that is away, the newest messages matter; some minutes of a busy house fit in. */
const OUTBOX = { messages: 10_000, bytes: 4_194_304 };
/** Status, values and discovery of thousands of lines. */
const RETAINED = { topics: 20_000, bytes: 16_777_216 };

/**
 * Why a link ends: the daemon stops, or begins another one; it moves to another broker or prefix, and takes what is kept away; or another
 * process goes on.
 */
export type LeaveReason = "stops" | "moves" | "replaced";

interface Online {
  readonly kind: "online";
  readonly session: BrokerSession;
  readonly deliveries: Deliveries;
  /** The broker has sent back that the daemon is online: it takes what is asked of it. */
  works: boolean;
}

type State =
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "dialing"; readonly attempt: Attempt }
  | { readonly kind: "greeting"; readonly session: BrokerSession }
  | Online
  | { readonly kind: "closed" };

/** Keeps one connection to the broker, and what is to be published meanwhile. */
export class BrokerLink {
  readonly #settings: BrokerSettings;
  readonly #context: LinkContext;
  readonly #owner: LinkOwner;
  readonly #outgoing = new Outgoing(OUTBOX, RETAINED);
  readonly #probe: BrokerProbe;
  readonly #outages: BrokerOutages;
  readonly #claim: PrefixClaim;
  #state: State = { kind: "closed" };
  #connects = 0;
  #published = 0;
  #received = 0;
  #whenSaid: (() => void) | undefined;
  /** Says goodbye just now. */
  #leaving: BrokerSession | undefined;

  constructor(settings: BrokerSettings, context: LinkContext, owner: LinkOwner) {
    this.#settings = settings;
    this.#context = context;
    this.#owner = owner;
    this.#probe = new BrokerProbe(settings);
    this.#outages = new BrokerOutages(settings, context, this.#probe);
    this.#claim = new PrefixClaim(settings, context, {
      say: (payload) => this.send({ topic: this.#presenceTopic, payload, qos: settings.qos, retain: false }),
      shared: () => this.repeat(),
    });
    this.keep(settings.statusTopic, "online");
  }

  get status(): MqttStatus {
    const connected = this.#state.kind === "online";
    const { sinceMs, why } = this.#outages;
    return {
      broker: this.#name,
      prefix: this.#settings.prefix,
      connected,
      sinceMs,
      ...(why !== undefined && { why }),
      lacks: this.#probe.lacks,
      sharedWith: this.#claim.sharers,
      waiting: this.#outgoing.size,
      waitingBytes: this.#outgoing.bytes,
      published: this.#published,
      received: this.#received,
      dropped: this.#outgoing.dropped,
      droppedNow: this.#outgoing.droppedNow,
      connects: this.#connects,
    };
  }

  get #name(): string {
    return formatHostPort(this.#settings.broker.target);
  }

  /** What waits for a broker that is there. */
  get backlog(): Pick<Outgoing, "size" | "bytes"> | undefined {
    return this.#state.kind === "online" ? this.#outgoing : undefined;
  }

  /** The ids of other daemons below the same prefix; undefined: they are not known yet. */
  get others(): ReadonlySet<string> | undefined {
    return this.#claim.others;
  }

  get #presenceTopic(): string {
    return `${this.#settings.statusTopic}/daemon`;
  }

  /** Begins to connect. */
  start(): void {
    if (this.#state.kind === "closed") this.#dial();
  }

  /** Publishes a message that nobody keeps, when the broker is there. */
  send(message: MqttMessage): void {
    this.#add(() => this.#outgoing.send(message));
  }

  /** Counts a message as dropped. */
  refuse(): void {
    this.#add(() => this.#outgoing.refuse());
  }

  /**
   * Publishes a message that the broker keeps, now and on each connection. An empty one takes the topic away, unless what is there may be
   * another daemon's.
   */
  keep(topic: string, payload: string | Buffer, qos = this.#settings.qos): void {
    if (payload.length === 0 && this.#isOthers(topic)) this.#outgoing.leave(topic);
    else this.#add(() => this.#outgoing.keep(topic, payload, qos));
  }

  /** While another daemon has the prefix, too, nobody knows which of them has published below it last. */
  #isOthers(topic: string): boolean {
    const { sharers } = this.#claim;
    if (sharers.length === 0) return false;
    const maker = this.#owner.makerOf(topic);
    return topic.startsWith(`${this.#settings.prefix}/`) || sharers.some(({ id }) => id === maker);
  }

  /** Takes a topic away that is not kept here: the broker has it of an earlier run. */
  forget(topic: string): void {
    if (!this.#outgoing.keeps(topic)) this.keep(topic, "");
  }

  /**
   * Publishes everything that is kept once more: those that listen may have lost it. `online` comes last: what the broker still has of
   * values is old, and Home Assistant would show it as new for a moment.
   */
  repeat(): void {
    this.#outgoing.repeat(this.#settings.statusTopic);
    this.#pump();
  }

  subscribe(topic: string): void {
    if (this.#state.kind === "online") this.#state.session.subscribe([topic], this.#abilities.qos);
  }

  unsubscribe(topic: string): void {
    if (this.#state.kind === "online") this.#state.session.unsubscribe(topic);
  }

  /**
   * Says `offline`, where nobody goes on with the topics, and goodbye. Resolves when the broker has all that waits, or is not there; the
   * caller limits the time, and calls {@link destroy} then.
   */
  async close(why: LeaveReason): Promise<void> {
    if (why === "moves") for (const { topic } of this.#ownKept) this.keep(topic, "");
    if (why !== "replaced") this.keep(this.#settings.statusTopic, "offline");
    this.#claim.leave();
    if (this.#state.kind === "online") {
      await new Promise<void>((resolve) => {
        this.#whenSaid = resolve;
        this.#pump();
      });
    }
    const state = this.#state;
    if (state.kind === "online") {
      state.deliveries.stop();
      this.#state = { kind: "closed" };
      this.#leaving = state.session;
      await state.session.end();
    }
    this.destroy();
  }

  /** Ends the connection at once. */
  destroy(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "waiting") state.timer.cancel();
    if (state.kind === "dialing") state.attempt.cancel();
    if (state.kind === "online") state.deliveries.stop();
    this.#claim.ended();
    if (state.kind === "online" || state.kind === "greeting") state.session.destroy();
    this.#leaving?.destroy();
    this.#whenSaid?.();
  }

  /** What waits, and what is kept: for the link that comes after this one. */
  get legacy(): Legacy {
    return { waiting: this.#outgoing.takeAll(), kept: this.#ownKept };
  }

  /** What the broker keeps besides the status. */
  get #ownKept(): FixedMessage[] {
    return this.#outgoing.kept.filter(({ topic }) => topic !== this.#settings.statusTopic);
  }

  get #abilities(): BrokerAbilities {
    return this.#probe.abilities;
  }

  #add(add: () => void): void {
    const before = this.#outgoing.droppedNow;
    add();
    if (before === 0 && this.#outgoing.droppedNow > 0)
      this.#context.log.warn(`mqtt: too many messages wait for ${this.#name}; the oldest are dropped`);
    this.#pump();
  }

  #dial(): void {
    const { broker, tls } = this.#settings;
    const attempt = dialBroker(broker.target, tls, this.#context, {
      connected: (socket) => {
        const session = new BrokerSession(socket, this.#greeting, {
          connected: () => this.#online(session),
          message: (topic, payload, isRetained) => this.#heard(topic, payload, isRetained),
          closed: (why, isMute) => this.#closed(why, isMute),
          refused: (topics, why) => {
            const missed = topics.filter((topic) => !topic.startsWith(this.#settings.statusTopic)); // who may write only loses little by that
            if (missed.length === 0) return;
            this.#context.log.warn(`mqtt: ${this.#name} refuses to subscribe to ${missed.join(", ")} (${why})`);
          },
        });
        this.#state = { kind: "greeting", session };
      },
      failed: (error) => this.#closed(error.message, false),
    });
    this.#state = { kind: "dialing", attempt };
  }

  get #greeting() {
    const { clientId, user, password, statusTopic } = this.#settings;
    const { qos, retain } = this.#abilities;
    return { clientId, user, password, will: { topic: statusTopic, payload: "offline", qos, retain } };
  }

  #online(session: BrokerSession): void {
    const { log, clock } = this.#context;
    const deliveries = new Deliveries(session, this.#outgoing, this.#probe, clock, {
      published: () => {
        this.#published += 1;
      },
      isMute: () =>
        log.warn(`mqtt: ${this.#name} acknowledges nothing: it is sent QoS 0 from now on (qos=0 in [mqtt] says so)`),
      allSaid: () => this.#whenSaid?.(),
    });
    this.#state = { kind: "online", session, deliveries, works: false };
    this.#outages.began();
    this.#connects += 1;
    log.info(`mqtt: connected to ${this.#name}${lackText(this.#probe.lacks)}`);
    session.subscribe([this.#settings.statusTopic, this.#presenceTopic], this.#abilities.qos);
    session.subscribe(this.#owner.topics(), this.#abilities.qos);
    this.repeat();
    this.#claim.began();
  }

  /**
   * The broker has sent a message. One that says that this daemon is `offline` is the last will of a connection that was cut before this one
   * began, which a broker finds out 45 s later; or the goodbye of another daemon that had this prefix.
   */
  #heard(topic: string, payload: Buffer, isRetained: boolean): void {
    const state = this.#state;
    if (topic === this.#presenceTopic) {
      this.#claim.heard(payload.toString());
    } else if (topic !== this.#settings.statusTopic) {
      this.#received += 1;
      this.#owner.message(topic, payload, isRetained);
    } else if (state.kind === "online" && this.#whenSaid === undefined) {
      const text = payload.toString();
      this.#claim.status(text);
      if (isRetained) return;
      if (text === "online") state.works = true;
      else this.keep(topic, "online");
    }
  }

  #closed(why: string, isMute: boolean): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    if (state.kind === "online") {
      this.#claim.ended();
      state.deliveries.ended();
    }
    const waitMs = this.#outages.ended({ why, isMute, worked: state.kind === "online" && state.works });
    this.#state = { kind: "waiting", timer: this.#context.clock.after(waitMs, () => this.#dial()) };
    this.#whenSaid?.();
  }

  #pump(): void {
    if (this.#state.kind === "online") this.#state.deliveries.pump();
  }
}
