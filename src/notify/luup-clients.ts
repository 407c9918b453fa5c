import type { NotificationTroubles } from "../core/status/daemon-status.js";
import type { RequestsStatus } from "../core/status/requests-status.js";
import type { Log } from "../log/log.js";
import type { Names } from "../names/names.js";
import type { RaceContext } from "../sockets/host-race.js";
import type { Clock } from "../system/clock.js";
import { LuupClient } from "./luup-client.js";

/** The client of the configured Luup engine, and former ones: connections that began under them go on using them. */
export class LuupClients {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #names: Pick<Names, "search">;
  readonly #dialing: RaceContext["dialing"];
  #url: string;
  #current: LuupClient;
  #former: LuupClient[] = [];

  /**
   * @param url base URL of the Luup engine
   * @param dialing called with each socket that is about to connect
   */
  constructor(url: string, clock: Clock, log: Log, names: Pick<Names, "search">, dialing?: RaceContext["dialing"]) {
    this.#dialing = dialing;
    this.#clock = clock;
    this.#log = log;
    this.#names = names;
    this.#url = url;
    this.#current = this.#clientOf(url);
  }

  /** The client for new connections. */
  get current(): LuupClient {
    return this.#current;
  }

  /** The numbers of the client for new connections, and the troubles of all. */
  get status(): RequestsStatus & NotificationTroubles {
    const current = this.#current.status;
    return { ...current, ...troublesOf([current, ...this.#former.map(({ status }) => status)]) };
  }

  /**
   * Obeys a reload: new connections use this URL, former clients that nobody uses any more are closed.
   *
   * @param isUsed whether a connection or a final notification still uses a client
   */
  configure(url: string, isUsed: (client: LuupClient) => boolean): void {
    if (url !== this.#url) {
      this.#former.push(this.#current);
      this.#url = url;
      this.#current = this.#clientOf(url);
    }
    for (const client of this.#former) if (!isUsed(client)) void client.close();
    this.#former = this.#former.filter(isUsed);
  }

  #clientOf(url: string): LuupClient {
    return new LuupClient(url, this.#clock, this.#log, this.#names, undefined, this.#dialing);
  }

  async close(): Promise<void> {
    await Promise.all([this.#current, ...this.#former].map((client) => client.close()));
  }
}

/** Former clients may have troubles that a reload has not ended: connections go on using them. */
function troublesOf(
  all: readonly (RequestsStatus & NotificationTroubles)[],
): Partial<RequestsStatus> & NotificationTroubles {
  const sum = (key: "waiting" | "repeating" | "inFlight"): number => all.reduce((total, one) => total + one[key], 0);
  const untaken = all.flatMap(({ untakenMs }) => untakenMs ?? []);
  const away = all.find((one) => one.away !== undefined)?.away;
  return {
    waiting: sum("waiting"),
    repeating: sum("repeating"),
    inFlight: sum("inFlight"),
    failing: all.flatMap(({ failing }) => failing),
    ...(untaken.length > 0 && { untakenMs: Math.max(...untaken) }),
    ...(away && { away }),
  };
}
