import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, startDaemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { greet } from "./net.js";
import { Output } from "./shown.js";

/** A daemon whose standard output the test reads. */
export interface Monitored {
  readonly daemon: DaemonProcess;
  /** The ports of its `[direct]` or `[mux]` lines, in their order. */
  readonly ports: readonly number[];
  readonly port: number;
  readonly output: Output;
}

/**
 * Starts a daemon with such lines. The end of the test stops the daemon.
 *
 * @param lines the text behind `port=`, for each line
 * @param section `direct` or `mux`
 */
export async function startMonitored(
  t: TestContext,
  lines: string | readonly string[] = [],
  { section = "direct", sections = "", args = [] as readonly string[] } = {},
): Promise<Monitored> {
  const ports: number[] = [];
  let text = `[${section}]\n`;
  for (const line of [lines].flat()) {
    const port = await freePort();
    ports.push(port);
    text += `${port}=${line}\n`;
  }
  const daemon = await startDaemon("-c", new ConfigFile(text + sections).path, ...args);
  t.after(() => daemon.stop("SIGKILL"));
  return { daemon, ports, port: ports[0] ?? 0, output: new Output(daemon.child.stdout as Readable) };
}

/** The ids of a daemon's connections in STAT JSON, by the address of the client; without the connection that asks. */
export async function connectionIds(daemon: DaemonProcess): Promise<Map<string, string>> {
  const { client, pid } = await greet(daemon.port);
  client.write("STAT JSON\n");
  const { connections } = JSON.parse(await client.line()) as {
    connections: { id: string; client: string; clientPort: number }[];
  };
  client.destroy();
  const others = connections.filter(({ id }) => id !== pid);
  return new Map(others.map((each) => [`${each.client}:${each.clientPort}`, each.id]));
}
