// real programs through a reverse tunnel, and its forms of the command line
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as listen, type Socket } from "node:net";
import type { Readable } from "node:stream";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { roundTrip, startEcho } from "../support/echo.js";
import { freePort } from "../support/free-port.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { ended, isListening, ownFolder, runToEnd, start } from "../support/proxy-process.js";
import { Output } from "../support/shown.js";
import { Tape } from "../support/tape.js";
import { startTunnel } from "../support/tunnels.js";
import { until } from "../support/wait.js";

const HOST = "127.0.0.1";

describe("programs", { concurrency: 4 }, () => {
  test("nc: a talk, line by line", { skip: missing("nc") }, async (t) => {
    const echo = await startEcho();
    t.after(() => echo.stop());
    const { server } = await startTunnel(t, [`${HOST}:${echo.port}`]);
    const nc = spawn("nc", [HOST, String(server.hosts[0])], { stdio: ["pipe", "pipe", "inherit"] });
    t.after(() => nc.kill("SIGKILL"));
    const output = new Output(nc.stdout as Readable);
    for (const line of ["login", "password", "ls", "exit"]) {
      nc.stdin.write(`${line}\n`);
      await until(() => output.lines.at(-1) === line, `${line} to come back`);
    }
    assert.deepEqual(output.lines, ["login", "password", "ls", "exit"]);
  });

  test("nc -N: a question with its end, and the whole answer", { skip: missing("nc") }, async (t) => {
    const answer = new Tape(3).take(900_000);
    const service = listen({ allowHalfOpen: true }, (socket: Socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(answer));
    });
    service.listen(0, HOST);
    await once(service, "listening");
    t.after(() => service.close());
    const { server } = await startTunnel(t, [`${HOST}:${(service.address() as AddressInfo).port}`]);
    const command = `printf question | nc -N ${HOST} ${server.hosts[0]} | sha256sum`;
    const { stdout } = await promisify(execFile)("sh", ["-c", command]);
    assert.equal(stdout.split(" ")[0], createHash("sha256").update(answer).digest("hex"));
  });

  test("curl: downloads, an upload, several in one connection", { skip: missing("curl") }, async (t) => {
    const body = new Tape(5).take(1_000_000);
    const web = createServer((request, response) => {
      const hash = createHash("sha256");
      request.on("data", (chunk: Buffer) => hash.update(chunk));
      request.on("end", () => {
        if (request.method === "PUT") response.end(hash.digest("hex"));
        else response.end(body);
      });
    });
    web.listen(0, HOST);
    await once(web, "listening");
    t.after(() => {
      web.close();
      web.closeAllConnections();
    });
    const { server } = await startTunnel(t, [`${HOST}:${(web.address() as AddressInfo).port}`]);
    const url = `http://${HOST}:${server.hosts[0]}`;
    const sum = createHash("sha256").update(body).digest("hex");
    const shell = async (command: string) => (await promisify(execFile)("sh", ["-c", command])).stdout;
    assert.equal((await shell(`curl -sS ${url}/a ${url}/b ${url}/c | wc -c`)).trim(), "3000000");
    assert.match(await shell(`curl -sS ${url}/a | sha256sum`), new RegExp(sum));
    assert.equal(await shell(`curl -sS ${url}/a | curl -sS -T - ${url}/up`), sum);
  });

  test("the command line: server and device in the foreground", async (t) => {
    const folder = ownFolder();
    const [echo, other] = [await startEcho(), await startEcho()];
    t.after(() => {
      echo.stop();
      other.stop();
    });
    const [port, host, second] = [await freePort(), await freePort(), await freePort()];
    const [to, toOther] = [`${HOST}:${echo.port}`, `${HOST}:${other.port}`];
    const exposures = [`${HOST}:${host}`, to, `${HOST}:${second}`, toOther];
    const server = start(t, folder, "tunnel", "server", `${HOST}:${port}`, ...exposures);
    const device = start(t, folder, "tunnel", "device", "--server", `${HOST}:${port}`, "--allow", `${to},${toOther}`);
    const logs = [server, device].map((child) => new Output(child.stderr as Readable));
    await until(() => {
      for (const [index, child] of [server, device].entries()) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${logs[index]?.text}`);
      }
      return isListening(host) && isListening(second);
    }, "the host ports to be open");
    for (const each of [host, second]) await roundTrip(await Client.open(each), `hello ${each}`);
    for (const log of logs) assert.notEqual(log.text, "", "a log on stderr");
    device.kill("SIGTERM");
    assert.equal(await ended(device), 0);
    await until(() => !isListening(host), "the host ports to be closed");
    server.kill("SIGTERM");
    assert.equal(await ended(server), 0);
  });

  test("the command line: what makes no sense is told of, and nothing is started", async (t) => {
    const folder = ownFolder();
    const wrong = [
      ["tunnel"],
      ["tunnel", "client"],
      ["tunnel", "server"],
      ["tunnel", "server", "127.0.0.1:7000"],
      ["tunnel", "server", "127.0.0.1:7000", "127.0.0.1:8000"],
      ["tunnel", "server", "127.0.0.1:7000", "127.0.0.1:8000", "10.0.0.1:80", "127.0.0.1:8001"],
      ["tunnel", "server", "127.0.0.1:70000", "127.0.0.1:8000", "10.0.0.1:80"],
      ["tunnel", "device"],
      ["tunnel", "device", "--server", "nowhere"],
      ["tunnel", "device", "--server", "127.0.0.1:7000", "--allow", "nonsense"],
      ["tunnel", "device", "--server", "127.0.0.1:7000", "--nonsense", "1"],
    ];
    for (const words of wrong) {
      const { status, stderr } = await runToEnd(t, folder, ...words);
      assert.ok(status !== 0 && status !== null, words.join(" "));
      assert.match(stderr, /^sockproxyd: ./, words.join(" "));
    }
  });

  test("the command line: --help tells how", async (t) => {
    const { status, stdout } = await runToEnd(t, ownFolder(), "tunnel", "--help");
    assert.equal(status, 0);
    assert.match(stdout, /tunnel server/);
    assert.match(stdout, /tunnel device.*--server/s);
  });
});
