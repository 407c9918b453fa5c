import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AccessRules } from "#src/access/access-rules.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { systemClock } from "#src/system/clock.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { SocketTable } from "#src/system/socket-table.js";
import type { ChannelOwner } from "#src/tunnel/channel.js";
import { DeviceClient } from "#src/tunnel/device-client.js";
import type { TunnelContext } from "#src/tunnel/tunnel-context.js";
import { channelOf } from "../support/channel-owner.js";
import { freePort } from "../support/free-port.js";
import { MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";
import { Device } from "../support/net.js";
import { until } from "../support/wait.js";

/** A client of a link whose other side is the test: `sent` is what goes to the client. */
function clientOf(port: number, { passesFin = true } = {}) {
  const service = { host: "127.0.0.1", port };
  const watched = new Set<StreamEnd>();
  const context = {
    clock: systemClock,
    log: new MemoryLog(),
    settings: DEFAULT_SETTINGS,
    access: new AccessRules(DEFAULT_SETTINGS),
    own: new OwnSockets(systemClock),
    names: localNames(),
    descriptors: new DescriptorBudget(undefined),
    deadPeers: { add: (end: StreamEnd) => watched.add(end), remove: (end: StreamEnd) => watched.delete(end) },
    sockets: new SocketTable(systemClock),
  } as unknown as TunnelContext;
  const link = { sent: "", ended: false, closed: "", waiting: 0 };
  const owned: Partial<ChannelOwner> = {
    passesFin,
    wantsToSend(asked) {
      link.sent += asked.takePiece(100_000) ?? "";
      asked.sent();
    },
    waiting() {
      link.waiting += 1;
    },
    ended() {
      link.ended = true;
    },
    closed(_, how) {
      link.closed = how;
    },
  };
  const channel = channelOf(0, owned, service);
  const over: string[] = [];
  const owner = { over: (reason: string) => over.push(reason), fault: (error: unknown) => assert.fail(String(error)) };
  const client = new DeviceClient(channel, service, sharedOrigin("device"), context, owner);
  const receive = (text: string): void => {
    channel.deliver(Buffer.from(text));
    channel.flush();
  };
  return { channel, client, link, over, watched, receive, descriptors: context.descriptors };
}

async function serviceOf(t: TestContext): Promise<Device> {
  const service = await Device.open();
  t.after(() => service.close());
  return service;
}

test("bytes pass both ways; when the service closes the client gets the rest, and, without FIN on the link, CLOSE", async (t) => {
  const service = await serviceOf(t);
  const { link, over, watched, receive, descriptors } = clientOf(service.port, { passesFin: false });
  receive("question");
  const remote = await service.client();
  assert.equal(await remote.take(8), "question");
  assert.deepEqual([watched.size, descriptors.used], [1, 1]);
  remote.write("answer");
  remote.end();
  await until(() => link.closed === "close", "the CLOSE");
  assert.deepEqual([link.sent, over], ["answer", ["by service"]]);
  assert.equal(watched.size, 0);
  await until(() => descriptors.used === 0, "the descriptor");
});

test("a FIN passes both ways: the service hears the client's, and the client gets the rest of the answer and FIN", async (t) => {
  const service = await serviceOf(t);
  const { channel, link, over, receive } = clientOf(service.port);
  receive("question");
  channel.endedThere("fin");
  const remote = await service.client();
  assert.equal(await remote.rest(), "question");
  assert.deepEqual([link.ended, over], [false, []]);
  remote.write("answer");
  remote.end();
  await until(() => link.closed === "close", "the end");
  assert.deepEqual([link.sent, link.ended, over], ["answer", true, ["by client"]]);
});

test("a service that ends first still gets what the client sends", async (t) => {
  const service = await serviceOf(t);
  const { channel, link, over, receive } = clientOf(service.port);
  const remote = await service.client();
  remote.socket.end("greeting");
  await until(() => link.ended, "its FIN");
  receive("more");
  assert.equal(await remote.take(4), "more");
  assert.deepEqual([link.sent, link.closed, over], ["greeting", "", []]);
  channel.endedThere("fin");
  await until(() => link.closed === "close", "the end");
});

test("the server learns that a service has not taken everything, while that is so", async (t) => {
  const service = await serviceOf(t);
  const { channel, client, link, watched, receive } = clientOf(service.port);
  const side = await service.client();
  await client.backlogOf(channel);
  assert.equal(link.waiting, 0);
  side.socket.pause();
  receive("x".repeat(8_000_000));
  const [remote] = [...watched] as [StreamEnd];
  await client.backlogOf(remote);
  assert.equal(link.waiting, 1);
  side.socket.resume();
  await until(() => side.bytes.length === 8_000_000, "all of it");
  await client.backlogOf(remote);
  assert.equal(link.waiting, 2, "it has taken some");
  await client.backlogOf(remote);
  assert.equal(link.waiting, 2);
});

test("a service that refuses: the client is closed, and the reason told", async () => {
  const { link, over, descriptors } = clientOf(await freePort());
  await until(() => over.length > 0, "the end");
  assert.match(over[0] ?? "", /refused/);
  assert.deepEqual([link.closed, link.sent, descriptors.used], ["close", "", 0]);
});

test("a link that is lost ends the client and its service, whether it has connected by then or not", async (t) => {
  const service = await serviceOf(t);
  const dialing = clientOf(service.port);
  dialing.channel.cut("link lost: enough");
  assert.deepEqual([dialing.over, dialing.descriptors.used], [["link lost"], 0]);
  const relaying = clientOf(service.port);
  await until(() => relaying.watched.size === 1, "the service");
  relaying.channel.cut("link lost: enough");
  await until(() => relaying.over.length > 0, "the end");
  for (const { descriptors } of [dialing, relaying]) await until(() => descriptors.used === 0, "the descriptor");
  await until(() => dialing.watched.size + relaying.watched.size === 0, "nobody to be watched");
  await until(() => service.clients.every(({ ended, closed }) => ended || closed), "the service's side");
  assert.deepEqual([dialing.over.length, relaying.over.length], [1, 1]);
});

test("a client that the peer has closed counts as gone, though its bytes wait for a service that does not read", async () => {
  const { channel, client, over } = clientOf(await freePort());
  assert.equal(await client.clientState(), "present");
  channel.deliver(Buffer.from("x"));
  channel.endedThere("close");
  assert.equal(await client.clientState(), "ended");
  await until(() => over.length > 0, "the end of the attempt");
});
