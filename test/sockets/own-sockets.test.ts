import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket, type TcpNetConnectOpts } from "node:net";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { type ClientOrigin, sharedOrigin } from "#src/core/net/client-origin.js";
import { type OwnListener, OwnSockets } from "#src/sockets/own-sockets.js";
import { ManualClock } from "../support/clock.js";
import { from } from "../support/origin.js";
import { until } from "../support/wait.js";

const STRANGER = from("10.9.9.9");
const REMEMBERED_MS = 30_000;

/** Node tries one address after the other, and takes no busy machine for an address without an answer. */
const BY_TURNS = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 30_000 };

function listenerOf(name: string, more: Partial<OwnListener> = {}): OwnListener {
  return { port: 1, name, throughDaemon: "allowed", accepts: "clients", ...more };
}

/** A port of a daemon that records the origin of each accepted client at once. */
async function open(t: TestContext, own: OwnSockets, listener: OwnListener, host = "::") {
  const origins: ClientOrigin[] = [];
  const accepted: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    origins.push(own.originOf(socket, listener));
    accepted.push(socket.on("error", () => {}));
  });
  server.listen(0, host);
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  const place = { listener: { ...listener, port }, bound: address };
  own.opened(place);
  t.after(() => {
    server.close();
    for (const socket of accepted) socket.destroy();
  });
  return { origins, accepted, port, place };
}

function watched(
  t: TestContext,
  own: OwnSockets,
  origin: ClientOrigin,
  options: TcpNetConnectOpts,
  tls = false,
): Socket {
  const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options);
  own.dialing(socket, origin);
  t.after(() => socket.destroy());
  return socket.on("error", () => {});
}

function fixture() {
  const clock = new ManualClock();
  return { clock, own: new OwnSockets(clock) };
}

/** What a name is resolved to. */
function lookup(...addresses: readonly string[]): TcpNetConnectOpts["lookup"] {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_host, _options, callback) =>
    void setImmediate(() => (callback as (error: null, found: object[]) => void)(null, found));
}

const roads: [string, Partial<TcpNetConnectOpts>, boolean?][] = [
  ["127.0.0.1", { host: "127.0.0.1" }],
  ["[::1]", { host: "::1" }],
  ["0.0.0.0", { host: "0.0.0.0" }],
  ["[::]", { host: "::" }],
  ["127.1.2.3", { host: "127.1.2.3" }],
  ["[::ffff:127.0.0.1]", { host: "::ffff:127.0.0.1" }],
  ["[::ffff:7f00:1]", { host: "::ffff:7f00:1" }],
  ["a name", { host: "x", lookup: lookup("127.0.0.1") }],
  ["a name with two addresses", { host: "x", lookup: lookup("127.0.0.1", "::1") }],
  ["a name whose first address has no route", { host: "x", lookup: lookup("255.255.255.255", "::1") }],
  ["TLS", { host: "127.0.0.1" }, true],
  ["TLS and a name with two addresses", { host: "x", lookup: lookup("::1", "127.0.0.1") }, true],
];
for (const [road, options, tls] of roads) {
  test(`a client that comes through the daemon by ${road} keeps its origin from accept on`, async (t) => {
    const { own } = fixture();
    const { origins, port } = await open(t, own, listenerOf("a port"));
    for (let count = 0; count < 20; count += 1) {
      watched(t, own, STRANGER, { port, ...BY_TURNS, ...options } as TcpNetConnectOpts, tls);
    }
    await until(() => origins.length === 20, "all to be accepted");
    for (const origin of origins) assert.deepEqual(origin, { address: "10.9.9.9", line: "a port", hops: 1 });
  });
}

test("a port opened during an attempt to connect finds the origin of that connection", async (t) => {
  const { own } = fixture();
  const { origins, port, place } = await open(t, own, listenerOf("a port"));
  own.closed(place);
  const socket = watched(t, own, STRANGER, { port, host: "127.0.0.1" });
  socket.once("connectionAttempt", () => process.nextTick(() => own.opened(place)));
  await until(() => origins.length === 1, "it to be accepted");
  assert.deepEqual(origins, [{ address: "10.9.9.9", line: "a port", hops: 1 }]);
});

test("a connection that another program accepted is forgotten: a port opened later finds no origin for it", async (t) => {
  const { own, clock } = fixture();
  const listener = listenerOf("a port");
  const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const taken = watched(t, own, STRANGER, { port, host: "127.0.0.1" });
  await once(taken, "connect");
  const { localAddress: remoteAddress, localPort: remotePort } = taken;
  const mirrored = { remoteAddress, remotePort, localAddress: "127.0.0.1", localPort: port } as Socket;
  assert.equal(own.originOf(mirrored, listener).hops, 0);
  taken.destroy();
  await once(taken, "close");
  assert.equal(clock.pending, 0);
});

