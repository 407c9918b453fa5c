import { createServer } from "node:http";
import { listen } from "./ports.mjs";
import { story } from "./story.mjs";

/**
 * A small Luup engine: takes action requests as openLuup does, and runs the action.
 *
 * @param {() => number} since milliseconds since the device has sent the reading, or closed
 * @param {(device: string) => void} action what HandleReceive does, for a device of the engine
 * @param {(device: string) => boolean} isQuiet whether nothing is told of this device
 */
export async function startLuup(since, action, isQuiet) {
  const luup = { url: "", actions: 0, server: undefined };
  luup.server = createServer((request, response) => {
    const ms = since().toFixed(1);
    const query = new URL(request.url, "http://luup").searchParams;
    const device = query.get("DeviceNum");
    if (!isQuiet(device)) {
      story("Luup", `action ${query.get("action")} of device ${device}, Pid ${query.get("Pid")}: ${ms} ms later`);
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"u:HandleReceiveResponse": ');
    response.end('{"JobID": "1"}}');
    luup.actions += 1;
    action(device);
  });
  luup.url = `http://127.0.0.1:${await listen(luup.server)}`;
  return luup;
}
