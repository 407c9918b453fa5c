import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { checkEvent } from "./event-schema.js";
import { freePort } from "./free-port.js";
import { until } from "./wait.js";

/** A request that a {@link Receiver} has got. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server that keeps what it is told, as a webhook does. */
export class Receiver {
  readonly requests: Received[] = [];
  /** Answers a request whose body is read. */
  answer: (response: ServerResponse, request: Received) => void = (response) => response.writeHead(204).end();
  readonly #server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const received = { method, url, headers, body };
      if (body.startsWith('{"event":') && body.includes('"text":')) checkEvent(JSON.parse(body)); // the body is the event
      this.requests.push(received);
      this.answer(response, received);
    });
  });

  static async open(t: Pick<TestContext, "after">): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(await freePort(), "127.0.0.1");
    await once(receiver.#server, "listening");
    t.after(() => receiver.close());
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits for so many requests and returns all of them. */
  async received(count: number): Promise<Received[]> {
    await until(() => this.requests.length >= count, `${count} requests`);
    return this.requests;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
