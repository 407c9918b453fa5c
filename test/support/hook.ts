import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import type { Alert } from "#src/core/status/alert.js";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

/** How a {@link Hook} answers a request after it has read the body. */
export type HookAnswer = (response: ServerResponse, request: IncomingMessage) => void;

/** An answer with this status. */
export function status(code: number): HookAnswer {
  return (response) => response.writeHead(code).end("thank you");
}

/** No answer at all. */
export const silence: HookAnswer = () => {};

/** A webhook for alerts. */
export class Hook {
  /** All requests, refused ones included. */
  readonly posts: { readonly alert: Alert; readonly request: IncomingMessage }[] = [];
  answer: HookAnswer = status(204);
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      this.posts.push({ alert: JSON.parse(body) as Alert, request });
      this.answer(response, request);
    });
  });

  static async open(t: TestContext, port?: number): Promise<Hook> {
    const hook = new Hook();
    hook.#server.on("connection", (socket) => {
      hook.#sockets.add(socket);
      socket.on("close", () => hook.#sockets.delete(socket));
    });
    await hook.listen(port ?? (await freePort()));
    t.after(() => hook.close());
    return hook;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
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

  /** The events of all alerts, in their order. */
  get events(): string[] {
    return this.posts.map(({ alert }) => alert.event);
  }

  /** Waits for so many alerts and returns all of them. */
  async received(count: number, withinMs?: number): Promise<Alert[]> {
    await until(() => this.posts.length >= count, `${count} alerts`, withinMs);
    return this.posts.map(({ alert }) => alert);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
