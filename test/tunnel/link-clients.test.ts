import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel } from "#src/tunnel/channel.js";
import { LinkClients } from "#src/tunnel/link-clients.js";
import { channelOf } from "../support/channel-owner.js";

const MANY = 192;

/** Clients with the numbers 0 to `count` - 1. */
function fill(clients: LinkClients, count: number): Channel[] {
  const channels = Array.from({ length: count }, (_, id) => channelOf(id));
  for (const each of channels) clients.add(each);
  return channels;
}

test("a client has its number until it is removed, and no longer when another client has got it", () => {
  const clients = new LinkClients();
  const [former, next] = [channelOf(7), channelOf(7)];
  clients.add(former);
  assert.deepEqual([clients.get(7), clients.has(former), clients.count], [former, true, 1]);
  clients.add(next);
  assert.deepEqual([clients.has(former), clients.has(next), clients.count], [false, true, 1]);
  clients.remove(next);
  assert.deepEqual([clients.get(7), clients.count], [undefined, 0]);
});

test("up to 192 clients nobody is closed for room; beyond, those that have sent FIN, the oldest first", () => {
  const clients = new LinkClients();
  const channels = fill(clients, MANY);
  for (const id of [5, 3, 4]) clients.ended(channels[id] as Channel);
  assert.equal(clients.nextToClose, undefined);
  clients.add(channelOf(MANY));
  assert.equal(clients.nextToClose, channels[5]);
  clients.remove(channels[5] as Channel);
  assert.equal(clients.nextToClose, undefined);
  clients.add(channelOf(MANY + 1));
  assert.equal(clients.nextToClose, channels[3]);
});

test("a client with bytes to send is not closed for room; nor is one whose number another client has", () => {
  const clients = new LinkClients();
  const channels = fill(clients, MANY + 1);
  const [busy, stale] = [channels[0] as Channel, channelOf(1)];
  busy.write("not sent yet");
  clients.ended(busy);
  clients.ended(stale);
  assert.equal(clients.nextToClose, undefined);
  busy.takePiece(100);
  assert.equal(clients.nextToClose, busy);
});

test("numbers: the lowest free one; one that was closed here waits for the peer's CLOSE, or two seconds", () => {
  const clients = new LinkClients();
  const channels = fill(clients, 256);
  assert.deepEqual([clients.freeId(0), clients.unusedId()], [undefined, undefined]);
  for (const id of [3, 9]) {
    clients.remove(channels[id] as Channel);
    clients.closedHere(id, 1000, true);
  }
  assert.equal(clients.freeId(1e9), undefined);
  clients.closedThere(9);
  assert.deepEqual([clients.freeId(1000), clients.unusedId()], [9, 9]);
  clients.add(channelOf(9));
  clients.closedHere(3, 1000, false);
  clients.remove(channels[200] as Channel);
  assert.deepEqual([clients.freeId(2999), clients.freeId(3000)], [200, 3]);
});

test("takeAll leaves nothing behind", () => {
  const clients = new LinkClients();
  const channels = fill(clients, MANY + 2);
  clients.ended(channels[0] as Channel);
  assert.deepEqual(clients.takeAll(), channels);
  assert.deepEqual([clients.count, clients.nextToClose, clients.freeId(0)], [0, undefined, 0]);
});
