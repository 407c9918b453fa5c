// A device that disagrees with the daemon about the end of a message: no client gets the answer of another.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CarelessDevice } from "../../support/careless-device.js";
import { Asker } from "../../support/exchange.js";
import { freePort } from "../../support/free-port.js";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { http, httpBody, httpStatus } from "../../support/protocols.js";
import { until } from "../../support/wait.js";

const ROUNDS = 16;
const INNER = "GET /666 HTTP/1.1\r\nHost: device\r\n\r\n";
const OPEN = "GET /666 HTTP/1.1\r\nHost: device\r\nX-Rest: "; // the next bytes become the value of a header
const EVIL = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

function sized(method: string, body: string, version = "1.1"): string {
  return `${method} /2 HTTP/${version}\r\nHost: device\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function chunked(method: string, body: string): string {
  const chunk = `${body.length.toString(16)};x="y"\r\n${body}\r\n0\r\nX-Trailer: z\r\n\r\n`;
  return `${method} /2 HTTP/1.1\r\nHost: device\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`;
}

const REQUESTS: readonly (readonly [what: string, request: string])[] = [
  ...["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "POST", "PUT"].map(
    (method) => [`${method} with a body`, sized(method, INNER)] as const,
  ),
  ["GET with half a request as its body", sized("GET", OPEN)],
  ["POST with half a request as its body", sized("POST", OPEN)],
  ["GET with a chunked body", chunked("GET", INNER)],
  ["POST with a chunked body", chunked("POST", INNER)],
  ["GET that expects 100 Continue", sized("GET", INNER).replace("\r\n", "\r\nExpect: 100-continue\r\n")],
  ["GET with two equal lengths", sized("GET", INNER).replace("\r\n", `\r\ncontent-length: ${INNER.length}\r\n`)],
  [
    "GET whose lines end in LF alone",
    sized("GET", "").replaceAll("\r\n", "\n").replace(": 0", `: ${INNER.length}`) + INNER,
  ],
  ["GET of HTTP/1.0 with a body", sized("GET", INNER, "1.0")],
  [
    "GET that names Content-Length in Connection",
    sized("GET", INNER).replace("\r\n", "\r\nConnection: content-length\r\n"),
  ],
];

/** By method: the answer of the device, and the bytes it sends before the next answer. */
const ANSWERS: readonly (readonly [what: string, method: string, now: string, later: string])[] = [
  ["HEAD, with its body", "HEAD", `HTTP/1.1 200 OK\r\nContent-Length: ${EVIL.length}\r\n\r\n`, EVIL],
  ["HEAD, with a body of no length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", EVIL],
  ["204 with a body", "GET", `HTTP/1.1 204 No Content\r\nContent-Length: ${EVIL.length}\r\n\r\n`, EVIL],
  ["304 with a chunked body", "GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", EVIL],
  [
    "100 with a length",
    "GET",
    "HTTP/1.1 100 Go\r\nContent-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    EVIL,
  ],
  [
    "Transfer-Encoding and Content-Length",
    "GET",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n0\r\n\r\n",
    EVIL,
  ],
  [
    "Transfer-Encoding twice",
    "GET",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    EVIL,
  ],
  [
    "Transfer-Encoding of HTTP/1.0",
    "GET",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    EVIL,
  ],
  ...[400, 431, 501].map(
    (status) =>
      [
        `${status}, and the rest of the request is read as another`,
        "GET",
        `HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`,
        EVIL,
      ] as const,
  ),
];

describe("ends of HTTP messages", { concurrency: 4 }, () => {
  for (const [what, request] of REQUESTS) {
    test(`${what}, to a device that does not read it: the next client gets its own answer`, async (t) => {
      const device = await CarelessDevice.open();
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
      for (let round = 0; round < 3; round += 1) {
        const [attacker, victim] = [await Client.open(mux.port), await Asker.open(mux.port, http)];
        attacker.write(request);
        await until(() => attacker.bytes.includes("200 OK"), "the answer of the device");
        assert.equal(await victim.outcome(101 + round), "right");
        assert.deepEqual(victim.surplus, []);
        assert.ok(!attacker.bytes.includes("/666"), "the daemon gives one answer to one request");
        attacker.destroy();
      }
    });
  }

  for (const [what, method, now, later] of ANSWERS) {
    test(`the answer is ${what}: the bytes behind it answer no request`, async (t) => {
      const device = await CarelessDevice.open({ "/2": [now, later] });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
      const [first, second] = [await Client.open(mux.port), await Asker.open(mux.port, http)];
      first.write(`${method} /2 HTTP/1.1\r\nHost: device\r\n\r\n`);
      await until(() => first.bytes.length > 0, "the first answer");
      assert.equal(await second.outcome(101), "right");
      assert.deepEqual(second.surplus, []);
      first.destroy();
    });
  }

  test("GAPM: the pause holds even if each request has a link of its own", async (t) => {
    const device = await CarelessDevice.open();
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http GAPM=300`);
    const client = await Asker.open(mux.port, http);
    const post = Buffer.from("POST /2 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
    for (let round = 0; round < 4; round += 1) assert.equal(httpStatus((await client.ask(post)) ?? post), 200);
    const gaps = device.arrivals.slice(1).map((at, n) => at - (device.arrivals[n] ?? 0));
    assert.ok(Math.min(...gaps) >= 295, gaps.join());
    assert.equal(device.links, 4);
  });

  test("requests without a body share one link, whatever the request and the answer", async (t) => {
    const device = await CarelessDevice.open({
      "/4": ["HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", ""],
      "/6": ["HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", ""],
      "/8": ["HTTP/1.1 204 No Content\r\n\r\n", ""],
      "/12": ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""],
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Asker.open(mux.port, http);
    for (let round = 0; round < 5; round += 1) {
      for (const [path, status] of [
        [2, 200],
        [4, 404],
        [6, 304],
        [8, 204],
        [12, 200],
      ] as const) {
        const answer = await client.ask(http.request(path, 0));
        assert.equal(httpStatus(answer ?? Buffer.alloc(0)), status);
      }
      for (const request of ["POST /14 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "DELETE /14 HTTP/1.1\r\n\r\n"])
        assert.equal(httpBody((await client.ask(Buffer.from(request))) ?? Buffer.alloc(0)), "/14");
    }
    assert.equal(device.links, 1);
  });

  test("Python's http.server, which ignores the body of a GET: two clients, each has its own", {
    skip: missing("python3"),
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "http-ends-"));
    for (const name of ["mine", "yours"]) writeFileSync(join(folder, name), `${name}\n`);
    const port = await freePort();
    const options = ["--protocol", "HTTP/1.1", "--bind", "127.0.0.1", "--directory", folder];
    const server = spawn("python3", ["-u", "-m", "http.server", ...options, String(port)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    t.after(() => {
      server.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });
    let [said, ended] = ["", false];
    server.stdout.on("data", (chunk) => {
      said += chunk;
    });
    server.on("exit", () => {
      ended = true;
    });
    await until(() => said.includes("Serving") || ended, "the server");
    if (ended) {
      t.skip("this Python's http.server keeps no connections");
      return;
    }
    const mux = await startMux(t, `127.0.0.1:${port} PROT=http`);
    const [attacker, victim] = [await Client.open(mux.port), await Asker.open(mux.port, http)];
    const inner = "GET /yours HTTP/1.1\r\nHost: device\r\nX-Rest: ";
    const bodies: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      attacker.write(`GET /yours HTTP/1.1\r\nHost: device\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
      const answer = await victim.ask(Buffer.from("GET /mine HTTP/1.1\r\nHost: device\r\n\r\n"));
      bodies.push(httpBody(answer ?? Buffer.alloc(0)));
    }
    assert.deepEqual(bodies, Array<string>(ROUNDS).fill("mine\n"));
    attacker.destroy();
  });
});
