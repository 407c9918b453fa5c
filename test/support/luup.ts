import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

/** One request to the stand-in. */
export interface Arrival {
  /** The time of arrival, by performance.now(). */
  readonly at: number;
  readonly url: string;
  /** The values of the query, decoded. */
  readonly device: string;
  readonly service: string;
  readonly action: string;
  readonly pid: string;
  readonly headers: IncomingMessage["headers"];
  /** The client's port: identifies the connection. */
  readonly from: number;
}

/** How the stand-in answers one request. */
export type Answerer = (arrival: Arrival, response: ServerResponse, request: IncomingMessage) => void;

/** Answers as openLuup does: 200, JSON, chunked, keep-alive. */
export const likeOpenLuup: Answerer = (_arrival, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"u:HandleReceiveResponse": ');
  response.end('{"JobID": "7"}}');
};

/** Answers 200 with a text, as engines do for a wrong device, service or action. */
export function saying(text: string, status = 200): Answerer {
  return (_arrival, response) => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(text);
  };
}

/** A stand-in for the HTTP server of a Luup engine. */
export class FakeLuup {
  readonly arrivals: Arrival[] = [];
  answer: Answerer = likeOpenLuup;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ keepAlive: true }, (request, response) => {
    const query = new URL(request.url ?? "", "http://x").searchParams;
    const arrival: Arrival = {
      at: performance.now(),
      url: request.url ?? "",
      device: query.get("DeviceNum") ?? "",
      service: query.get("serviceId") ?? "",
      action: query.get("action") ?? "",
      pid: query.get("Pid") ?? "",
      headers: request.headers,
      from: request.socket.remotePort ?? 0,
    };
    this.arrivals.push(arrival);
    this.answer(arrival, response, request);
  });

  constructor() {
    this.#server.keepAliveTimeout = 90_000; // as in openLuup
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Listens on the loopback address, on a free port by default. Works again after {@link stop}. */
  async start(wanted?: number): Promise<this> {
    const port = wanted ?? (await freePort());
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Resets all connections and keeps listening. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The requests with this pid. */
  of(pid: string): Arrival[] {
    return this.arrivals.filter((arrival) => arrival.pid === pid);
  }

  /** Waits for so many requests with this pid. */
  async received(pid: string, count: number, withinMs?: number): Promise<Arrival[]> {
    await until(() => this.of(pid).length >= count, `${count} notifications of ${pid}`, withinMs);
    return this.of(pid);
  }
}
