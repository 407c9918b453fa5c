import { once } from "node:events";
import { createServer } from "node:net";

const ANSWER =
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}";

/**
 * A stand-in for a Luup engine that costs almost nothing, so the measure shows the proxy. It answers each request at once. It knows only the
 * HTTP that this takes: no request of the proxy has a body.
 *
 * @param {(pid: string) => void} arrived is called with the Pid of each request
 * @returns {Promise<string>} its URL
 */
export async function startLuup(arrived) {
  const server = createServer({ noDelay: true }, (socket) => {
    let text = "";
    socket.setEncoding("latin1").on("error", () => {});
    socket.on("data", (chunk) => {
      text += chunk;
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const pid = /[&?]Pid=([^& ]*)/.exec(text)?.[1] ?? "";
        text = text.slice(end + 4);
        arrived(pid);
        socket.write(ANSWER);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}
