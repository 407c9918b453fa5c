import { once } from "node:events";
import { connect, createServer } from "node:net";
import { within } from "../wait.mjs";

const LIMIT_MS = 10_000;
const ACTION = "urn:bench:serviceId:Bench1/HandleReceive";

/** The next line of a socket, without its end. */
async function line(socket) {
  let text = "";
  while (!text.endsWith("\n")) {
    const [chunk] = await within(once(socket, "data"), "line of the proxy", LIMIT_MS);
    text += chunk;
  }
  return text.trimEnd();
}

/**
 * Opens connections to a stand-in device through the proxy, each with notifications, as plugins do.
 *
 * @param {number} port the port of the proxy
 * @param {number} count
 * @returns {Promise<{ device: import("node:net").Socket, pid: string }[] & { close: () => void }>} the device's side of each connection
 *   and the Pid of its notifications; `close` ends all connections
 */
export async function openPlugins(port, count) {
  const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const pairs = [];
  const sockets = [];
  for (let number = 1; number <= count; number += 1) {
    const plugin = connect(port, "127.0.0.1");
    const arrived = once(server, "connection");
    await line(plugin);
    plugin.write(`CONN 127.0.0.1:${server.address().port} NTFY=${number}/${ACTION}\n`);
    const pid = /^OK CONN (\S+)$/.exec(await line(plugin))?.[1];
    if (pid === undefined) throw new Error("the proxy does not answer OK CONN");
    const [device] = await within(arrived, "connection of the proxy to the device", LIMIT_MS);
    sockets.push(plugin, device);
    pairs.push({ device, pid });
    for (const socket of [plugin, device]) socket.on("error", () => {}).resume();
  }
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return Object.assign(pairs, { close });
}
