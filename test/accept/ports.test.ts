import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Listener } from "#src/accept/listener.js";
import { Ports } from "#src/accept/ports.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import type { UdpEnd } from "#src/sockets/udp-end.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { MemoryLog } from "../support/in-process.js";
import { listenerOf } from "../support/listener.js";
import { localNames } from "../support/names.js";
import { Client, Device } from "../support/net.js";
import { until } from "../support/wait.js";

const HERE = "127.0.0.1";

/** @param known what names mean, besides `localhost` */
function fixture(t: TestContext, known: Readonly<Record<string, string>> = {}) {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const names = localNames(clock, known);
  const welcomed: string[] = [];
  const admit = (listener: Listener, socket: Socket): void => {
    welcomed.push(listener.name);
    socket.destroy();
  };
  const admitDatagrams = (listener: Listener, client: UdpEnd): void => {
    welcomed.push(listener.name);
    client.destroy();
  };
  const ports = new Ports({ clock, log, own: new OwnSockets(clock), names, admit, admitDatagrams });
  t.after(() => ports.close());
  const listening = (): number[] =>
    ports.all
      .map(({ status }) => status)
      .filter(({ problem }) => problem === undefined)
      .map(({ port }) => port);
  /** Connects to a port; returns the name of the listener that was given the client. */
  const visit = async (port: number): Promise<string | undefined> => {
    const before = welcomed.length;
    const client = await Client.open(port);
    await until(() => welcomed.length > before, "the client to be accepted");
    client.destroy();
    return welcomed.at(-1);
  };
  return { clock, log, ports, listening, visit };
}

async function occupied(t: TestContext): Promise<number> {
  const occupant = await Device.open();
  t.after(() => occupant.close());
  return occupant.port;
}

test("the essential port opens last: a client that can connect to it finds the others ready", async (t) => {
  const { log, ports } = fixture(t);
  const [one, two, three] = [await freePort(), await freePort(), await freePort()];
  await ports.open([listenerOf(one, { essential: true }), listenerOf(two), listenerOf(three)], HERE);
  const order = log.lines.map((line) => Number(/:(\d+) /.exec(line)?.[1]));
  assert.deepEqual(order, [two, three, one]);
  assert.deepEqual(
    ports.all.map(({ status }) => status).map(({ port }) => port),
    [one, two, three],
    "the status keeps the order of the settings",
  );
});

test("without its essential port nothing stays open; without another one the rest does", async (t) => {
  const { clock, ports, listening } = fixture(t);
  const [taken, free] = [await occupied(t), await freePort()];
  await assert.rejects(ports.open([listenerOf(free), listenerOf(taken, { essential: true })], HERE), /already in use/);
  assert.deepEqual([ports.all, clock.pending], [[], 0]);
  await ports.open([listenerOf(taken), listenerOf(free, { essential: true })], HERE);
  assert.deepEqual([listening(), clock.pending], [[free], 1]);
});

test("a reload keeps a port open without a break, opens new ones and closes the others", async (t) => {
  const { log, ports, listening, visit } = fixture(t);
  const [kept, closed, opened] = [await freePort(), await freePort(), await freePort()];
  await ports.open([listenerOf(kept, { name: "before" }), listenerOf(closed)], HERE);
  assert.equal(await visit(kept), "before");
  const lines = log.lines.length;
  await ports.change([listenerOf(kept, { name: "after" }), listenerOf(opened)], HERE);
  assert.equal(await visit(kept), "after");
  assert.deepEqual(listening(), [kept, opened]);
  assert.deepEqual(
    log.lines.slice(lines),
    [`INFO listening on ${HERE}:${opened} (direct)`],
    "the kept one is not opened",
  );
  await assert.rejects(Client.open(closed), /ECONNREFUSED/);
});

test("a reload whose essential port cannot be opened changes nothing", async (t) => {
  const { clock, ports, listening, visit } = fixture(t);
  const [old, fresh, taken] = [await freePort(), await freePort(), await occupied(t)];
  await ports.open([listenerOf(old, { essential: true, name: "before" })], HERE);
  const next = [listenerOf(old, { name: "after" }), listenerOf(fresh), listenerOf(taken, { essential: true })];
  await assert.rejects(ports.change(next, HERE), /already in use/);
  assert.equal(await visit(old), "before");
  assert.deepEqual([listening(), clock.pending], [[old], 0]);
  await assert.rejects(Client.open(fresh), /ECONNREFUSED/);
});

test("an essential port takes the place of one with the same number on another address", async (t) => {
  const { ports, listening, visit } = fixture(t);
  const number = await freePort();
  await ports.open([listenerOf(number, { essential: true, name: "here" })], HERE);
  await ports.change([listenerOf(number, { essential: true, name: "everywhere" })], "*");
  assert.equal(await visit(number), "everywhere");
  assert.deepEqual(listening(), [number]);
});

test("an essential port that cannot take that place gives it back", async (t) => {
  const { ports, listening, visit } = fixture(t);
  const elsewhere = await Device.open("127.0.0.2");
  t.after(() => elsewhere.close());
  const number = elsewhere.port;
  await ports.open([listenerOf(number, { essential: true, name: "here" })], HERE);
  const next = [listenerOf(number, { essential: true, name: "everywhere" })];
  await assert.rejects(ports.change(next, "*"), /already in use/);
  assert.equal(await visit(number), "here");
  assert.deepEqual(listening(), [number]);
});

test("an essential port whose address is not there yet is tried again after a reload", async (t) => {
  const { clock, ports } = fixture(t);
  const number = await freePort();
  await ports.open([listenerOf(number, { essential: true })], HERE);
  await ports.change([listenerOf(number, { essential: true })], "192.0.2.1");
  assert.match(ports.all[0]?.status.problem ?? "", /no such address on this machine/);
  assert.equal(clock.pending, 1);
});

test("a name without an address yet is tried again, on an essential port, too; the first of its addresses that is here is taken", async (t) => {
  const known: Record<string, string> = {};
  const { clock, log, ports, listening } = fixture(t, known);
  const [essential, other] = [await freePort(), await freePort()];
  await ports.open([listenerOf(essential, { essential: true }), listenerOf(other, { host: "line.test" })], "hub.test");
  assert.deepEqual(listening(), []);
  assert.deepEqual(log.lines, [
    `WARN cannot listen on line.test:${other}: unknown address (the name server does not answer); the daemon tries again until it works`,
    `WARN cannot listen on hub.test:${essential}: unknown address (the name server does not answer); the daemon tries again until it works`,
  ]);
  known["hub.test"] = "192.0.2.1 127.0.0.1";
  known["line.test"] = "127.0.0.1";
  clock.advance(1000);
  await until(() => listening().length === 2, "both ports");
  assert.deepEqual(
    ports.all.map(({ status }) => status).map(({ address }) => address),
    ["127.0.0.1", "127.0.0.1"],
  );
});
