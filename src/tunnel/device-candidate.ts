import type { TunnelCommand } from "../core/tunnel/frames.js";
import type { SessionCommand } from "../core/tunnel/session-frames.js";
import type { TunnelOptions } from "../core/tunnel/tunnel-options.js";
import type { Clock, Timer } from "../system/clock.js";
import { type Introduction, identify } from "./device-authentication.js";
import type { DeviceSlot } from "./device-slot.js";
import type { DeviceVisit } from "./device-visit.js";

/** A device says LISTEN this long after it has connected, at the latest. */
const LISTEN_WITHIN_MS = 10_000;
/** One of our own says HELLO this long after LISTEN: it takes one way there and back. */
const HELLO_WITHIN_MS = 1000;

/** What a candidate needs of its server. */
export interface CandidateOwner {
  readonly tunnel: TunnelOptions;
  /** The place of a device of the line. */
  slotOf(device: string | undefined): DeviceSlot;
  /**
   * The candidate is let in.
   *
   * @param listens it has said LISTEN
   */
  admitted(slot: DeviceSlot, listens: boolean): void;
  /**
   * The candidate is the device of a place, and goes on with its session.
   *
   * @param received bytes of the session that it has received
   */
  resumed(slot: DeviceSlot, received: number): void;
  /**
   * The candidate is not let in, and is closed. The reason never contains what the device has sent as its secret.
   *
   * @param isStranger somebody should look at that
   */
  rejected(reason: string, isStranger: boolean): void;
}

type State =
  /** Says who it is. */
  | { readonly kind: "introducing" }
  /** May be let in when it proves by HELLO that it is one of our own. */
  | { readonly kind: "proving"; readonly slot: DeviceSlot }
  /** Is told why it is not let in when it proves that. */
  | { readonly kind: "rejected"; readonly reason: string }
  | { readonly kind: "finished" };

/** A device that has connected and is not let in yet. A stranger, or a port scan, cannot end the good link of another device. */
export class DeviceCandidate {
  readonly #visit: DeviceVisit;
  readonly #clock: Clock;
  readonly #owner: CandidateOwner;
  #said: Introduction = {};
  #listens = false;
  /** The session that it wants to go on with. */
  #session: SessionCommand | undefined;
  #state: State = { kind: "introducing" };
  #limit: Timer;

  constructor(visit: DeviceVisit, clock: Clock, owner: CandidateOwner) {
    this.#visit = visit;
    this.#clock = clock;
    this.#owner = owner;
    const wanted = this.#needsSecret ? "secret" : "LISTEN";
    this.#limit = clock.after(LISTEN_WITHIN_MS, () => this.#close(`no ${wanted} within ${LISTEN_WITHIN_MS / 1000} s`));
  }

  handle(command: TunnelCommand): void {
    const state = this.#state;
    this.#listens ||= command.kind === "listen";
    if (state.kind === "introducing") this.#introduced(command);
    else if (command.kind !== "hello" || !this.#visit.link.peer.can("bye")) return;
    else if (state.kind === "proving") this.#admit(state.slot);
    else if (state.kind === "rejected") this.#dismiss(state.reason);
  }

  /** The link has closed. */
  cancel(): void {
    this.#state = { kind: "finished" };
    this.#limit.cancel();
  }

  /** Of several names or secrets the first counts: a device has one guess. A session comes before the secret. */
  #introduced(command: TunnelCommand): void {
    const { name, secret } = this.#said;
    if (command.kind === "listen") this.#judge();
    else if (command.kind === "session") {
      this.#session ??= command;
      if (!this.#needsSecret) this.#judge();
    } else if (command.kind === "name") this.#said = { ...this.#said, name: name ?? command.name };
    else if (command.kind === "secret" && secret === undefined) {
      this.#said = { ...this.#said, secret: Buffer.from(command.bytes) };
      this.#judge();
    }
  }

  /** A device that is wrong is told so at LISTEN: it may say more before. */
  #judge(): void {
    const identity = identify(this.#owner.tunnel, this.#said);
    if ("wrong" in identity) {
      if (this.#listens || this.#session !== undefined) this.#reject(identity.wrong);
      return;
    }
    const slot = this.#owner.slotOf(identity.device);
    if (this.#session !== undefined) this.#goOn(slot, this.#session);
    else this.#wants(slot);
  }

  #wants(slot: DeviceSlot): void {
    if (slot.judge(this.#visit) === "replace") this.#admit(slot);
    else this.#await({ kind: "proving", slot }, "it was replaced a moment ago, and has to wait");
  }

  /** Goes on with a session. With one that is over, it is a device like any other, and says LISTEN. */
  #goOn(slot: DeviceSlot, { id, received }: SessionCommand): void {
    if (slot.isSession(id)) {
      this.cancel();
      this.#owner.resumed(slot, received);
      return;
    }
    this.#session = undefined;
    this.#visit.link.send({ kind: "no-session" });
    if (this.#listens) this.#wants(slot);
  }

  get #needsSecret(): boolean {
    const { secret, devices } = this.#owner.tunnel;
    return secret !== undefined || devices.length > 0;
  }

  /** One of our own is told. Only those send a secret; others prove by HELLO that they are. */
  #reject(reason: string): void {
    if (this.#said.secret !== undefined) this.#dismiss(reason);
    else this.#await({ kind: "rejected", reason }, reason);
  }

  /** Waits for HELLO. Closes without it, for this reason. */
  #await(state: State, reason: string): void {
    this.#limit.cancel();
    this.#state = state;
    this.#limit = this.#clock.after(HELLO_WITHIN_MS, () => this.#close(reason));
  }

  #admit(slot: DeviceSlot): void {
    this.cancel();
    this.#owner.admitted(slot, this.#listens);
  }

  #close(reason: string): void {
    const isStranger = this.#state.kind !== "proving"; // of two devices the slot has warned
    this.cancel();
    this.#owner.rejected(reason, isStranger);
    this.#visit.link.close(reason);
  }

  #dismiss(reason: string): void {
    this.cancel();
    this.#owner.rejected(reason, true);
    this.#visit.dismiss(reason, { reason: "secret", text: "the server does not take the secret of this device" });
  }
}
