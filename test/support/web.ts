import { once } from "node:events";
import { get, type IncomingMessage, request } from "node:http";
import type { TestContext } from "node:test";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, type RunningDaemon, type StartDaemon, startDaemonUnder } from "./daemon.js";
import { freePort } from "./free-port.js";
import { startHere } from "./in-process.js";
import { until } from "./wait.js";

/** A daemon with a web page. */
export interface WebDaemon<D extends RunningDaemon = RunningDaemon> {
  readonly daemon: D;
  readonly web: number;
  readonly config: ConfigFile;
}

/**
 * Starts a daemon with a web page on 127.0.0.1. The end of the test stops the daemon.
 *
 * @param sections further sections of the configuration
 * @param web further lines of `[web]`
 */
export function startWeb(t: TestContext, sections = "", web = ""): Promise<WebDaemon> {
  return startWebBy(startHere, t, sections, web);
}

/**
 * As {@link startWeb}, with the daemon in a process of its own.
 *
 * @param runner another program that executes it
 */
export function startWebProcess(
  t: TestContext,
  sections = "",
  web = "",
  runner: readonly string[] = [],
): Promise<WebDaemon<DaemonProcess>> {
  return startWebBy((...args) => startDaemonUnder(runner, args), t, sections, web);
}

async function startWebBy<D extends RunningDaemon>(
  start: StartDaemon<D>,
  t: TestContext,
  sections: string,
  web: string,
): Promise<WebDaemon<D>> {
  const port = await freePort();
  const config = new ConfigFile(`[web]\nport=${port}\n${web}${sections}`);
  const daemon = await start("-c", config.path);
  t.after(() => daemon.discard());
  return { daemon, web: port, config };
}

/** A complete HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Sends a request on a connection of its own and reads the response. */
export async function ask(
  port: number,
  path: string,
  {
    body: sent = "",
    ...options
  }: { method?: string; headers?: Record<string, string>; host?: string; localAddress?: string; body?: string } = {},
): Promise<Answer> {
  const asked = request({ host: "127.0.0.1", port, path, agent: false, ...options }).end(sent);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** A reader of `/messages` or `/log`. */
export class EventStream {
  readonly response: IncomingMessage;
  /** The received text so far. */
  text = "";
  ended = false;

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8").on("data", (chunk: string) => {
      this.text += chunk;
    });
    response.on("error", () => {});
    response.on("close", () => {
      this.ended = true;
    });
  }

  static open(t: TestContext, port: number, query = "", localAddress?: string): Promise<EventStream> {
    return EventStream.openPath(t, port, `/messages${query}`, localAddress);
  }

  static async openPath(
    t: TestContext,
    port: number,
    path: string,
    localAddress?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const asked = get({
      host: "127.0.0.1",
      headers: { ...headers },
      port,
      path,
      agent: false,
      ...(localAddress && { localAddress }),
    });
    t.after(() => asked.destroy());
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    return new EventStream(response);
  }

  /** The data of each complete event. */
  get events(): Record<string, string | number>[] {
    const whole = this.text.slice(0, this.text.lastIndexOf("\n\n") + 2);
    return whole.split("\n\n").flatMap((event) => (event.startsWith("data: ") ? [JSON.parse(event.slice(6))] : []));
  }

  /** The messages among the events, each as `[direction] message`. */
  get messages(): string[] {
    return this.events
      .filter(({ direction }) => direction)
      .map(({ direction, message }) => `[${direction}] ${message}`);
  }

  /** Waits for so many messages; returns all of them. */
  async received(count: number): Promise<string[]> {
    await until(() => this.messages.length >= count, `${count} messages`).catch((error) => {
      throw new Error(`${error}; there is:\n${this.text.slice(0, 4000)}`);
    });
    return this.messages;
  }
}
