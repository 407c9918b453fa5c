import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import type { AcceptedClient, Listener } from "#src/accept/listener.js";
import type { Settings } from "#src/core/config/settings.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { Acceptor } from "#src/daemon/acceptor.js";
import { dial } from "#src/dial/dial.js";
import { readCredentials } from "#src/dial/tls-credentials.js";
import { localhostPairs } from "../support/certificates.js";
import { freePort } from "../support/free-port.js";
import { listenerOf } from "../support/listener.js";
import { Client } from "../support/net.js";
import { missing } from "../support/peers.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

/** A server whose sockets go to an acceptor, for a listener. */
async function open(t: TestContext, listener: Partial<Listener> = {}, settings: Partial<Settings> = {}) {
  const here = servicesHere(t, settings);
  const acceptor = new Acceptor(here.services, () => here.generation);
  const port = await freePort();
  const welcomed: AcceptedClient[] = [];
  const own = listenerOf(port, {
    welcome: (client) => void welcomed.push(client),
    reject: (client, reason) => client.write(`ERR ${reason}\n`),
    ...listener,
  });
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket: Socket) =>
    acceptor.accept(own, socket),
  );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const place = { listener: own, bound: "127.0.0.1" };
  here.services.own.opened(place);
  const clients: Client[] = [];
  t.after(() => {
    server.close();
    acceptor.close();
    for (const client of clients) client.destroy();
    for (const connection of here.services.registry.all()) connection.stop("the test has ended");
  });
  const client = async (): Promise<Client> => {
    const made = await Client.open(port);
    clients.push(made);
    return made;
  };
  return { ...here, acceptor, port, welcomed, client };
}

test("an admitted client is a connection with an id of its own, and holds a descriptor", async (t) => {
  const { services, welcomed, client } = await open(t);
  const peers = [await client(), await client()];
  await until(() => welcomed.length === 2, "both");
  const all = services.registry.all();
  assert.equal(new Set(all.map(({ id }) => id)).size, 2);
  assert.deepEqual([all[0] as unknown, services.descriptors.used], [welcomed[0], 2]);
  assert.equal(welcomed[0]?.origin.address, "127.0.0.1");
  for (const connection of all) connection.stop("enough");
  for (const peer of peers) peer.destroy();
  await until(() => services.descriptors.used === 0, "the descriptors to be given back");
});

test("a client that is not admitted is told so, and is no connection", async (t) => {
  const { services, welcomed, client } = await open(t, {}, { maxConnections: 1 });
  await client();
  await until(() => welcomed.length === 1, "the first");
  const second = await client();
  assert.equal(await second.rest(), "ERR 1 connections are open already ([access] max-connections)\n");
  assert.deepEqual([welcomed.length, services.registry.open, services.descriptors.used], [1, 1, 1]);
});

test("a client of the control socket gets in where others do not", async (t) => {
  const network = { kind: "network", family: "ipv4", address: "192.0.2.1", prefix: 32 } as const;
  const { services, welcomed, client } = await open(
    t,
    { path: "/control.sock" },
    { clients: [network], maxConnections: 1 },
  );
  await client();
  await client();
  await until(() => welcomed.length === 2, "both");
  assert.deepEqual([welcomed[0]?.origin.address, services.descriptors.used], ["127.0.0.1", 2]);
});

test("a client that comes through the daemon keeps its origin", async (t) => {
  const { generation, port, welcomed } = await open(t);
  const origin = { address: "192.0.2.7", line: "direct port 1", hops: 0 };
  const request = { target: { host: "127.0.0.1", port }, options: DEFAULT_OPTIONS };
  const end = await dial(request, origin, generation.context).end;
  await until(() => welcomed.length === 1, "the client");
  assert.deepEqual(welcomed[0]?.origin, { address: "192.0.2.7", line: `direct port ${port}`, hops: 1 });
  end.destroy();
});

describe("a port that speaks TLS", { skip: missing("openssl") }, () => {
  const pairs = localhostPairs();

  test("its clients are connections after the handshake; one descriptor is theirs from the beginning", async (t) => {
    const { services, port, welcomed, client, acceptor } = await open(t, { tls: readCredentials(pairs.own) });
    const silent = await client();
    await until(() => services.descriptors.used === 1, "the handshake to begin");
    assert.equal(services.registry.open, 0);
    const ca = readFileSync(pairs.authority.certificate);
    const speaking = connectTls({ port, host: "127.0.0.1", servername: "localhost", ca });
    await until(() => welcomed.length === 1, "the one that speaks");
    assert.deepEqual([services.registry.open, services.descriptors.used], [1, 2]);
    acceptor.close();
    await until(() => silent.ended || silent.closed, "the silent one to be closed");
    assert.deepEqual([services.descriptors.used, services.registry.open], [1, 1], "connections go on");
    speaking.destroy();
  });
});
