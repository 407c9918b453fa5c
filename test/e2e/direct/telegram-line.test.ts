import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { suite, type TestContext, test } from "node:test";
import { CONN_ENDS } from "#src/core/limits/end-rules.js";
import { NO_BACKLOG } from "#src/core/limits/idle-deadlines.js";
import { TelegramScheduler, type TelegramSchedulerOptions } from "#src/direct/telegram-scheduler.js";
import { Relay } from "#src/relay/relay.js";
import { NO_EARLY_BYTES } from "#src/sockets/early-data.js";
import { closeLingering } from "#src/sockets/lingering-close.js";
import { StreamEnd, streamOf } from "#src/sockets/stream-end.js";
import { acceptTcp, connectTcp } from "#src/sockets/tcp-end.js";
import { systemClock } from "#src/system/clock.js";
import { SocketTable } from "#src/system/socket-table.js";
import { Client, Device } from "../../support/net.js";
import { conbus } from "../../support/protocols.js";
import { Simulator } from "../../support/simulator.js";
import { ACTION, DONE, EVENT, read, reply } from "../../support/telegram-line.js";
import { pause, until } from "../../support/wait.js";

const KEEPALIVE_MS = 60_000;

/** A port that relays each client over a server connection of its own, under the rules of one line. */
async function startLine(t: TestContext, server: number, options: Partial<TelegramSchedulerOptions>) {
  const line = new TelegramScheduler({ rate: 0, shareMs: 0, ...options }, systemClock);
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  listener.on("connection", (accepted) => {
    const client = acceptTcp(accepted, KEEPALIVE_MS, false);
    const { socket, adopt } = connectTcp({ host: "127.0.0.1", port: server }, 0, KEEPALIVE_MS);
    socket.once("connect", () => {
      const end = adopt();
      const remote = line.wrap(end);
      assert.equal(streamOf(remote), end);
      const relay = new Relay(
        client,
        remote,
        { blockSize: 0, receiveTimeoutMs: 0, quietMs: 0 },
        CONN_ENDS,
        systemClock,
        {
          writtenToClient() {},
          writtenToRemote() {},
          clientDrained() {},
          remoteEnded() {},
          clientState: async () => "present",
          backlogOf: async () => NO_BACKLOG,
          clientFinished() {},
          relayEnded: () =>
            closeLingering(client, { how: "end", limitMs: 1000 }, host, {
              drained() {},
              finished() {},
              gone() {},
              fault: assert.fail,
            }),
          resetRemote: (remote) => remote.reset(),
          fault: (error) => assert.fail(String(error)),
        },
      );
      relay.start(NO_EARLY_BYTES);
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(() => listener.close());
  return { line, port: (listener.address() as AddressInfo).port };
}

async function device(t: TestContext): Promise<Device> {
  const opened = await Device.open();
  t.after(() => opened.close());
  return opened;
}

const host = { clock: systemClock, sockets: new SocketTable(systemClock) };

suite("Conbus telegrams of a line", { concurrency: true }, () => {
  test("RATE: three clients of 10 telegrams each at 50/s: in turn, in order, in their time", async (t) => {
    const server = await device(t);
    const { port, line } = await startLine(t, server.port, { rate: 50 });
    const text = Array.from({ length: 10 }, (_, point) => read(point)).join("");
    const clients = await Promise.all([0, 1, 2].map(() => Client.open(port)));
    await until(() => server.clients.length === 3, "three connections");
    const begin = performance.now();
    for (const client of clients) {
      client.write(text);
      client.end();
    }
    await until(() => line.status.sent >= 15, "half of the telegrams");
    const halves = server.clients.map(({ bytes }) => bytes.length / read(0).length);
    assert.ok(Math.max(...halves) - Math.min(...halves) <= 2, `in turn: ${halves.join()}`);
    for (const remote of server.clients) assert.equal(await remote.rest(), text);
    const ms = performance.now() - begin;
    assert.ok(ms >= 29 * 20 - 5, `30 telegrams in ${ms} ms`);
    assert.deepEqual(line.status, { waiting: 0, waitingClients: 0, sent: 30, cacheHits: 0 });
    for (const remote of server.clients) remote.end();
    for (const client of clients) assert.equal(await client.rest(), "");
  });

  test("RATE: bytes come one by one, answers go back as they are", async (t) => {
    const server = await device(t);
    const { port } = await startLine(t, server.port, { rate: 100 });
    const client = await Client.open(port);
    const remote = await server.client();
    const text = `x${read(1)}${ACTION}\r\n${read(2)}<half`;
    for (const byte of text) {
      client.write(byte);
      await pause(1);
    }
    client.end();
    remote.write(`${EVENT}<ha`);
    assert.equal(await client.take(EVENT.length + 3), `${EVENT}<ha`);
    assert.equal(await remote.rest(), text);
    remote.end();
    assert.equal(await client.rest(), "");
  });

  test("RATE: a client that writes without end is held back, and the others have their turns", async (t) => {
    const server = await device(t);
    const { port, line } = await startLine(t, server.port, { rate: 100 });
    const flood = await Client.open(port);
    await server.client(0);
    for (let n = 0; n < 200; n += 1) flood.write(read(1).repeat(5000));
    await until(() => line.status.waiting > 0, "telegrams that wait");
    const other = await Client.open(port);
    const remote = await server.client(1);
    const begin = performance.now();
    other.write(read(2).repeat(5));
    assert.equal(await remote.take(read(2).length * 5), read(2).repeat(5));
    assert.ok(performance.now() - begin < 10_000);
    assert.ok(line.status.waiting <= 262_144 / read(1).length, `${line.status.waiting} telegrams in memory`);
    assert.ok(flood.socket.writableLength > 10_000_000, "the rest is still the client's");
    flood.reset();
    other.destroy();
    server.close();
    await until(() => line.status.waiting === 0, "its place to be given up");
  });

  test("CACH: many clients that read the same ask the server once, until somebody acts", async (t) => {
    let value = 1;
    const server = await Simulator.open(conbus, {
      limit: 10,
      answering: (_, link, request) => {
        const isRead = request.includes("F02D12");
        if (!isRead) value += 1;
        link.send(Buffer.from(isRead ? reply(12, value) : DONE));
      },
    });
    t.after(() => server.stop());
    const { port, line } = await startLine(t, server.port, { shareMs: 60_000 });
    const clients = await Promise.all(Array.from({ length: 10 }, () => Client.open(port)));
    for (const client of clients) {
      client.write(read(12));
      assert.equal(await client.take(reply(12, 1).length), reply(12, 1));
    }
    assert.equal(server.requests.length, 1);
    assert.equal(line.status.cacheHits, 9);
    clients[3]?.write(ACTION);
    assert.equal(await clients[3]?.take(DONE.length), DONE);
    for (const client of clients) {
      client.write(read(12));
      assert.equal(await client.take(reply(12, 2).length), reply(12, 2));
    }
    assert.equal(server.requests.length, 3);
    for (const client of clients) client.destroy();
  });

  test("neither option: the server's own end is used", async (t) => {
    const server = await device(t);
    const { socket, adopt } = connectTcp({ host: "127.0.0.1", port: server.port }, 0, KEEPALIVE_MS);
    await once(socket, "connect");
    const end = adopt();
    const wrapped = new TelegramScheduler({ rate: 0, shareMs: 0 }, systemClock).wrap(end);
    assert.ok(wrapped instanceof StreamEnd && wrapped === end);
    end.destroy();
  });
});
