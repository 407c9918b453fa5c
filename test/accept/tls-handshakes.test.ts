import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { Listener } from "#src/accept/listener.js";
import { TlsHandshakes } from "#src/accept/tls-handshakes.js";
import { fail, ok } from "#src/core/parse/result.js";
import { readCredentials } from "#src/dial/tls-credentials.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { localhostPairs } from "../support/certificates.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { Client } from "../support/net.js";
import { from } from "../support/origin.js";
import { missing } from "../support/peers.js";
import { pause, until } from "../support/wait.js";

const LISTENER: Listener = {
  kind: "tunnel",
  port: 1,
  name: "a port",
  throughDaemon: "allowed",
  accepts: "devices",
  essential: false,
  welcome() {},
  reject() {},
};

describe("TLS handshakes of clients", { skip: missing("openssl") }, () => {
  const pairs = localhostPairs();

  /** A TLS port on a clock that the test moves. */
  async function open(t: TestContext, maxPending?: number) {
    const clock = new ManualClock();
    const told: string[] = [];
    const taken: string[] = [];
    const descriptors = new DescriptorBudget(undefined);
    const state = { begun: 0, denialReason: undefined as string | undefined };
    const handshakes = new TlsHandshakes(
      {
        clock,
        rejections: {
          mention: ({ address }, _listener, reason) => told.push(`${address} ${reason}`),
          leftAtOnce: ({ address }, _listener, what) => told.push(`${address} ${what}`),
        },
        keepalive: () => 30_000,
        denialReason: () => state.denialReason,
        admit: () => (state.denialReason === undefined ? ok(descriptors.takeReserved()) : fail(state.denialReason)),
        serve: (client, _origin, _listener, lease) => {
          taken.push(client.peerAddress);
          client.destroy();
          lease.release();
        },
      },
      maxPending,
    );
    const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      handshakes.begin(socket, from(socket.remoteAddress ?? ""), LISTENER, readCredentials(pairs.own));
      state.begun += 1;
    });
    const port = await freePort();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      handshakes.close();
      server.close();
    });
    const client = async (): Promise<Client> => {
      const { begun } = state;
      const made = await Client.open(port);
      t.after(() => made.destroy());
      await until(() => state.begun > begun, "it to be accepted");
      return made;
    };
    const speak = () =>
      connectTls({ port, host: "127.0.0.1", servername: "localhost", ca: readFileSync(pairs.authority.certificate) });
    return { clock, told, taken, state, descriptors, handshakes, client, speak };
  }

  test("of more handshakes than the most the oldest ends, so that many that stop half-way keep nobody out", async (t) => {
    const { told, taken, descriptors, client, speak } = await open(t, 2);
    const [oldest] = [await client(), await client()];
    const good = speak();
    await once(good, "secureConnect");
    await until(() => taken.length === 1, "the client to be served");
    assert.equal(await oldest.rest(), "");
    assert.deepEqual(told, ["127.0.0.1 TLS: 2 handshakes are under way, and this was the oldest"]);
    assert.equal(descriptors.used, 1);
    good.destroy();
  });

  test("a client that sends nothing is closed after 10 s, and so is one that sends a byte now and then", async (t) => {
    const { clock, told, taken, descriptors, client } = await open(t);
    const silent = await client();
    clock.advance(2000);
    const slow = await client();
    for (const byte of Buffer.from("16030100", "hex")) {
      slow.write(Buffer.of(byte)); // the start of a real handshake
      await pause(5);
      clock.advance(1000);
    }
    clock.advance(3999);
    assert.deepEqual([told, descriptors.used], [[], 2]);
    clock.advance(1);
    await until(() => silent.closed || silent.ended, "the silent one to be closed");
    assert.deepEqual([told, descriptors.used], [["127.0.0.1 no TLS handshake within 10 s"], 1]);
    clock.advance(2000);
    await until(() => slow.closed || slow.ended, "the slow one to be closed");
    assert.deepEqual([told.length, descriptors.used, clock.pending], [2, 0, 0]);
    assert.deepEqual(taken, []);
  });

  test("one address has at most eight handshakes in progress; a client that leaves makes room", async (t) => {
    const { told, taken, descriptors, client, speak } = await open(t);
    const all: Client[] = [];
    for (let count = 0; count < 8; count += 1) all.push(await client());
    const ninth = await client();
    await until(() => ninth.closed || ninth.ended, "the ninth to be closed");
    assert.deepEqual(told, ["127.0.0.1 127.0.0.1 has 8 TLS handshakes under way already"]);
    all[0]?.end();
    await until(() => descriptors.used === 7, "one to be let go");
    const good = speak().on("error", () => {});
    await until(() => taken.length === 1, "one to be taken in");
    good.destroy();
    assert.equal(descriptors.used, 7);
  });

  test("a client is rejected when no room is left at the end of its handshake", async (t) => {
    const { clock, told, taken, state, descriptors, client, speak } = await open(t);
    const good = speak().on("error", () => {});
    good.once("connect", () => {
      state.denialReason = "no room";
    });
    await until(() => told.length === 1, "it to be turned away");
    assert.deepEqual([told, taken, descriptors.used, clock.pending], [["127.0.0.1 no room"], [], 0, 0]);
    const next = await client();
    await until(() => next.closed || next.ended, "the next to be turned away at once");
    assert.equal(descriptors.used, 0);
    good.destroy();
  });

  test("of many clients at once, four begin in a pass of the event loop", async (t) => {
    const { handshakes } = await open(t);
    const accepted: Socket[] = [];
    const server = createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket)).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (let count = 0; count < 10; count += 1) {
      const client = await Client.open(port);
      t.after(() => client.destroy());
    }
    await until(() => accepted.length === 10, "all of them");
    const credentials = readCredentials(pairs.own);
    const listener = { ...LISTENER, accepts: "clients" } as const;
    for (const socket of accepted) handshakes.begin(socket, from("127.0.0.1"), listener, credentials);
    /** A socket whose handshake has begun carries a TLS socket, which listens to its errors, too. */
    const begun = (): number => accepted.filter((socket) => socket.listenerCount("error") > 1).length;
    const passes = [begun()];
    for (let pass = 0; pass < 2; pass += 1) {
      await new Promise(setImmediate);
      passes.push(begun());
    }
    assert.deepEqual(passes, [4, 8, 10]);
  });

  test("all handshakes in progress can be ended", async (t) => {
    const { clock, descriptors, handshakes, client } = await open(t);
    const [one, two] = [await client(), await client()];
    handshakes.close();
    await until(() => one.ended && two.ended, "both to be closed");
    await until(() => descriptors.used === 0, "their descriptors to be given back");
    assert.equal(clock.pending, 0);
  });
});
