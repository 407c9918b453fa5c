import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

/** One request the stand-in has received. */
export interface Arrival {
  /** When it arrived, by performance.now(). */
  readonly at: number;
  readonly url: string;
  /** The values of the query, decoded. */
  readonly device: string;
  readonly service: string;
  readonly action: string;
  readonly pid: string;
  readonly headers: IncomingMessage["headers"];
  /** Client port: tells one kept connection from another. */
  readonly from: number;
}

/** How the stand-in answers one request. */
export type Answerer = (arrival: Arrival, response: ServerResponse, request: IncomingMessage) => void;

/** Answers as openLuup does: 200, JSON, chunked, the connection kept. */
export const likeOpenLuup: Answerer = (_arrival, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"u:HandleReceiveResponse": ');
  response.end('{"JobID": "7"}}');
};

/** Answers 200 with a text, as engines do when something is wrong with device, service or action. */
export function saying(text: string, status = 200): Answerer {
  return (_arrival, response) => {
    response.writeHead(status, { "content-type": "text/plain" });
    response.end(text);
  };
}

/** A stand-in for a Luup engine's HTTP side. */
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
    this.#server.keepAliveTimeout = 90_000; // openLuup's
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Listens on the loopback, on any port if none is named. May be called again after {@link stop}. */
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

  /** Open connections of clients. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts all connections, going on to listen. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The requests that carried this pid. */
  of(pid: string): Arrival[] {
    return this.arrivals.filter((arrival) => arrival.pid === pid);
  }

  /** Waits until so many requests with this pid have arrived. */
  async received(pid: string, count: number, withinMs = 10_000): Promise<Arrival[]> {
    await until(() => this.of(pid).length >= count, `${count} notifications of ${pid}`, withinMs);
    return this.of(pid);
  }
}
