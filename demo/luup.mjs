import { once } from "node:events";
import { createServer } from "node:http";
import { story } from "./story.mjs";

/**
 * A small Luup engine: takes action requests as openLuup does, and runs the action.
 *
 * @param {() => number} since milliseconds since the device has sent the reading, or closed
 * @param {() => void} action what HandleReceive does
 */
export async function startLuup(since, action) {
  const luup = { url: "", actions: 0, server: undefined };
  luup.server = createServer((request, response) => {
    const ms = since().toFixed(1);
    const query = new URL(request.url, "http://luup").searchParams;
    story(
      "Luup",
      `action ${query.get("action")} of device ${query.get("DeviceNum")}, Pid ${query.get("Pid")}: ${ms} ms later`,
    );
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"u:HandleReceiveResponse": ');
    response.end('{"JobID": "1"}}');
    luup.actions += 1;
    action();
  }).listen(0, "127.0.0.1");
  await once(luup.server, "listening");
  luup.url = `http://127.0.0.1:${luup.server.address().port}`;
  return luup;
}
