// Real software on both sides of the mux.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { MAIN, portAnswers } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { MODBUS_KINDS } from "../support/modbus.js";
import { modbusProtocol, registerValue } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import {
  pymodbusClients,
  pymodbusFramings,
  pymodbusServer,
  pymodbusServers,
  type Ran,
  ran,
  startNginx,
} from "../support/mux-programs/programs.js";
import { missing, missingPymodbus } from "../support/peers.js";
import { run } from "../support/plugin/programs.js";
import { echo } from "../support/protocols.js";
import { after, Simulator } from "../support/simulator.js";

/** Reads holding registers with mbpoll. */
function mbpoll(port: number, unit: number, address: number, count: number): Promise<Ran> {
  const where = ["-a", unit, "-r", address, "-c", count, "-p", port].map(String);
  return ran("mbpoll", ["-0", "-1", "-o", "5", ...where, "127.0.0.1"]);
}

/** The values mbpoll has printed. */
function values({ stdout }: Ran): number[] {
  return [...stdout.toString().matchAll(/^\[\d+\]:\s+(\d+)/gm)].map((match) => Number(match[1]));
}

function registers(unit: number, address: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => registerValue(unit, address + index));
}

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("modbus", () => {
  test("mbpoll: eight at a time on a device that takes one connection", { skip: missing("mbpoll") }, async (t) => {
    const device = await Simulator.open(modbusProtocol("modbus", new Map()), { answering: after(5) });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus`);
    const units = [1, 2, 3, 4, 5, 6, 7, 8];
    const all = await Promise.all(units.map((unit) => mbpoll(mux.port, unit, 100 * unit, 125)));
    for (const [index, unit] of units.entries()) {
      assert.deepEqual(values(all[index] as Ran), registers(unit, 100 * unit, 125), all[index]?.stderr);
    }
    const write = ["-0", "-1", "-a", "3", "-r", "10", "-p", String(mux.port), "127.0.0.1", "1", "22", "333"];
    assert.equal((await ran("mbpoll", write)).status, 0);
    assert.deepEqual(values(await mbpoll(mux.port, 3, 10, 3)), [1, 22, 333]);
    assert.deepEqual([device.links.length, device.refused], [1, 0]);
  });

  test("mbpoll understands a failure", { skip: missing("mbpoll") }, async (t) => {
    const mux = await startMux(t, `127.0.0.1:${await freePort()} PROT=modbus`);
    const { status, stdout, stderr } = await mbpoll(mux.port, 1, 1, 1);
    assert.match(`${stdout}${stderr}`, /gateway path unavailable/i, `status ${status}`);
  });

  for (const prot of ["modbus", "modbus-serial"] as const) {
    const skip = missingPymodbus();
    test(`pymodbus as a client, PROT=${prot}: four at a time on one connection`, { skip }, async (t) => {
      const device = await Simulator.open(modbusProtocol(prot, new Map()));
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${prot}`);
      const { stdout, stderr } = await pymodbusClients(mux.port, 100, [10, 20, 30, 40], prot);
      assert.equal(String(stdout), "right 100\n".repeat(4), stderr);
      assert.deepEqual([device.links.length, device.refused], [1, 0]);
    });

    test(`pymodbus as a client and as a server, PROT=${prot}`, { skip }, async (t) => {
      const server = await pymodbusServer(t, prot);
      const mux = await startMux(t, `127.0.0.1:${server} PROT=${prot}`);
      const { stdout, stderr } = await pymodbusClients(mux.port, 100, [10, 20, 30, 40], prot);
      assert.equal(String(stdout), "right 100\n".repeat(4), stderr);
    });
  }

  test("pymodbus on both sides: any framing to any", { skip: missingPymodbus() }, async (t) => {
    const servers = await pymodbusServers(t, MODBUS_KINDS);
    const pairs = MODBUS_KINDS.flatMap((client) =>
      MODBUS_KINDS.map((device, at) => ({ client, device, port: servers[at] })),
    );
    const mux = await startMux(
      t,
      pairs.map(({ client, device, port }) => `127.0.0.1:${port} PROT=${client} DPRO=${device} TIME=3`),
    );
    const { stdout, stderr } = await pymodbusFramings(pairs.map(({ client }, at) => [client, mux.ports[at] as number]));
    assert.equal(String(stdout), pairs.map(({ client }) => `${client} right\n`).join(""), stderr);
  });

  test("mbpoll at pymodbus", { skip: missing("mbpoll") || missingPymodbus() }, async (t) => {
    const mux = await startMux(t, `127.0.0.1:${await pymodbusServer(t)} PROT=modbus PIPE=4`);
    const units = [1, 2, 3, 4];
    const all = await Promise.all(units.map((unit) => mbpoll(mux.port, unit, 1000, 50)));
    for (const [index, unit] of units.entries()) {
      assert.deepEqual(values(all[index] as Ran), registers(unit, 1000, 50), all[index]?.stderr);
    }
  });
});

