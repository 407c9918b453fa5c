import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { type DaemonProcess, startDaemon } from "../support/daemon.js";
import { type Client, Device, greet, relayed } from "../support/net.js";
import { resident } from "../support/process.js";
import { pause, until } from "../support/wait.js";

let daemon: DaemonProcess;
let device: Device;
before(async () => {
  daemon = await startDaemon("-N", "http://127.0.0.1:9");
  device = await Device.open();
});
after(async () => {
  device.close();
  await daemon.stop();
});

const MIB = 1_048_576;
const PIECE = randomBytes(MIB);

/** Sends `count` MiB, every one different, waiting for the kernel to take them; returns the SHA-256 of all. */
async function pour(from: Client, count: number): Promise<string> {
  const hash = createHash("sha256");
  for (let index = 0; index < count; index += 1) {
    const piece = Buffer.from(PIECE);
    piece.writeUInt32BE(index, 0);
    hash.update(piece);
    if (!from.socket.write(piece)) await new Promise((resolve) => from.socket.once("drain", resolve));
  }
  from.end();
  return hash.digest("hex");
}

/** Reads to the end, with a pause of 3 s in the middle; returns count and SHA-256. */
function swallow(to: Client, half: number): Promise<{ bytes: number; hash: string }> {
  to.socket.removeAllListeners("data");
  const hash = createHash("sha256").update(to.bytes);
  let bytes = to.bytes.length;
  let paused = false;
  return new Promise((resolve) => {
    to.socket.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
      if (paused || bytes < half) return;
      paused = true;
      to.socket.pause();
      setTimeout(() => to.socket.resume(), 3000);
    });
    to.socket.on("end", () => resolve({ bytes, hash: hash.digest("hex") }));
  });
}

for (const [name, options] of [
  ["", ""],
  [", in blocks", "BLKS=10000"],
] as const) {
  test(`64 MB each way at once, with readers that pause 3 s, arrive unchanged and cost no memory${name}`, async (t) => {
    const { client, remote } = await relayed(daemon.port, device, options);
    await pause(300);
    const before = resident(daemon);
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, resident(daemon));
    }, 20);
    const downward = swallow(client, 32 * MIB);
    const upward = swallow(remote, 32 * MIB);
    const [sentUp, sentDown, up, down] = await Promise.all([pour(client, 64), pour(remote, 64), upward, downward]);
    clearInterval(watch);
    assert.deepEqual(down, { bytes: 64 * MIB, hash: sentDown });
    assert.deepEqual(up, { bytes: 64 * MIB, hash: sentUp });
    t.diagnostic(`memory grew by ${((peak - before) / MIB).toFixed(1)} MiB at most`);
    assert.ok(peak - before < 32 * MIB, `memory grew by ${((peak - before) / MIB).toFixed(1)} MiB`);
  });
}

test("every byte value passes, both ways", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  client.write(all);
  assert.equal(await remote.take(256), all.toString("latin1"));
  remote.write(all);
  assert.equal(await client.take(256), all.toString("latin1"));
  client.destroy();
});

test("a client that has closed its side still gets the rest of the answer", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  client.write("request");
  client.end();
  assert.equal(await remote.rest(), "request");
  for (let n = 0; n < 5; n += 1) {
    remote.write(`part ${n}\n`);
    await pause(30);
  }
  remote.end();
  assert.equal(await client.rest(), "part 0\npart 1\npart 2\npart 3\npart 4\n");
});

test("a remote that has closed its side is still heard to the end, and still hears", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  remote.write("last words");
  remote.end();
  assert.equal(await client.rest(), "last words");
  client.write("answer");
  client.end();
  assert.equal(await remote.rest(), "answer");
});

test("a remote that neither sends nor closes is let go 5 s after the client's FIN, not earlier", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  const since = performance.now();
  client.end();
  await until(() => remote.ended, "the FIN to pass");
  await until(() => client.ended, "the end", 15_000);
  const ms = performance.now() - since;
  assert.ok(ms > 4800, `${ms} ms`);
  await until(() => {
    remote.write("x"); // late bytes are answered by a reset
    return remote.closed;
  }, "the remote to be let go");
});

test("RTIM counts the silence of the remote only", async () => {
  const { client, remote } = await relayed(daemon.port, device, "RTIM=600");
  const chatter = setInterval(() => client.write("are you there?"), 50);
  await pause(400);
  remote.write("yes");
  const since = performance.now();
  await until(() => client.ended, "the end");
  clearInterval(chatter);
  const ms = performance.now() - since;
  assert.ok(ms > 550, `${ms} ms`);
  await until(() => remote.ended || remote.closed, "the remote to be closed too");
});

test("RTIM is exact to a tenth of a second", async (t) => {
  const RTIM_MS = 700;
  const pairs: Awaited<ReturnType<typeof relayed>>[] = [];
  while (pairs.length < 9) pairs.push(await relayed(daemon.port, device, `RTIM=${RTIM_MS}`));
  const errors = await Promise.all(
    pairs.map(async ({ client, remote }, index) => {
      await pause(index * 37);
      remote.write("x");
      await once(client.socket, "data");
      const since = performance.now();
      await once(client.socket, "end");
      client.destroy();
      return performance.now() - since - RTIM_MS;
    }),
  );
  errors.sort((a, b) => a - b);
  t.diagnostic(`off by ${errors.map((ms) => ms.toFixed(1)).join(", ")} ms`);
  assert.ok((errors[0] ?? Number.NaN) > -100, "never early");
  assert.ok(Math.abs(errors[4] ?? Number.NaN) <= 100, "the median: one may have been held up by the machine");
});

