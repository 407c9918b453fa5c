import { answerLimitMs, type MuxOptions } from "../core/mux/mux-options.js";
import type { BodyCarrier, RequestBody } from "../core/mux/request-body.js";
import type { DeviceConnection } from "./device-connection.js";
import type { Outstanding } from "./outstanding.js";

/** Told how a body gets on. */
export interface BodyOnLinkOwner {
  /** The last byte of the body has gone out. */
  bodySent(outstanding: Outstanding): void;
  /** The rest of the body will not come: the link has half a request. */
  withdraw(outstanding: Outstanding, reason: string): void;
}

type Link = Pick<DeviceConnection, "unsent" | "write">;

/** The body of an outstanding request on its way to a link. The device has a time limit while it is the one to act, and none otherwise. */
export class BodyOnLink implements BodyCarrier {
  readonly #link: Link;
  readonly #outstanding: Outstanding;
  readonly #options: () => MuxOptions;
  readonly #owner: BodyOnLinkOwner;

  constructor(link: Link, outstanding: Outstanding, options: () => MuxOptions, owner: BodyOnLinkOwner) {
    this.#link = link;
    this.#outstanding = outstanding;
    this.#options = options;
    this.#owner = owner;
  }

  get unsent(): number {
    return this.#link.unsent;
  }

  /** The request has gone out: its body may follow. */
  begin(): this {
    this.#limit();
    this.#body?.begin(this);
    return this;
  }

  carry(bytes: Buffer, isLast: boolean): void {
    this.#link.write(bytes);
    this.#limit();
    if (isLast) this.#owner.bodySent(this.#outstanding);
  }

  abandoned(reason: string): void {
    this.#owner.withdraw(this.#outstanding, reason);
  }

  /** The kernel has taken everything that was unsent. */
  drained(): void {
    if (!this.#body?.isComplete) this.#limit();
    this.#body?.drained();
  }

  get #body(): RequestBody | undefined {
    return this.#outstanding.request.body;
  }

  #limit(): void {
    const options = this.#options();
    if (!this.#body?.isComplete && this.unsent === 0) this.#outstanding.unlimited();
    else this.#outstanding.limit(this.#outstanding.hasAnswers ? options.stallMs : answerLimitMs(options));
  }
}