/** A server that answers with the method, length and hash of the request. */
async function hashing(t: TestContext): Promise<number> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    response.end(`${request.method} ${body.length} ${sha256(body)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("http", { skip: missing("nginx", "curl") }, () => {
  const SMALL = "small enough\n";

  /** nginx behind a mux, and curl in front of it. */
  async function site(t: TestContext, files: Record<string, string | Buffer> = {}, options = "", keepalive?: number) {
    const upstream = await hashing(t);
    const nginx = await startNginx(t, { small: SMALL, ...files }, { upstream, ...(keepalive && { keepalive }) });
    const mux = await startMux(t, `127.0.0.1:${nginx.port} PROT=http ${options}`);
    const url = (path: string): string => `http://127.0.0.1:${mux.port}/${path}`;
    const curl = (...args: string[]): Promise<Ran> => ran("curl", ["-sS", "--max-time", "30", ...args]);
    return { nginx, mux, url, curl };
  }

  test("GET, HEAD, 304, 404, HTTP/1.0, Connection: close, two by one connection", async (t) => {
    const { mux, url, curl } = await site(t);
    const get = await curl("-i", url("small"));
    assert.match(String(get.stdout), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nsmall enough\n$/, get.stderr);
    const etag = /^etag: (.*)\r$/im.exec(String(get.stdout))?.[1] ?? "";
    const head = await curl("-I", url("small"));
    assert.match(String(head.stdout), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 13\r\n/i, head.stderr);
    const unchanged = await curl("-i", "-H", `If-None-Match: ${etag}`, url("small"));
    assert.match(String(unchanged.stdout), /^HTTP\/1\.1 304 [\s\S]*\r\n\r\n$/, unchanged.stderr);
    assert.match(String((await curl("-i", url("nothing"))).stdout), /^HTTP\/1\.1 404 /);
    assert.equal(String((await curl("--http1.0", url("small"))).stdout), SMALL);
    const closing = await curl("-i", "-H", "Connection: close", url("small"));
    assert.match(String(closing.stdout), /\r\n\r\nsmall enough\n$/, closing.stderr);
    assert.match(String(closing.stdout), /^connection: close\r$/im);
    const two = await curl("-w", "%{num_connects} ", url("small"), url("small"));
    assert.equal(String(two.stdout), `${SMALL}1 ${SMALL}0 `, "the client's connection is kept");
    const mixed = await curl("-I", url("small"), "--next", "-sS", url("small"));
    assert.match(String(mixed.stdout), /small enough\n$/, "a HEAD before a GET");
    assert.equal((await mux.status()).links.length, 1, "the device's connection is kept, whatever clients do");
  });

  test("POST and PUT: Expect: 100-continue, 100 kB and 5 MB, in chunks, as a form", async (t) => {
    const { nginx, url, curl } = await site(t);
    const body = randomBytes(100_000);
    const file = `${nginx.folder}/upload`;
    writeFileSync(file, body);
    const expected = `POST 100000 ${sha256(body)}`;
    const data = ["--data-binary", `@${file}`];
    assert.equal(String((await curl(...data, url("upstream"))).stdout), expected);
    const expecting = await curl(
      "-v",
      "-H",
      "Expect: 100-continue",
      "--expect100-timeout",
      "20",
      ...data,
      url("upstream"),
    );
    assert.equal(String(expecting.stdout), expected, expecting.stderr);
    assert.match(expecting.stderr, /^< HTTP\/1\.1 100 /m);
    const large = randomBytes(5_000_000);
    writeFileSync(`${file}.large`, large);
    const expectedLarge = ` 5000000 ${sha256(large)}`;
    for (const more of [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]]) {
      const { stdout, stderr } = await curl("-T", `${file}.large`, ...more, url("upstream"));
      assert.equal(String(stdout), `PUT${expectedLarge}`, stderr);
    }
    const form = await curl("-F", `f=@${file}.large`, url("upstream"));
    assert.match(String(form.stdout), /^POST 5000\d{3} [0-9a-f]{64}$/, form.stderr);
    const chunked = await curl("-H", "Transfer-Encoding: chunked", ...data, url("upstream"));
    assert.equal(String(chunked.stdout), expected, chunked.stderr);
    const put = await curl("-T", file, url("upstream"));
    assert.equal(String(put.stdout), expected.replace("POST", "PUT"), put.stderr);
    const empty = await curl("-X", "POST", url("upstream"));
    assert.equal(String(empty.stdout), `POST 0 ${sha256("")}`, empty.stderr);
  });

  test("a download of 50 MB arrives whole, while others are served over another link", async (t) => {
    const large = randomBytes(50_000_000);
    const { nginx, url, curl } = await site(t, { large }, "POOL=2");
    const file = `${nginx.folder}/download`;
    const [download, ...others] = await Promise.all([
      curl("-o", file, url("large")),
      ...[1, 2, 3].map(() => curl(url("small"))),
    ]);
    assert.equal(download?.status, 0, download?.stderr);
    assert.equal(sha256(readFileSync(file)), sha256(large));
    for (const { stdout, stderr } of others) assert.equal(String(stdout), SMALL, stderr);
  });

  test("a client that leaves during a download does not block the device for the others", async (t) => {
    const { url, curl } = await site(t, { large: randomBytes(20_000_000) });
    const cut = await curl("--max-filesize", "20000000", "--limit-rate", "200k", "--max-time", "1", url("large"));
    assert.equal(cut.status, 28, "curl gives up");
    const next = await curl(url("small"));
    assert.equal(String(next.stdout), SMALL, next.stderr);
  });

  test("a pair of requests in one go, by nc", { skip: missing("nc") }, async (t) => {
    const { mux } = await site(t, { other: "the other\n" });
    const request = (path: string, close = ""): string => `GET /${path} HTTP/1.1\r\nHost: x\r\n${close}\r\n`;
    const text = request("small") + request("other", "Connection: close\r\n");
    const { stdout } = await ran("nc", ["-w", "10", "127.0.0.1", String(mux.port)], text);
    assert.match(
      String(stdout),
      /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nsmall enough\nHTTP\/1\.1 200 [\s\S]*\r\n\r\nthe other\n$/,
    );
  });

  test("a server that closes its connection after every 20 requests loses no answer", async (t) => {
    const { mux, url, curl } = await site(t, {}, "", 20);
    const all = await Promise.all([1, 2, 3, 4].map(() => curl(...Array.from({ length: 15 }, () => url("small")))));
    for (const { stdout, stderr } of all) assert.equal(String(stdout), SMALL.repeat(15), stderr);
    assert.equal((await mux.status()).noPath, 0);
  });

  test("wrk: every answer is good", { skip: missing("wrk"), timeout: 60_000 }, async (t) => {
    const { url } = await site(t);
    const { status, stdout, stderr } = await ran("wrk", ["-t", "1", "-c", "8", "-d", "1s", url("small")]);
    const text = String(stdout);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(text, /Socket errors|Non-2xx/, text);
    const rate = Number(/^Requests\/sec: +([\d.]+)/m.exec(text)?.[1]);
    t.diagnostic(`${rate} requests/s`);
    assert.ok(rate > 100, text);
  });
});

test("nc: the original example, with `sockproxyd mux`", { skip: missing("nc") }, async (t) => {
  const device = await Simulator.open(echo);
  t.after(() => device.stop());
  const port = await freePort();
  const mux = run(process.execPath, MAIN, "mux", "-p", "echo", "-t", `127.0.0.1:${device.port}`, "-l", String(port));
  t.after(() => mux.kill());
  await portAnswers(port).catch((error) => {
    throw new Error(`${error}: ${mux.stderr()}`);
  });
  for (const line of ["kkk\n", "mmm\n"]) {
    const { stdout } = await ran("nc", ["-w", "1", "127.0.0.1", String(port)], line);
    assert.equal(String(stdout), line);
  }
  assert.equal(device.links.length, 1, "both over one connection");
});
