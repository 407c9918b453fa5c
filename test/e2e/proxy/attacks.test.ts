// Peers that mean harm, or might as well: none of them costs the others anything, and the daemon no more than it can spare.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { type DaemonProcess, startDaemon } from "../../support/daemon.js";
import { startEcho } from "../../support/echo.js";
import { FakeLuup } from "../../support/luup.js";
import { Client, Device, greet, relayed } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { descriptorLimit, descriptors, descriptorsAtRest, faults, resident } from "../../support/process.js";
import { Tape } from "../../support/tape.js";
import { pause, until } from "../../support/wait.js";

const MIB = 1_048_576;
const SETUP_LIMIT_MS = 30_000; // without a command a client is let go after this

let daemon: DaemonProcess;
let echo: Awaited<ReturnType<typeof startEcho>>;
/** Descriptors of the daemon when nobody is connected. */
let atRest = 0;
before(async () => {
  echo = await startEcho();
  daemon = await startDaemon();
  await serve(daemon);
  atRest = await descriptorsAtRest(daemon);
});
after(async () => {
  echo.stop();
  await daemon.stop();
});

/** Connects a plugin to an echoing remote, and returns how long it took from first to last, in milliseconds. */
async function serve(by: DaemonProcess): Promise<number> {
  const since = performance.now();
  const { client } = await greet(by.port);
  client.write(`CONN 127.0.0.1:${echo.port}\nping`);
  assert.match(await client.line(), /^OK CONN /);
  assert.equal(await client.take(4), "ping");
  client.destroy();
  return performance.now() - since;
}

/** Has an honest plugin served again and again while something else goes on; returns the longest it took. */
async function serveDuring(by: DaemonProcess, something: Promise<unknown>): Promise<number> {
  let over = false;
  const finish = (): void => {
    over = true;
  };
  something.then(finish, finish);
  let worst = 0;
  while (!over) {
    worst = Math.max(worst, await serve(by));
    await pause(100);
  }
  await something;
  return worst;
}

/** Runs an attack; returns by how much the daemon's memory grew meanwhile, at most, in bytes. */
async function growth(of: DaemonProcess, attack: () => Promise<unknown>): Promise<number> {
  const before = resident(of);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, resident(of));
  }, 20);
  try {
    await attack();
  } finally {
    clearInterval(watch);
  }
  return peak - before;
}

/** Lets no client go on attacking when its test is over, or has failed. */
function destroyAfter(t: TestContext, clients: readonly Client[]): void {
  t.after(() => {
    for (const client of clients) client.destroy();
  });
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Writes for as long as it is taken: a tape, or something else again and again. */
class Pump {
  /** How many bytes it has written. */
  written = 0;
  readonly #tape = new Tape(1);
  readonly #socket: Socket;
  readonly #source: () => Buffer;

  constructor(socket: Socket, source?: () => Buffer) {
    this.#socket = socket;
    this.#source = source ?? (() => this.#tape.take(65_536));
    socket.on("drain", () => this.#run());
    this.#run();
  }

  /** Writes no more, and sends FIN. */
  end(): void {
    this.#socket.removeAllListeners("drain");
    this.#socket.end();
  }

  #run(): void {
    while (this.#socket.writable) {
      const piece = this.#source();
      this.written += piece.length;
      if (!this.#socket.write(piece)) return;
    }
  }

  /** Resolves when the other side has taken nothing for a second. */
  async stalled(): Promise<void> {
    let last = -1;
    await until(
      async () => {
        const taken = this.#socket.bytesWritten - this.#socket.writableLength;
        const still = taken === last && this.#socket.writableLength > 0;
        last = taken;
        await pause(1000);
        return still;
      },
      "the writer to be stalled",
      30_000,
    );
  }
}

/** Reads a socket to its end, holding it against the tape; returns how many bytes were right. */
function readTape(client: Client): Promise<number> {
  const tape = new Tape(1);
  const { socket, bytes } = client;
  assert.ok(tape.continuesWith(bytes));
  socket.removeAllListeners("data");
  return new Promise((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      if (!tape.continuesWith(chunk)) reject(new Error(`a wrong byte behind ${tape.at - chunk.length}`));
    });
    socket.on("end", () => resolve(tape.at));
    socket.on("close", () => reject(new Error(`cut after ${tape.at}`)));
    socket.resume();
  });
}

