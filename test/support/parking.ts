import type { TestContext } from "node:test";
import { startHere } from "./in-process.js";
import { FakeLuup } from "./luup.js";
import { Client, Device } from "./net.js";
import { until } from "./wait.js";

export const PARKING_NTFY = "NTFY=7/urn:x/Act/p1";

/** A daemon, an engine and a device. */
export async function parkingScene(t: TestContext, ...args: string[]) {
  const luup = await new FakeLuup().start();
  const device = await Device.open();
  const daemon = await startHere("-N", luup.url, ...args);
  t.after(async () => {
    daemon.discard();
    device.close();
    await luup.stop();
  });
  /** A plugin connects. Returns it with what stands behind `OK CONN`. */
  const plugin = async (options: string, host?: string): Promise<[Client, string]> => {
    const client = await Client.open(daemon.port, host);
    await client.line();
    client.write(`CONN 127.0.0.1:${device.port} ${options}\n`);
    return [client, (await client.line()).replace("OK CONN ", "")];
  };
  const stat = async () => {
    const client = await Client.open(daemon.port);
    client.write("STAT JSON\n");
    await client.line();
    const status = JSON.parse(await client.line());
    client.destroy();
    return status;
  };
  const parked = async (count = 1) =>
    until(async () => {
      const { connections } = await stat();
      return connections.filter((each: { phase: string }) => each.phase === "parked").length === count;
    }, `${count} parked connections`);
  return { luup, device, daemon, plugin, stat, parked };
}
