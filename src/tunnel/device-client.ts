import { CLOSE_ENDS, DEVICE_ENDS, type EndKind } from "../core/limits/end-rules.js";
import { backlogChanged, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import { DEFAULT_OPTIONS } from "../core/options/conn-options.js";
import { type Dial, dial } from "../dial/dial.js";
import { Relay, type RelayEnding, type RelayOwner } from "../relay/relay.js";
import { NO_EARLY_BYTES } from "../sockets/early-data.js";
import { type End, endedBy, IGNORE_EVENTS, wasEndedBy } from "../sockets/end.js";
import { resetLingering } from "../sockets/lingering-close.js";
import { peerBacklog } from "../sockets/peer-backlog.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Channel } from "./channel.js";
import type { TunnelContext } from "./tunnel-context.js";

/** What a client tells its device. */
export interface DeviceClientOwner {
  /** The client has closed. Told once. @param silent it came and went without a byte */
  over(reason: string, silent: boolean): void;
  fault(error: unknown): void;
}

type State =
  | { readonly kind: "dialing" }
  | { readonly kind: "relaying"; readonly remote: End; readonly relay: Relay }
  | { readonly kind: "finished" };

/** One client of a link, on the device's side: connects to its service and relays. */
export class DeviceClient implements RelayOwner {
  readonly #channel: Channel;
  readonly #context: TunnelContext;
  readonly #owner: DeviceClientOwner;
  readonly #dial: Dial;
  #state: State = { kind: "dialing" };
  /** What the service had not taken at the last look. */
  #lastBacklog: PeerBacklog | undefined;

  constructor(
    channel: Channel,
    service: HostPort,
    origin: ClientOrigin,
    context: TunnelContext,
    owner: DeviceClientOwner,
  ) {
    this.#channel = channel;
    this.#context = context;
    this.#owner = owner;
    const request = { target: service, options: DEFAULT_OPTIONS };
    this.#dial = dial(request, origin, context);
    channel.events = {
      ...IGNORE_EVENTS,
      closed: () => this.#finish(this.#channel.isClosedThere ? endedBy("client") : "link lost"),
      fault: (error) => owner.fault(error),
    };
    this.#dial.end
      .then(
        (remote) => this.#connected(remote),
        (error: Error) => this.#finish(error.message),
      )
      .catch((error: unknown) => owner.fault(error));
  }

  #connected(remote: End): void {
    if (this.#state.kind === "finished") {
      remote.destroy();
      return;
    }
    const stream = streamOf(remote);
    if (stream !== undefined) this.#context.deadPeers.add(stream);
    const rules = this.#channel.passesFin ? DEVICE_ENDS : CLOSE_ENDS;
    const relay = new Relay(this.#channel, remote, DEFAULT_OPTIONS, rules, this.#context.clock, this);
    this.#state = { kind: "relaying", remote, relay };
    relay.start(NO_EARLY_BYTES);
  }

  writtenToClient(): void {}

  writtenToRemote(): void {}

  clientDrained(): void {}

  remoteEnded(): void {}

  /**
   * The kernel of this machine knows nothing of the client: only its CLOSE tells that it has gone. Without that a service that does not
   * read would keep the client's bytes for ever.
   */
  clientState(): Promise<PeerState> {
    return Promise.resolve(this.#channel.isClosedThere ? "ended" : "present");
  }

  /** What the service has not taken. Asked once a side has ended: then the server counts the silence, and has to know while that moves. */
  async backlogOf(end: End): Promise<PeerBacklog> {
    const backlog = await peerBacklog(end, this.#context.sockets);
    if (end === this.#channel) return backlog;
    const hasMoved = backlogChanged(backlog, this.#lastBacklog ?? backlog);
    this.#lastBacklog = backlog;
    if (hasMoved || backlog.unacknowledged > 0 || end.unsent > 0) this.#channel.tellWaiting();
    return backlog;
  }

  /** The service has ended, and all its bytes are on their way to the client. A server that does not know FIN gets CLOSE (docs/tunnel.md). */
  clientFinished(): void {
    if (!this.#channel.passesFin) this.#finish("by service");
  }

  relayEnded({ reason, toClient, writtenAt }: RelayEnding): void {
    if (toClient === "reset") this.resetRemote(this.#channel, writtenAt);
    this.#finish(reason, toClient);
  }

  resetRemote(remote: End, writtenAt: number): void {
    resetLingering(remote, writtenAt, this.#context, (error) => this.#owner.fault(error));
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
    this.#finish("fault in the program");
  }

  /** @param toClient `end`: what the client has not been sent is lost; `reset`: it is being reset */
  #finish(reason: string, toClient: EndKind = "end"): void {
    const state = this.#state;
    if (state.kind === "finished") return;
    this.#state = { kind: "finished" };
    const isSilent = this.#isSilent(state.kind === "relaying" ? state.relay : undefined);
    if (state.kind === "dialing") this.#dial.abort();
    else {
      state.relay.close(reason);
      const stream = streamOf(state.remote);
      if (stream?.gone) this.#context.deadPeers.remove(stream); // one that waits for its reset may still vanish
    }
    if (toClient === "end") this.#channel.destroy();
    this.#owner.over(reason, isSilent);
  }

  /** Whether the client came and went without a byte. The side that has ended first is the cause. */
  #isSilent({ receivedBytes = 0, sentBytes = 0, reason }: Partial<Relay> = {}): boolean {
    if (receivedBytes + sentBytes + this.#channel.pending > 0) return false;
    return reason === undefined ? this.#channel.isClosedThere : wasEndedBy("client", reason);
  }
}