// while the silent ones wait for their time to run out, the others are at work
describe("attacks", { concurrency: 2 }, () => {
  test("10,000 silent clients hold up nobody, and are let go after 30 s", { timeout: 150_000 }, async (t) => {
    const own = await startDaemon();
    t.after(() => own.stop());
    const count = Math.min(10_000, descriptorLimit() - 2000, descriptorLimit(own) - 200);
    const [files, memory] = [await descriptorsAtRest(own), resident(own)];
    const ages: number[] = [];
    const answers = new Set<string>();
    async function open(): Promise<void> {
      const since = performance.now();
      const socket = connect({ port: own.port, host: "127.0.0.1" });
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => {
        text += chunk;
      });
      socket.on("error", (error) => answers.add(error.message));
      socket.on("end", () => {
        answers.add(text.replace(/[0-9a-f]{11}/, "PID"));
        ages.push(performance.now() - since);
      });
      await once(socket, "connect");
    }
    async function attack(): Promise<void> {
      for (let opened = 0; opened < count; opened += 100) {
        await Promise.all(Array.from({ length: Math.min(100, count - opened) }, open));
        await pause(20);
      }
      await until(() => descriptors(own) - files >= count * 0.99, "all of them to be in", 25_000);
      t.diagnostic(`${mib(resident(own) - memory)} for ${count} silent clients`);
      await until(() => ages.length >= count, "all of them to be let go", 90_000);
    }
    const worst = await serveDuring(own, attack());
    ages.sort((a, b) => a - b);
    t.diagnostic(
      `let go after ${((ages[0] ?? 0) / 1000).toFixed(1)} to ${((ages.at(-1) ?? 0) / 1000).toFixed(1)} s; ` +
        `others served within ${worst.toFixed(0)} ms`,
    );
    assert.deepEqual([...answers], ["OK TOGGLEDBITS-SOCKPROXY 1 PID\n"]);
    assert.ok((ages[0] ?? 0) >= SETUP_LIMIT_MS - 100, `${ages[0]} ms`);
    assert.ok((ages.at(-1) ?? 0) < SETUP_LIMIT_MS + 15_000, `${ages.at(-1)} ms`);
    assert.ok(worst < 3000, `${worst} ms`);
    await until(() => descriptors(own) <= files, "the descriptors to be closed", 20_000);
    assert.deepEqual(faults(own.log()), []);
    assert.equal(await own.stop(), 0);
  });

  describe("meanwhile", { concurrency: 1 }, () => {
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
      await serve(daemon);
      assert.equal(daemon.child.exitCode, null);
      assert.ok(!daemon.log().includes("stopping"));
    });

    test("plugins and devices that never read stall their writers; nothing is lost, and it costs no memory", async (t) => {
      const device = await Device.open();
      const readers: Client[] = [];
      const writers: Client[] = [];
      for (let n = 0; n < 20; n += 1) {
        const { client, remote } = await relayed(daemon.port, device);
        const pair = n % 2 === 0 ? [client, remote] : [remote, client];
        readers.push(pair[0] as Client);
        writers.push(pair[1] as Client);
      }
      destroyAfter(t, [...readers, ...writers]);
      for (const { socket } of readers) socket.pause();
      let pumps: Pump[] = [];
      const grown = await growth(daemon, async () => {
        pumps = writers.map(({ socket }) => new Pump(socket));
        await Promise.all(pumps.map((pump) => pump.stalled()));
      });
      const written = pumps.reduce((sum, pump) => sum + pump.written, 0);
      t.diagnostic(`stalled after ${mib(written)}; the daemon's memory grew by ${mib(grown)} at most`);
      assert.ok(grown < 32 * MIB, mib(grown));
      // longer than the limits of a connection that closes, and than it takes to look for clients that are not read
      const worst = await serveDuring(daemon, pause(7000));
      t.diagnostic(`others served within ${worst.toFixed(0)} ms`);
      assert.ok(worst < 3000, `${worst} ms`);
      assert.ok(writers.every(({ closed, ended }) => !closed && !ended));
      const reading = readers.map(readTape);
      for (const pump of pumps) pump.end();
      assert.deepEqual(
        await Promise.all(reading),
        pumps.map((pump) => pump.written),
      );
      device.close();
    });

    test("lines without end are refused, their senders cut, and cost no memory", async (t) => {
      const clients = await Promise.all(Array.from({ length: 2 }, () => greet(daemon.port)));
      destroyAfter(
        t,
        clients.map(({ client }) => client),
      );
      const endless = Buffer.alloc(65_536, "STAT ");
      const grown = await growth(daemon, async () => {
        const pumps = clients.map(({ client }) => new Pump(client.socket, () => endless));
        for (const { client } of clients) assert.match(await client.line(), /^ERR LINE /);
        const worst = await serveDuring(
          daemon,
          until(() => clients.every(({ client }) => client.closed), "all of them to be cut", 20_000),
        );
        t.diagnostic(`others served within ${worst.toFixed(0)} ms`);
        assert.ok(worst < 3000, `${worst} ms`);
        const written = pumps.reduce((sum, pump) => sum + pump.written, 0);
        t.diagnostic(`cut after ${mib(written)}`);
        assert.ok(written < 64 * MIB, `${mib(written)} of nonsense have been read`); // most of it is in the kernel's buffers
      });
      t.diagnostic(`memory grew by ${mib(grown)}`);
      assert.ok(grown < 64 * MIB, mib(grown));
      await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed");
    });

    test("questions without end whose answers nobody reads are left waiting, and cost no memory", async (t) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => greet(daemon.port)));
      destroyAfter(
        t,
        clients.map(({ client }) => client),
      );
      const flood = Buffer.from("STAT\nHELP\nCAPA\n".repeat(1000));
      const grown = await growth(daemon, async () => {
        for (const { client } of clients) client.socket.pause();
        const pumps = clients.map(({ client }) => new Pump(client.socket, () => flood));
        await Promise.all(pumps.map((pump) => pump.stalled()));
        assert.ok((await serve(daemon)) < 2000);
      });
      t.diagnostic(`memory grew by ${mib(grown)}`);
      assert.ok(grown < 48 * MIB, mib(grown));
      for (const { client } of clients) client.reset();
      await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed");
    });

    test("a flood behind a CONN that hangs costs no memory", async (t) => {
      const silent = await Device.open(); // never answers a TLS handshake
      const clients = await Promise.all(Array.from({ length: 10 }, () => greet(daemon.port)));
      destroyAfter(
        t,
        clients.map(({ client }) => client),
      );
      const grown = await growth(daemon, async () => {
        for (const { client } of clients) {
          client.write(`CONN 127.0.0.1:${silent.port} PRTO=tls CTIM=4000\n`);
          new Pump(client.socket);
        }
        for (const { client } of clients) assert.match(await client.line(), /^ERR CONN [^\n]*timed out/);
      });
      t.diagnostic(`memory grew by ${mib(grown)}`);
      assert.ok(grown < 64 * MIB, mib(grown));
      silent.close();
    });

    // STAT takes a time that grows with the number of connections
    for (const [command, times] of [
      ["STAT", 1000],
      ["BILD", 5000],
    ] as const) {
      test(`a client that says ${command} ${times} times at once, and reads, holds up nobody`, async (t) => {
        const idle = await Promise.all(Array.from({ length: 2000 }, () => Client.open(daemon.port)));
        const { client } = await greet(daemon.port);
        client.socket.removeAllListeners("data").resume();
        client.write(`${command}\n`.repeat(times));
        await pause(5);
        const ms = await serve(daemon);
        t.diagnostic(`others served after ${ms.toFixed(0)} ms`);
        for (const each of [client, ...idle]) each.reset();
        assert.ok(ms < 500, `${ms} ms`);
      });
    }

    test("clients that are told goodbye and never close are let go", async () => {
      for (const line of ["QUIT\n", "NONSENSE\n", "CONN 127.0.0.1:9\n"]) {
        const clients = await Promise.all(Array.from({ length: 50 }, () => greet(daemon.port)));
        for (const { client } of clients) client.write(line);
        for (const { client } of clients) await client.rest();
      }
      await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed", 20_000);
    });

    test("clients that reset at once, by the thousand, leave nothing behind", async () => {
      for (let batch = 0; batch < 30; batch += 1) {
        await Promise.all(
          Array.from({ length: 100 }, async (_, number) => {
            const client = await Client.open(daemon.port);
            if (number % 3 === 1) client.write(`CONN 127.0.0.1:${echo.port}\n`);
            if (number % 3 === 2) client.write("STAT\n".repeat(10));
            client.reset();
          }),
        );
      }
      await serve(daemon);
      await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed");
    });

    test("without descriptors newcomers are turned away, the others served on; afterwards all is well", {
      skip: missing("prlimit"),
    }, async (t) => {
      const luup = await new FakeLuup().start();
      const own = await startDaemon("-N", luup.url);
      t.after(async () => {
        await own.stop();
        await luup.stop();
      });
      const device = await Device.open();
      const { client, remote } = await relayed(own.port, device, "NTFY=5/urn:x/Act/poor");
      const spare = 50; // above the descriptor that libuv keeps for this: it was opened while others were in use
      const limit = descriptors(own) + spare;
      const set = spawnSync("prlimit", [`--pid=${own.child.pid}`, `--nofile=${limit}:`], { encoding: "utf8" });
      assert.equal(set.status, 0, set.stderr);
      const crowd = await Promise.all(Array.from({ length: 200 }, () => Client.open(own.port)));
      await until(
        () => crowd.every((each) => each.closed || each.ended || each.bytes.length > 0),
        "everybody to be greeted or turned away",
      );
      const guests = crowd.filter((each) => each.bytes.length > 0 && !each.ended);
      assert.ok(guests.length >= spare - 10 && guests.length <= spare + 10, `${guests.length} guests`);
      remote.write("still here");
      assert.equal(await client.take(10), "still here");
      guests[0]?.write(`CONN 127.0.0.1:${echo.port}\n`);
      await until(() => guests[0]?.bytes.includes("ERR CONN ") === true, "the refusal");
      for (const each of crowd) each.destroy();
      await luup.received("poor", 1); // repeated until there was a descriptor for it
      await serve(own);
      client.reset();
      await luup.received("poor", 2);
      assert.deepEqual(faults(own.log()), []);
      assert.equal(await own.stop(), 0);
      device.close();
    });

    test("and after all that no fault is in the log", () => {
      assert.deepEqual(faults(daemon.log()), []);
      assert.equal(daemon.child.exitCode, null);
    });
  });
});
