import assert from "node:assert/strict";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, greet, reload } from "../../support/net.js";
import { until } from "../../support/wait.js";

/** A device that takes one connection, and resets each further one until the first is closed. It answers what it hears in capitals. */
class OneConnection {
  readonly port: number;
  served = 0;
  turnedAway = 0;
  /** Connections that it has lost by a reset. */
  resets = 0;
  most = 0;
  #open = 0;
  /** How long it takes to close when its client has sent FIN. */
  closingMs = 0;

  private constructor(port: number) {
    this.port = port;
  }

  static async open(t: TestContext): Promise<OneConnection> {
    const device = new OneConnection(await freePort());
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => {
        device.resets += 1;
      });
      device.#take(socket);
    });
    server.listen(device.port, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return device;
  }

  #take(socket: Socket): void {
    if (this.#open === 1) {
      this.turnedAway += 1;
      socket.resetAndDestroy();
      return;
    }
    this.#open += 1;
    this.served += 1;
    this.most = Math.max(this.most, this.#open);
    socket.on("close", () => {
      this.#open -= 1;
    });
    socket.on("data", (chunk) => socket.write(chunk.toString().toUpperCase()));
    socket.on("end", () => setTimeout(() => socket.end(), this.closingMs));
  }
}

interface Counts {
  readonly silent: number;
  readonly refused: number;
  readonly replaced: number;
}

/** A daemon with one `[direct]` line to a device that takes one connection. */
async function open(t: TestContext, options: string) {
  const device = await OneConnection.open(t);
  const port = await freePort();
  const text = (more: string): string => `[direct bus]\nlisten=${port}\ntarget=127.0.0.1:${device.port}\n${more}\n`;
  const config = new ConfigFile(text(options));
  const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
  t.after(() => daemon.discard());
  const counts = async (): Promise<Counts | undefined> => {
    const { client } = await greet(daemon.port);
    client.write("STAT JSON\nQUIT\n");
    const { clients } = JSON.parse((await client.rest()).split("\n")[0] ?? "") as { clients: Record<string, Counts> };
    client.destroy();
    return clients[`direct bus (port ${port})`];
  };
  const clients: Client[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  return {
    ...{ device, daemon, port, counts },
    async client(): Promise<Client> {
      const client = await Client.open(port);
      clients.push(client);
      return client;
    },
    async change(more: string): Promise<void> {
      config.write(text(more));
      assert.match(await reload(daemon.port), /^OK RELD/);
    },
  };
}

async function asks(client: Client, text: string): Promise<void> {
  client.write(text);
  assert.equal(await client.take(text.length), text.toUpperCase());
}

describe("max-clients", () => {
  test("a forgotten client is replaced: the device has one connection at a time, and the newcomer gets it", async (t) => {
    const { device, daemon, client, counts } = await open(t, "max-clients=1\nwhen-full=replace-oldest");
    const forgotten = await client();
    await asks(forgotten, "one");
    const newcomer = await client();
    await asks(newcomer, "two");
    await until(() => forgotten.closed, "the forgotten one to be cut");
    assert.equal(forgotten.error?.code, "ECONNRESET");
    await asks(newcomer, "three");
    assert.deepEqual([device.served, device.turnedAway, device.most], [2, 0, 1]);
    assert.equal(device.resets, 0, "some devices do not survive a reset");
    assert.match(daemon.log(), / closed: replaced by 127\.0\.0\.1:\d+, a newer client \(when-full\); /);
    assert.deepEqual(await counts(), { silent: 0, refused: 0, replaced: 1 });
  });

  test("a health check replaces nobody; what a newcomer says at once is kept", async (t) => {
    const { device, client, counts } = await open(t, "max-clients=1\nwhen-full=replace-oldest");
    const first = await client();
    await asks(first, "one");
    (await client()).end();
    (await client()).reset();
    await until(async () => (await counts())?.silent === 2, "both to be counted");
    await asks(first, "still there");
    const last = await client();
    last.write("all at once");
    last.end();
    assert.equal(await last.rest(), "ALL AT ONCE");
    assert.deepEqual([device.served, device.turnedAway], [2, 0]);
  });

  test("so is one that has said nothing, or waits for a device that closes slowly", async (t) => {
    const { device, client } = await open(t, "max-clients=1\nwhen-full=replace-oldest");
    device.closingMs = 300;
    const [first, second, third] = [await client(), await client(), await client()];
    await asks(third, "three");
    assert.ok(first.ended || first.closed);
    assert.ok(second.ended || second.closed);
    assert.deepEqual([device.turnedAway, device.most], [0, 1]);
  });

  test("without when-full the newcomer reads why it is refused; the log names who is there, once", async (t) => {
    const { device, daemon, client, counts } = await open(t, "max-clients=1");
    const first = await client();
    await asks(first, "one");
    for (let count = 0; count < 3; count += 1) {
      const answer = await (await client()).rest();
      assert.equal(
        answer,
        `ERR CONN 127.0.0.1:${device.port}: as many clients are connected as max-clients=1 allows\n`,
      );
    }
    await asks(first, "still there");
    assert.deepEqual(await counts(), { silent: 0, refused: 3, replaced: 0 });
    assert.equal(device.served, 1);
    const lines = daemon.log().match(/rejected by direct bus .*/g) ?? [];
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /max-clients=1 allows; the oldest is 127\.0\.0\.1:\d+, for 0 s$/);
  });

  test("with on-failure=reset it is reset", async (t) => {
    const { client } = await open(t, "max-clients=1\non-failure=reset");
    await asks(await client(), "one");
    const second = await client();
    await until(() => second.closed, "its end");
    assert.equal(second.error?.code, "ECONNRESET");
  });

  test("a program that connects for each request is never refused, though its device has yet to close", async (t) => {
    const { device, client } = await open(t, "max-clients=1");
    device.closingMs = 30;
    for (const text of ["one", "two", "three", "four"]) {
      const each = await client();
      await asks(each, text);
      each.end();
    }
    assert.deepEqual([device.served, device.turnedAway, device.most], [4, 0, 1]);
  });

  test("a reload changes the limit for new clients; those that are there stay, and count", async (t) => {
    const { client, change } = await open(t, "max-clients=1");
    const first = await client();
    await asks(first, "one");
    await change("max-clients=1\nwhen-full=replace-oldest");
    const second = await client();
    await asks(second, "two");
    await until(() => first.closed, "the first to be replaced");
  });

  test("two programs that connect anew at once do not replace each other for ever", async (t) => {
    const { device, client, counts } = await open(t, "max-clients=1\nwhen-full=replace-oldest");
    const first = await client();
    await asks(first, "one");
    for (let count = 0; count < 10; count += 1) await asks(await client(), "more");
    const refused = await client();
    assert.match(await refused.rest(), /^ERR CONN .*allows, and they replace each other too often\n$/);
    assert.deepEqual([(await counts())?.replaced, device.served, device.turnedAway], [10, 11, 0]);
  });
});

