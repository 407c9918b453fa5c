import assert from "node:assert/strict";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { Network } from "../support/cut.js";
import { startEcho } from "../support/echo.js";
import { Client } from "../support/net.js";
import { Download, startTapes } from "../support/transfer.js";
import { startTunnel } from "../support/tunnels.js";
import { until } from "../support/wait.js";

const BYTES_PER_MS = 1000;
const ROUNDS = 15;
const AT_MOST_MS = 1000; // measured: 80; with no limit but the kernel's: 5000

/** Starts both ends with a slow network between them; returns the ports of an echo, and of a service that sends tapes. */
async function startSlow(t: TestContext): Promise<{ echo: number; tapes: number }> {
  const [echo, tapes] = [await startEcho(), await startTapes()];
  t.after(() => echo.stop());
  t.after(() => tapes.stop());
  const { server } = await startTunnel(t, [`127.0.0.1:${echo.port}`, `127.0.0.1:${tapes.port}`], {
    through: async (port) => {
      const network = await Network.open(port, BYTES_PER_MS);
      t.after(() => network.close());
      return network.port;
    },
  });
  const [echoPort = 0, tapesPort = 0] = server.hosts;
  return { echo: echoPort, tapes: tapesPort };
}

/** The longest round trip of single bytes, in milliseconds. */
async function longestEcho(port: number): Promise<number> {
  const terminal = await Client.open(port);
  let longest = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const sent = performance.now();
    terminal.write("l");
    await terminal.take(1, 30_000);
    longest = Math.max(longest, performance.now() - sent);
  }
  terminal.destroy();
  return longest;
}

/** Bytes without an end. */
function* flood(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(65_536);
}

test("on a slow link a terminal stays usable beside a download, which gets the rest of the link", async (t) => {
  const ports = await startSlow(t);
  const download = new Download(ports.tapes, 7, 1_000_000_000);
  t.after(() => download.socket.destroy());
  await until(() => download.count > 2000 * BYTES_PER_MS, "the download to be under way");
  const [since, before] = [performance.now(), download.count];
  const longest = await longestEcho(ports.echo);
  const used = (download.count - before) / (performance.now() - since) / BYTES_PER_MS;
  t.diagnostic(`there and back: ${longest.toFixed(0)} ms at most; the download had ${(used * 100).toFixed(0)} %`);
  assert.ok(longest < AT_MOST_MS, `${longest} ms`);
  assert.ok(used > 0.5, `${used}`);
});

test("and beside one that fills it both ways", async (t) => {
  const ports = await startSlow(t);
  const both = connect(ports.echo, "127.0.0.1");
  t.after(() => both.destroy());
  let count = 0;
  both.on("error", () => {});
  both.on("data", (chunk) => {
    count += chunk.length;
  });
  Readable.from(flood()).pipe(both);
  await until(() => count > 2000 * BYTES_PER_MS, "bytes to be under way both ways", 30_000);
  const longest = await longestEcho(ports.echo);
  t.diagnostic(`there and back: ${longest.toFixed(0)} ms at most`);
  assert.ok(longest < AT_MOST_MS, `${longest} ms`);
});