test("a client that the daemon has not connected has its own address as origin", async (t) => {
  const { own } = fixture();
  const { origins, port } = await open(t, own, listenerOf("a port"));
  watched(t, own, STRANGER, { port, host: "127.0.0.1" });
  const client = connect(port, "127.0.0.1");
  t.after(() => client.destroy());
  await until(() => origins.length === 2, "both to be accepted");
  const direct = { address: "127.0.0.1", line: "a port", hops: 0 };
  assert.ok(
    origins.some((origin) => JSON.stringify(origin) === JSON.stringify(direct)),
    JSON.stringify(origins),
  );
});

test("all four parts of a connection must match, and each connection matches once", async (t) => {
  const { own, port, listener, dial } = await unasked(t);
  const mirrored = await dial();
  for (const other of [
    { localPort: port - 1 },
    { localAddress: "127.0.0.2" },
    { remoteAddress: "127.0.0.2" },
    { remotePort: 1 },
  ]) {
    assert.equal(own.originOf({ ...mirrored, ...other } as Socket, listener).hops, 0, JSON.stringify(other));
  }
  assert.deepEqual(
    [1, 2].map(() => own.originOf(mirrored, listener).hops),
    [1, 0],
  );
});

test("a connection that closes before accept is remembered as long as a port could accept it", async (t) => {
  const { own, clock, listener, dial } = await unasked(t);
  const ask: (() => number)[] = [];
  for (let count = 0; count < 2; count += 1) {
    const mirrored = await dial();
    ask.push(() => own.originOf(mirrored, listener).hops);
  }
  clock.advance(REMEMBERED_MS - 1);
  assert.equal(ask[0]?.(), 1);
  clock.advance(1);
  assert.equal(ask[1]?.(), 0);
  assert.equal(clock.pending, 0);
});

/** A port that looks for no origin: the test does, with the addresses of the accepted socket. */
async function unasked(t: TestContext) {
  const { own, clock } = fixture();
  const listener = listenerOf("a port");
  const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  own.opened({ listener: { ...listener, port }, bound: "127.0.0.1" });
  /** Opens a connection and closes it at once. */
  const dial = async (): Promise<Socket> => {
    const socket = watched(t, own, STRANGER, { port, host: "127.0.0.1" });
    await once(socket, "connect");
    const { localAddress: remoteAddress, localPort: remotePort } = socket;
    socket.destroy();
    await once(socket, "close");
    return { remoteAddress, remotePort, localAddress: "127.0.0.1", localPort: port } as Socket;
  };
  return { own, clock, port, listener, dial };
}

test("no loop can be closed, and a chain of ports is counted", async (t) => {
  const { own } = fixture();
  const [one, two, three] = [
    await open(t, own, listenerOf("one")),
    await open(t, own, listenerOf("two")),
    await open(t, own, listenerOf("three")),
  ] as const;
  const hops = async ({ port, origins }: typeof one, origin: ClientOrigin): Promise<[number, Socket]> => {
    const before = origins.length;
    const socket = watched(t, own, origin, { port, host: "127.0.0.1" });
    await until(() => origins.length > before, "it to be accepted");
    return [origins.at(-1)?.hops ?? 0, socket];
  };
  const [first, link] = await hops(two, sharedOrigin("one"));
  const [second] = await hops(three, two.origins[0] as ClientOrigin);
  assert.deepEqual([first, second], [1, 2]);
  assert.equal((await hops(one, sharedOrigin("three")))[0], Number.POSITIVE_INFINITY);
  assert.equal((await hops(one, sharedOrigin("one")))[0], Number.POSITIVE_INFINITY);
  link.destroy();
  await once(link, "close");
  assert.equal((await hops(one, sharedOrigin("three")))[0], 1, "the way is gone that it would have closed");
});

test("the device of the daemon's own tunnel cannot lead to the ports of that tunnel", async (t) => {
  const { own } = fixture();
  const door = await open(t, own, listenerOf("a tunnel", { accepts: "devices" }));
  const exposed = await open(t, own, listenerOf("an exposed port", { line: "a tunnel" }));
  const other = await open(t, own, listenerOf("a direct port"));
  for (const { port, origins } of [door, other, exposed]) {
    watched(t, own, sharedOrigin("a device"), { port, host: "127.0.0.1" });
    await until(() => origins.length === 1, "it to be accepted");
  }
  const hops = [door, other, exposed].map(({ origins }) => origins[0]?.hops);
  assert.deepEqual(hops, [1, 1, Number.POSITIVE_INFINITY]);
});

test("a port is off limits while it is listened on, at the address it is bound to", async (t) => {
  const { own } = fixture();
  const { port, place } = await open(t, own, listenerOf("the proxy", { throughDaemon: "refused" }), "127.0.0.1");
  const open2 = await open(t, own, listenerOf("a direct port"), "127.0.0.1");
  const offLimits = (address: string, at = port): boolean => own.isOffLimits(address, at);
  assert.deepEqual([offLimits("127.0.0.1"), offLimits("0.0.0.0"), offLimits("::ffff:7f00:1")], [true, true, true]);
  assert.deepEqual(
    [offLimits("127.0.0.2"), offLimits("::1"), offLimits("127.0.0.1", open2.port)],
    [false, false, false],
  );
  own.closed(place);
  assert.equal(offLimits("127.0.0.1"), false);
});