test("when-full goes with max-clients", async (t) => {
  await assert.rejects(open(t, "when-full=refuse"), /when-full goes with max-clients/);
});

describe("max-clients on other lines", () => {
  test("a shared device: one client more is closed without a word, or the oldest is reset", async (t) => {
    const device = await OneConnection.open(t);
    const port = await freePort();
    const text = (more: string): string =>
      `[mux]\n${port}=127.0.0.1:${device.port} PROT=raw MODE=broadcast MAXC=1 ${more}\n`;
    const config = new ConfigFile(text(""));
    const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
    t.after(() => daemon.discard());
    const first = await Client.open(port);
    await asks(first, "one");
    assert.equal(await (await Client.open(port)).rest(), "");
    config.write(text("WFUL=replace-oldest"));
    await reload(daemon.port);
    const third = await Client.open(port);
    await asks(third, "three");
    await until(() => first.closed, "the first to be reset");
    assert.equal(first.error?.code, "ECONNRESET");
    assert.equal(device.served, 1, "they share its connection");
    third.destroy();
  });

  test("an exposed port: its service has one connection at a time", async (t) => {
    const device = await OneConnection.open(t);
    const [tunnel, exposed] = [await freePort(), await freePort()];
    const service = `127.0.0.1:${device.port}`;
    const config = new ConfigFile(
      `[tunnel]\n${tunnel}=EXPOSE 127.0.0.1:${exposed}>${service} MAXC=1 WFUL=replace-oldest\n` +
        `[device]\nserver=127.0.0.1:${tunnel}\nallow=${service}\n`,
    );
    const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
    t.after(() => daemon.discard());
    await until(() => daemon.log().includes(`listening on 127.0.0.1:${exposed}`), "the exposed port");
    const first = await Client.open(exposed);
    await asks(first, "one");
    const second = await Client.open(exposed);
    await asks(second, "two");
    await until(() => first.closed, "the first to be reset");
    assert.deepEqual([device.served, device.turnedAway, device.most], [2, 0, 1]);
    second.destroy();
  });
});

describe("max-clients for clients that send datagrams", () => {
  /** A line that listens on UDP, and a client of it. */
  async function openUdp(t: TestContext, options: string) {
    const sockets: UdpSocket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.close();
    });
    const bound = async (): Promise<UdpSocket> => {
      const socket = createSocket("udp4");
      sockets.push(socket);
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
      return socket;
    };
    const device = await bound();
    device.on("message", (datagram, { port, address }) => device.send(`${datagram}!`, port, address));
    const port = await freePort();
    const config = new ConfigFile(
      `[direct]\nudp:127.0.0.1:${port}=127.0.0.1:${device.address().port} PRTO=udp ${options}\n`,
    );
    const daemon = await startHere("-a", "127.0.0.1", "-c", config.path);
    t.after(() => daemon.discard());
    const client = async () => {
      const socket = await bound();
      const came: string[] = [];
      socket.on("message", (datagram) => came.push(datagram.toString()));
      return { came, send: (text: string) => socket.send(text, port, "127.0.0.1") };
    };
    return { daemon, client };
  }

  test("one more is not heard, or takes the place of the oldest", async (t) => {
    for (const [options, outcome] of [
      ["MAXC=1", /rejected by direct .*max-clients=1 allows/],
      ["MAXC=1 WFUL=replace-oldest", /closed: replaced by 127\.0\.0\.1:\d+, a newer client/],
    ] as const) {
      const { daemon, client } = await openUdp(t, options);
      const [first, second] = [await client(), await client()];
      first.send("one");
      await until(() => first.came.join() === "one!", "the first answer");
      second.send("two");
      await until(() => outcome.test(daemon.log()), String(outcome));
      if (options.includes("replace")) await until(() => second.came.join() === "two!", "the second answer");
      else {
        first.send("three");
        await until(() => first.came.join() === "one!,three!", "the first one goes on");
        assert.deepEqual(second.came, []);
      }
    }
  });
});
