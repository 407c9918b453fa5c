import type { Pass } from "../accept/door.js";
import type { AcceptedClient, Listener, ReplyMode } from "../accept/listener.js";
import { CONN_ENDS, type EndRules } from "../core/limits/end-rules.js";
import { SLOW_READER_LIMIT_MS } from "../core/limits/idle-deadlines.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { errorReply } from "../core/setup/run-command.js";
import type { NotifyStatus } from "../core/status/daemon-status.js";
import { type Dial, dial } from "../dial/dial.js";
import { retryingDial } from "../dial/retrying-dial.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { Relay, RelayEnding } from "../relay/relay.js";
import { type EarlyBytes, NO_EARLY_BYTES } from "../sockets/early-data.js";
import { type End, wasEndedBy } from "../sockets/end.js";
import { closeLingering, type Parting } from "../sockets/lingering-close.js";
import { StreamEnd } from "../sockets/stream-end.js";
import { BaseConnection, type FormerTime } from "./base-connection.js";
import { AT_ONCE, type ConnectionContext, LAST_REPLY, type Phase, type RelayedConnection } from "./connection-phase.js";
import type { RegisteredConnection } from "./connection-registry.js";
import { DialPhase, type DialPhaseOwner, type DialTask, type ReachedRemote } from "./dial-phase.js";
import type { FormerRelay } from "./former-relay.js";
import { parkingAddress } from "./parking.js";
import { parkingTerms, withParking } from "./parking-dial.js";
import { RelayPhase, type RelayPhaseOwner } from "./relay-phase.js";
import { SetupPhase, type SetupPhaseOwner } from "./setup-phase.js";
import type { ConnectedLine } from "./tellable-connection.js";

