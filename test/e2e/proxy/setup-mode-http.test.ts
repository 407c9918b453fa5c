// HTTP clients of setup mode: a web page must not stop the daemon.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type DaemonProcess, startDaemon } from "../../support/daemon.js";
import { startEcho } from "../../support/echo.js";
import { serve } from "../../support/flood.js";
import { greet } from "../../support/net.js";
import { faults } from "../../support/process.js";

let daemon: DaemonProcess;
let echo: Awaited<ReturnType<typeof startEcho>>;
before(async () => {
  echo = await startEcho();
  daemon = await startDaemon();
  await serve(daemon, echo.port);
});
after(async () => {
  echo.stop();
  assert.deepEqual(faults(daemon.log()), []);
  assert.equal(await daemon.stop(), 0);
});

const body = "STOP\nSTOP\n";
const smuggled: [string, string[]][] = [
  ["a POST in two packets", [`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`, body]],
  ["a POST with line feeds alone", [`POST / HTTP/1.1\nHost: x\nContent-Length: ${body.length}\n\n`, body]],
  ["a chunked POST", ["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", `5\r\nSTOP\n\r\n0\r\n\r\n`]],
  ["a chunked POST with line feeds alone", ["POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n", `5\nSTOP\n\n0\n\n`]],
  ["blank lines first", ["\n\n", "\r\n", `POST / HTTP/1.1\r\n\r\n${body}`]],
  ["a form", ["POST / HTTP/1.1\r\n\r\n--x\r\nContent-Disposition: form-data\r\n\r\nSTOP\n\r\n--x--\r\n"]],
  ["STOP as the method", ["STOP / HTTP/1.1\r\nHost: x\r\n\r\n", body]],
  ["STOP as the method, with line feeds alone", ["STOP / HTTP/1.1\nHost: x\n\n", body]],
  ["a URL of gopher", ["STOP\r\n", body]],
  ["CONNECT", [`CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n`, body]],
  ["a preflight", ["OPTIONS / HTTP/1.1\r\nOrigin: http://x\r\n\r\n", body]],
  ["a page name", ["GET /%0ASTOP%0A HTTP/1.1\r\n\r\n", body]],
  ["a TLS handshake", ["\x16\x03\x01\x02\x00\x01\x00", body]],
  ["a line that is too long", ["x".repeat(5000), `\n${body}`]],
];
test("no HTTP request, whole or in pieces, gets a STOP through", async () => {
  for (const [what, packets] of smuggled) {
    const whole = packets.join("");
    for (const pieces of [packets, [whole], [...whole.slice(0, 400), whole.slice(400)]]) {
      const { client } = await greet(daemon.port);
      for (const piece of pieces) {
        client.write(Buffer.from(piece, "latin1"));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.match(await client.rest(), /^ERR [\x21-\x7e]+ [^\n]+\n$/, what);
      client.destroy();
    }
  }
  await serve(daemon, echo.port);
  assert.equal(daemon.child.exitCode, null);
  assert.ok(!daemon.log().includes("stopping"));
});