test("a reset on either side closes the other and touches no one else", async () => {
  const bystander = await relayed(daemon.port, device);
  const first = await relayed(daemon.port, device);
  first.client.reset();
  await until(() => first.remote.ended || first.remote.closed, "the remote to be closed");
  const second = await relayed(daemon.port, device);
  second.remote.write("last words");
  await second.client.take(10);
  second.remote.reset();
  await until(() => second.client.ended || second.client.closed, "the client to be closed");
  assert.equal(second.client.error, undefined);
  bystander.client.write("alive");
  assert.equal(await bystander.remote.take(5), "alive");
  bystander.client.destroy();
});

test("a client that resets is noticed though its remote takes nothing", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  remote.socket.pause();
  client.write(Buffer.alloc(30 * MIB));
  await until(() => remote.socket.readableLength > 0, "some of it to pass");
  await pause(500);
  client.reset();
  await until(
    () => {
      remote.socket.write("x"); // answered by a reset once the proxy has let go
      return remote.closed;
    },
    "the remote to be let go",
    15_000,
  );
});

test("after a burst a connection holds little memory", async (t) => {
  const pairs: Awaited<ReturnType<typeof relayed>>[] = [];
  while (pairs.length < 200) pairs.push(await relayed(daemon.port, device));
  const before = resident(daemon);
  for (const { client, remote } of pairs) {
    remote.write(Buffer.alloc(600_000));
    client.write(Buffer.alloc(600_000));
    await Promise.all([client.take(600_000), remote.take(600_000)]);
  }
  const each = (resident(daemon) - before) / pairs.length / 1024;
  t.diagnostic(`${each.toFixed(0)} KiB per connection`);
  assert.ok(each < 300, `${each} KiB`); // two large read buffers would be 512
  for (const { client } of pairs) client.reset();
});

test("both sides have keepalive, whatever they are", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  const [ours, theirs] = [client.socket.remotePort, remote.socket.remotePort].map((port) =>
    (port ?? 0).toString(16).toUpperCase().padStart(4, "0"),
  );
  // columns of proc_net_tcp: local, remote, state, queues, timer; a timer that begins with 02 is keepalive's
  const timer = (port: string | undefined): string | undefined =>
    ["/proc/net/tcp", "/proc/net/tcp6"]
      .flatMap((path) => readFileSync(path, "utf8").split("\n"))
      .map((row) => row.trim().split(/\s+/))
      .find((row) => row[1]?.endsWith(`:${port}`) && row[3] === "01")?.[5];
  for (const port of [ours, theirs]) await until(() => timer(port)?.startsWith("02:") === true, `keepalive of ${port}`);
  client.destroy();
});

test("a client that goes closes its remote", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  client.destroy();
  await until(() => remote.ended, "the remote to see the end");
});

test("a stalled reader stalls its own writer and no one else", async () => {
  const { client, remote } = await relayed(daemon.port, device);
  client.socket.pause();
  let sent = 0;
  const piece = Buffer.alloc(65_536);
  const pump = setInterval(() => {
    while (remote.socket.writableLength === 0 && sent < 200 * MIB) {
      remote.socket.write(piece);
      sent += piece.length;
    }
  }, 1);
  let last = -1;
  await until(async () => {
    const still = sent === last && remote.socket.writableLength > 0;
    last = sent;
    await pause(200);
    return still;
  }, "the writer to be stalled");
  clearInterval(pump);
  assert.ok(sent < 100 * MIB, `${sent} bytes went into nowhere`);
  const other = await relayed(daemon.port, device);
  other.client.write("x");
  await other.remote.take(1);
  other.client.destroy();
  const got = new Promise<number>((resolve) => {
    let count = client.bytes.length;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (chunk: Buffer) => {
      count += chunk.length;
    });
    client.socket.on("end", () => resolve(count));
  });
  client.socket.resume();
  remote.end();
  assert.equal(await got, sent);
});

test("1,500 connections at once disturb nobody", async (t) => {
  const many = await Device.open();
  const pairs: Awaited<ReturnType<typeof greet>>[] = [];
  for (let batch = 0; batch < 15; batch += 1) {
    pairs.push(...(await Promise.all(Array.from({ length: 100 }, () => greet(daemon.port)))));
  }
  for (const { client } of pairs) client.write(`CONN 127.0.0.1:${many.port}\n`);
  for (const { client } of pairs) assert.match(await client.line(30_000), /^OK CONN /);
  await until(() => many.clients.length === 1500, "1,500 clients", 30_000);
  for (const [index, { client }] of pairs.entries()) client.write(`${index}\n`);
  const heard = await Promise.all(many.clients.map((remote) => remote.line(30_000)));
  assert.equal(new Set(heard).size, 1500);
  for (const remote of many.clients) remote.write("back\n");
  for (const { client } of pairs) assert.equal(await client.line(30_000), "back");
  t.diagnostic(`${(resident(daemon) / MIB).toFixed(0)} MiB with 1,500 connections`);
  for (const { client } of pairs) client.destroy();
  many.close();
});