/** One client, from its arrival to its end: the phase it is in, and the one way it closes. */
export class Connection
  extends BaseConnection<StreamEnd, ConnectionContext>
  implements AcceptedClient, RegisteredConnection, SetupPhaseOwner, DialPhaseOwner, RelayPhaseOwner
{
  readonly #ends: EndRules;
  readonly #line: ConnectedLine;
  #phase: Phase = { kind: "new" };
  /** The client has been sent everything, and FIN behind it; or it is gone. */
  #isClientFinished = false;

  /**
   * @param listener of the port that the client has connected to
   * @param pass of a line that limits its clients
   * @param former since when another process has had the connection, which it has handed over
   */
  constructor(
    id: string,
    client: StreamEnd,
    origin: ClientOrigin,
    listener: Pick<Listener, "name" | "port" | "section" | "ends">,
    context: ConnectionContext,
    pass?: Pass,
    former?: FormerTime,
  ) {
    super(id, client, origin, listener, context, pass, former);
    this.#ends = listener.ends ?? CONN_ENDS;
    this.#line = listener;
    context.deadPeers.add(client);
    const { security } = client;
    if (former === undefined)
      this.log.info(`opened on ${listener.name}${security === undefined ? "" : ` (${security})`}`);
    else {
      this.log.release();
      this.log.info(`taken over on ${listener.name}`);
    }
  }

  beginSetup(): void {
    this.#phase = new SetupPhase(this, this.client, this.log, this.context);
  }

  connect(request: ConnRequest, replyMode: ReplyMode, startDial: () => Dial): void {
    const early = this.pass?.early ?? NO_EARLY_BYTES;
    this.#dial({ request, replyMode, early, startDial: () => this.placedDial(startDial, request) });
  }

  handOver(take: Parameters<AcceptedClient["handOver"]>[0]): void {
    const owner = take(
      this.client,
      (reason) => this.#close(reason, AT_ONCE),
      () => this.log.release(),
    );
    if (this.#phase.kind === "new") this.#phase = { kind: "linked", owner };
  }

  dial(request: ConnRequest, early: EarlyBytes): void {
    const { target, options } = request;
    const startDial = (): Dial =>
      retryingDial({ options, servers: 1 }, this.context.clock, (connectTimeoutMs) =>
        dial({ target, options: { ...options, connectTimeoutMs } }, this.originFor(request), this.context),
      );
    this.#dial({ request, replyMode: "setup", early, startDial });
  }

  /** Goes on with a remote that another process has handed over. */
  resume(request: ConnRequest, reached: Dial, former: FormerRelay): void {
    const startDial = (): Dial => this.placedDial(() => reached, request);
    const parking = parkingTerms(request, this.origin, this.context.parking);
    const task: DialTask = { request, replyMode: "direct", early: NO_EARLY_BYTES, startDial, parking, former };
    this.#phase = new DialPhase(task, this.client, this.context.clock, this.log, this);
  }

  ended(reason: string): void {
    this.#close(reason, LAST_REPLY);
  }

  #dial(wanted: DialTask): void {
    const mayBeParked = wanted.request.options.parkMs > 0 || this.context.parking.isInUse;
    const task = mayBeParked ? withParking(wanted, this.client, this.origin, this.pass, this.context) : wanted;
    this.#phase = new DialPhase(task, this.client, this.context.clock, this.log, this);
  }

  connected(remote: ReachedRemote, early: EarlyBytes): void {
    const line = this.origin.tells ? undefined : this.#line; // what the daemon itself tells would be told without end
    const phase = new RelayPhase(remote, this.client, line, this.#ends, this.log, this.context, this);
    this.#phase = phase;
    phase.start(early, remote.waiting);
  }

  /** What another process would go on with, while bytes are relayed; undefined otherwise. */
  get relayed(): RelayedConnection | undefined {
    const { client, openedEpochMs } = this;
    if (this.#phase.kind !== "echo") return undefined;
    const now = this.context.clock.now();
    return { client, relaying: this.#phase, openedEpochMs, ageMs: now - this.openedAt, now };
  }

  /** Another process goes on with the connection: here it ends without a word to anybody. */
  letGo(text: string): void {
    const phase = this.#phase;
    if (phase.kind !== "echo") return;
    this.log.release();
    this.log.info(text);
    const { remote } = phase.relay;
    phase.letGo();
    this.#phase = { kind: "closing", how: "end", reason: text, request: phase.request };
    this.#isClientFinished = true;
    for (const end of [this.client, remote]) {
      if (end instanceof StreamEnd) end.keeper = undefined; // its peer sees nothing of this end
      end.destroy();
    }
    this.context.changed(this);
  }

  refused(reply: string): void {
    this.#close(reply, LAST_REPLY);
  }

  clientLeft(reason: string): void {
    this.#close(reason, AT_ONCE);
  }

  relayEnded({ reason, toClient, isReset, writtenAt }: RelayEnding): void {
    this.isReset = isReset;
    this.#close(reason, { how: toClient, limitMs: SLOW_READER_LIMIT_MS, writtenAt });
  }

  /** Ends the connection because the daemon ends. */
  stop(reason: string): void {
    try {
      if (this.#phase.kind === "echo") this.#phase.stop(reason);
      if (this.#phase.kind === "dialing") this.#phase.refuse(errorReply("CONN", reason));
      this.#close(reason, LAST_REPLY);
    } catch (error) {
      this.fault(error);
    }
  }

  get isPresent(): boolean {
    return this.#phase.kind !== "closing" && (!this.client.hasEnded || this.isAway);
  }

  mayReturnFrom(origin: ClientOrigin): boolean {
    return this.isAway && parkingAddress(origin) === parkingAddress(this.origin);
  }

  get isAway(): boolean {
    return this.#phase.kind === "echo" && this.#phase.isParked;
  }

  clientParked(): void {
    this.context.deadPeers.remove(this.client);
    this.context.changed(this);
  }

  remoteTaken(): Pass | undefined {
    this.#close("the client is back, and has its connection again", AT_ONCE);
    return this.pass;
  }

  /** The client is cut, and not ended: it must not take what it has got for everything. */
  evict(reason: string): void {
    try {
      const phase = this.#phase;
      if (phase.kind === "dialing") phase.refuse(errorReply("CONN", reason));
      else this.client.reset();
      if (phase.kind === "echo") phase.giveWay(reason);
      this.#close(reason, LAST_REPLY);
    } catch (error) {
      this.fault(error);
    }
  }

  get streams(): readonly TracedStream[] {
    return this.#phase.kind === "echo" ? this.#phase.streams : [];
  }

  get isWatching(): boolean {
    return this.#phase.kind === "watching";
  }

  get isEndAnnounced(): boolean {
    return this.#phase.kind === "closing" && this.#isClientFinished && (this.#relaying?.isPluginNotified ?? true);
  }

  protected get shownPhase(): Phase {
    return this.#phase;
  }

  protected override get notifyStatus(): NotifyStatus | undefined {
    return this.#relaying?.notifyStatus;
  }

  protected override get tellStatuses(): readonly NotifyStatus[] {
    return this.#relaying?.tellStatuses ?? [];
  }

  protected get relay(): Relay | undefined {
    return this.#relaying?.relay;
  }

  tellBus(): void {
    if (this.#phase.kind === "echo" && !this.origin.tells) this.#phase.tellBus(this.id, this.#line);
  }

  get #request(): ConnRequest | undefined {
    return "request" in this.#phase ? this.#phase.request : undefined;
  }

  /** The phase that relays, or that did until the connection began to close. */
  get #relaying(): RelayPhase | undefined {
    if (this.#phase.kind === "echo") return this.#phase;
    return this.#phase.kind === "closing" ? this.#phase.relayed : undefined;
  }

  /**
   * The one way a connection closes: one line in the log, then FIN or a reset to the client, then the final notification to the plugin.
   *
   * @param parting how, and how long the client may take nothing of its last bytes
   */
  #close(reason: string, parting: Parting): void {
    const phase = this.#phase;
    if (phase.kind === "closing") return;
    const [request, relayed] = [this.#request, this.#relaying];
    this.#phase = { kind: "closing", how: parting.how, reason, request, relayed };
    const text = this.endText(reason);
    if (phase.kind === "dialing" && phase.isHeard) this.log.release();
    const client = phase.kind === "linked" ? "remote" : "client"; // the link calls its peer so
    if (this.log.closed(text, wasEndedBy(client, reason))) this.context.clients.of(this.listener).silent += 1;
    if (request !== undefined) this.log.show(request, "DISCONNECT", () => text);
    if (phase.kind === "linked") phase.owner.close(reason);
    else if (phase.kind !== "new") phase.close();
    closeLingering(this.client, parting, this.context, {
      drained: () => relayed?.drained(),
      finished: () => this.clientFinished(),
      gone: () => this.#clientGone(),
      fault: (error) => this.fault(error),
    });
  }

  clientFinished(): void {
    if (this.#isClientFinished) return;
    this.#isClientFinished = true;
    this.#relaying?.final(this.#phase.kind === "closing" ? this.#phase.reason : (this.relay?.reason ?? "by remote"));
    this.pluginNotified();
  }

  pluginNotified(): void {
    this.context.changed(this);
  }

  #clientGone(): void {
    this.context.deadPeers.remove(this.client);
    this.clientFinished();
    this.#relaying?.clientGone();
    this.context.changed(this);
  }

  /** Handles an error of the program itself: it costs this connection and no other. */
  fault(error: unknown): void {
    this.log.fault(error);
    try {
      if (this.relay !== undefined) this.#cut(this.relay.remote);
      this.#close("fault in the program", LAST_REPLY);
    } finally {
      this.#cut(this.client);
    }
  }

  abandon(): void {
    if (this.#phase.kind === "closing" && this.#phase.how === "reset") this.client.reset();
  }

  /** What this side has got must not look like the whole, where the line passes that on. */
  #cut(end: End): void {
    if (this.#ends.onCut === "reset") end.reset();
    else end.destroy();
  }
}
