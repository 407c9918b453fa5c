import type { ConnectionStatus, DaemonStatus } from "#src/core/status/daemon-status.js";
import { greet } from "./net.js";

async function ask(port: number, host?: string): Promise<{ status: DaemonStatus; pid: string }> {
  const { client, pid } = await greet(port, host);
  client.write("STAT JSON\n");
  const status = JSON.parse(await client.line()) as DaemonStatus;
  client.destroy();
  return { status, pid };
}

/** The status of a daemon, by STAT JSON. */
export async function statJson(port: number, host?: string): Promise<DaemonStatus> {
  return (await ask(port, host)).status;
}

/** The connections in STAT JSON, without the one that asks. */
export async function otherConnections(port: number): Promise<ConnectionStatus[]> {
  const { status, pid } = await ask(port);
  return status.connections.filter(({ id }) => id !== pid);
}
