import type { Settings } from "../core/config/settings.js";
import type { WebhookStatus } from "../core/webhook/webhook-status.js";
import type { Log } from "../log/log.js";
import type { RaceContext } from "../sockets/host-race.js";
import type { Delivery, NotificationWay } from "./notification-way.js";
import { WebhookClient } from "./webhook-client.js";

/** All webhooks of the configuration. Loaded, and the HTTP client with them, for the first settings that have one. */
export class Webhooks {
  readonly #log: Log;
  readonly #context: RaceContext;
  readonly #clients = new Map<string, WebhookClient>();

  constructor(log: Log, context: RaceContext) {
    this.#log = log;
    this.#context = context;
  }

  get status(): WebhookStatus[] {
    return [...this.#clients.values()].map(({ status }) => status);
  }

  /** Obeys these settings from now on. Connections that name a webhook keep it, however it changes. */
  configure({ webhooks }: Pick<Settings, "webhooks">): void {
    for (const settings of webhooks) {
      const client = this.#clients.get(settings.name);
      if (client !== undefined) client.configure(settings);
      else this.#clients.set(settings.name, new WebhookClient(settings, this.#log, this.#context));
    }
    for (const [name, client] of this.#clients) {
      if (webhooks.some((one) => one.name === name)) continue;
      this.#clients.delete(name);
      void client.close();
    }
  }

  /** The way of a connection, or of a line, to the webhook of this name; undefined: there is none. */
  wayTo(name: string): NotificationWay | undefined {
    const client = this.#clients.get(name);
    return client && new WebhookWay(client);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

/** Tells a webhook what happens to one connection (NURL). */
class WebhookWay implements NotificationWay {
  readonly tellsAll = true;
  readonly #client: WebhookClient;
  #delivery: Delivery | undefined;

  constructor(client: WebhookClient) {
    this.#client = client;
  }

  get target(): string {
    return `webhook ${this.#client.name}`;
  }

  get request(): string {
    return this.#client.request;
  }

  get description(): string {
    return this.target;
  }

  send(delivery: Delivery): void {
    this.#delivery = delivery;
    this.#client.send(delivery);
  }

  cancel(): void {
    if (this.#delivery !== undefined) this.#client.cancel(this.#delivery);
  }
}
