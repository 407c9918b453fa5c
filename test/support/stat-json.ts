import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { greet } from "./net.js";

/** The status of a daemon, by STAT JSON. */
export async function statJson(port: number): Promise<DaemonStatus> {
  const { client } = await greet(port);
  client.write("STAT JSON\n");
  const status = JSON.parse(await client.line()) as DaemonStatus;
  client.destroy();
  return status;
}
