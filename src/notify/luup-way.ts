import { actionPath, formatAction, formatNotifyTarget, type NotifyTarget } from "../core/notify/notification.js";
import type { Requester } from "./luup-client.js";
import type { Delivery, DeliveryResult, NotificationWay, WayMaker } from "./notification-way.js";

/** Sends requests: a Luup client, or a test in its place. */
export interface NotificationSender {
  /** Gets ready for the first request. */
  prepare(): void;
  /** Sends one request of a requester, when its turn comes. */
  send(requester: Requester): void;
  /** Drops the request of a requester that still waits for its turn. */
  cancel(requester: Requester): void;
  /** The URL of a request as people may see it: without its password. @param path path and query */
  urlOf(path: string): string;
}

/** Tells a plugin by an action of the Luup engine (NTFY). */
export class LuupWay implements NotificationWay, Requester {
  readonly tellsAll = false;
  readonly #target: NotifyTarget;
  readonly #pid: string;
  readonly #sender: NotificationSender;
  #delivery: Delivery | undefined;

  constructor(target: NotifyTarget, pid: string, sender: NotificationSender) {
    this.#target = target;
    this.#pid = pid;
    this.#sender = sender;
    sender.prepare();
  }

  get target(): string {
    return formatNotifyTarget(this.#target, this.#pid);
  }

  get request(): string {
    return `GET ${this.#sender.urlOf(this.path)}`;
  }

  get description(): string {
    const { device, service, action } = this.#target;
    return `device ${device}, service ${service}, action ${action}`;
  }

  send(delivery: Delivery): void {
    this.#delivery = delivery;
    this.#sender.send(this);
  }

  cancel(): void {
    this.#sender.cancel(this);
  }

  get path(): string {
    return actionPath(this.#target, this.#pid);
  }

  get device(): number {
    return this.#target.device;
  }

  get action(): string {
    return formatAction(this.#target);
  }

  get isRetry(): boolean {
    return this.#delivery?.isRetry ?? false;
  }

  get done(): boolean {
    return this.#delivery?.done ?? false;
  }

  sent(): void {
    this.#delivery?.sent();
  }

  answered(result: DeliveryResult, isActionFault: boolean): void {
    this.#delivery?.answered(result, isActionFault);
  }

  wayReturned(): void {
    this.#delivery?.wayReturned();
  }
}

/** Makes the way of connections with NTFY. */
export function luupWays(sender: NotificationSender): WayMaker {
  return ({ notify }, { pid }) => (notify === undefined ? undefined : new LuupWay(notify, pid, sender));
}
