// what the kernel has taken, a peer that reads slowly has not: nothing of it may be lost, and no answer to it
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { after, before, suite, test } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { Certificates } from "../support/certificates.js";
import { type DaemonProcess, startDaemon } from "../support/daemon.js";
import { Client, Device, greet, relayed } from "../support/net.js";
import { Tape } from "../support/tape.js";
import { pause, until } from "../support/wait.js";

const BYTES = 1_500_000; // less than the kernel takes at once
const BYTES_PER_S = 170_000;
const KEY = 7;
const TAKES_MS = (BYTES / BYTES_PER_S) * 1000;
const WITHIN_MS = 3 * TAKES_MS;
assert.ok(TAKES_MS > 8000, "longer than anybody may be quiet behind a FIN");

/** Reads at that pace from now on, checking every byte. */
class SlowReader {
  readonly client: Client;
  count: number;
  isRight: boolean;
  readonly #tape = new Tape(KEY);

  constructor(client: Client) {
    this.client = client;
    const { socket } = client;
    socket.removeAllListeners("data");
    this.count = client.bytes.length;
    this.isRight = this.#tape.continuesWith(client.bytes);
    socket.on("data", (chunk: Buffer) => {
      socket.pause();
      setTimeout(() => socket.resume(), (chunk.length / BYTES_PER_S) * 1000);
      this.count += chunk.length;
      this.isRight &&= this.#tape.continuesWith(chunk);
    });
  }

  /** Waits until it has read all of the tape. */
  async all(): Promise<void> {
    const { client } = this;
    const isOver = (): boolean => this.count >= BYTES || client.closed || client.ended;
    await until(isOver, "all bytes", WITHIN_MS);
    assert.deepEqual([this.count, this.isRight, client.error], [BYTES, true, undefined]);
  }

  /** Waits until it has read all of the tape, and FIN behind it. */
  async allAndFin(): Promise<void> {
    await this.all();
    await until(() => this.client.ended || this.client.closed, "FIN");
    assert.deepEqual([this.client.ended, this.client.error], [true, undefined]);
  }
}

function tape(): Buffer {
  const whole = new Tape(KEY);
  return Buffer.concat([whole.take(BYTES / 2), whole.take(BYTES / 2)]);
}

suite("slow readers", { concurrency: true }, () => {
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await startDaemon("-N", "http://127.0.0.1:9");
  });
  after(() => daemon.stop());

  /** A client and its remote, with a device of their own. */
  async function pair(t: { after(done: () => void): void }, options = "") {
    const device = await Device.open();
    t.after(() => device.close());
    const { client, remote } = await relayed(daemon.port, device, options);
    t.after(() => client.destroy());
    return { client, remote };
  }

  test("a remote gets all that came before the client's FIN, and its answer comes through", async (t) => {
    const { client, remote } = await pair(t);
    const reader = new SlowReader(remote);
    client.write(tape());
    client.end();
    await reader.allAndFin();
    remote.write("got it");
    remote.end();
    assert.equal(await client.rest(), "got it");
    await until(() => remote.closed, "the end");
    assert.equal(remote.error, undefined);
  });

  test("so does one that speaks TLS", async (t) => {
    const certificates = new Certificates();
    const { certificate, key } = certificates.make("localhost");
    const server = createServer({
      cert: readFileSync(certificate),
      key: readFileSync(key),
      allowHalfOpen: true,
    }).listen(0, "127.0.0.1");
    let remote: Client | undefined;
    server.on("secureConnection", (socket: TLSSocket) => {
      remote = new Client(socket);
    });
    t.after(() => void server.close());
    t.after(() => remote?.destroy());
    t.after(() => certificates.remove());
    const { client } = await greet(daemon.port);
    const { port } = server.address() as AddressInfo;
    client.write(`CONN 127.0.0.1:${port} PRTO=tls TLSV=0\n`);
    assert.match(await client.line(), /^OK CONN /);
    await until(() => remote !== undefined, "the remote");
    const reader = new SlowReader(remote as Client);
    client.write(tape());
    client.end();
    await reader.allAndFin();
    remote?.write("got it");
    remote?.end();
    assert.equal(await client.rest(), "got it");
  });

  test("a client gets all that came before the remote's FIN, and may answer it", async (t) => {
    const { client, remote } = await pair(t);
    const reader = new SlowReader(client);
    remote.write(tape());
    remote.end();
    await reader.allAndFin();
    client.write("got it");
    client.end();
    assert.equal(await remote.rest(), "got it");
  });

  test("a client that has sent FIN gets what the remote says when the client has read the rest", async (t) => {
    const { client, remote } = await pair(t);
    client.end();
    const reader = new SlowReader(client);
    remote.write(tape());
    await reader.all();
    assert.equal(client.ended, false);
    await pause(2000);
    client.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
      client.bytes = Buffer.concat([client.bytes, chunk]);
    });
    remote.write("more");
    remote.end();
    assert.equal(await client.rest(), "more");
  });

  test("RTIM: the client gets all, though it goes on to write; the remote is reset", async (t) => {
    const { client, remote } = await pair(t, "RTIM=1000");
    const reader = new SlowReader(client);
    remote.write(tape());
    await until(() => remote.closed, "the remote to be cut");
    assert.deepEqual([remote.ended, remote.error?.code], [false, "ECONNRESET"]);
    const chatter = setInterval(() => client.write("are you there?"), 300);
    t.after(() => clearInterval(chatter));
    await reader.allAndFin();
  });

  test("setup mode: all replies come, though the client goes on to write behind QUIT", async (t) => {
    const { client } = await greet(daemon.port);
    t.after(() => client.destroy());
    client.write("HELP\n");
    await until(() => client.bytes.includes("\n"), "the help");
    await pause(100);
    const help = client.bytes.length;
    client.bytes = Buffer.alloc(0);
    const times = Math.ceil(BYTES / help);
    let count = 0;
    let text = "";
    const { socket } = client;
    socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
      count += chunk.length;
      text = (text + chunk.toString("latin1")).slice(-20);
      socket.pause();
      setTimeout(() => socket.resume(), (chunk.length / BYTES_PER_S) * 1000);
    });
    client.write(`${"HELP\n".repeat(times)}QUIT\n`);
    const chatter = setInterval(() => client.write("HELP\n"), 300);
    t.after(() => clearInterval(chatter));
    await until(() => client.ended || client.closed, "the end", WITHIN_MS);
    assert.equal(text.endsWith("OK QUIT\n"), true, text);
    assert.equal(count, times * help + "OK QUIT\n".length);
  });

  test("a client that sends again 10 s after the remote's FIN is cut: the remote sees no clean end", async (t) => {
    const { client, remote } = await pair(t);
    remote.end();
    await until(() => client.ended, "the remote's FIN");
    await pause(10_000);
    client.write("too late");
    await until(() => remote.closed || remote.ended, "the end");
    assert.deepEqual([remote.bytes.length, remote.ended, remote.error?.code], [0, false, "ECONNRESET"]);
    await until(() => {
      client.write("x"); // a socket that has seen FIN is told of a reset when it writes
      return client.closed;
    }, "the client to learn it");
  });
});
