import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LuaSocket } from "../support/luasocket.js";
import { likeOpenLuup } from "../support/luup.js";
import { greet } from "../support/net.js";
import { type Notifying, startNotifying } from "../support/notifying.js";
import { missingLuaSocket } from "../support/peers.js";
import { quietFor, until } from "../support/wait.js";

const skip = missingLuaSocket();
let { daemon, luup, device, stop } = {} as Notifying;
before(async () => {
  ({ daemon, luup, device, stop } = await startNotifying());
});
after(async () => {
  LuaSocket.killAll();
  await stop();
});

test("the dialogue of a plugin, with the real LuaSocket", { skip }, async () => {
  const lua = new LuaSocket();
  const index = device.clients.length;
  const pid = await lua.connectAsPlugin(
    daemon.port,
    device.port,
    "NTFY=659/urn:toggledbits-com:serviceId:HTDLC1/HandleReceive RTIM=600000 PACE=1",
  );
  const remote = await device.client(index);
  await lua.call("send hello device\\n");
  assert.equal(await remote.line(), "hello device");
  remote.write("reading one\n");
  const [arrival] = await luup.received(pid, 1);
  assert.equal(arrival?.device, "659");
  assert.equal(arrival?.service, "urn:toggledbits-com:serviceId:HTDLC1");
  await lua.call("timeout 0");
  assert.equal(await lua.call("receive 2048"), 'nil\t"timeout"\t"reading one\\n"');
  assert.equal(await lua.call("receive 2048"), 'nil\t"timeout"\t""');
  remote.end();
  await luup.received(pid, 2);
  assert.equal(await lua.call("receive 2048"), 'nil\t"closed"\t""');
  await lua.call("close");
  await quietFor(100);
  assert.equal(luup.of(pid).length, 2);
  lua.kill();
});

test("at the moment the action runs, receive() finds the data without waiting", { skip }, async () => {
  const lua = new LuaSocket();
  const index = device.clients.length;
  const pid = await lua.connectAsPlugin(daemon.port, device.port, "NTFY=5/urn:x/Act");
  const remote = await device.client(index);
  await lua.call("timeout 0");
  const found: Promise<string>[] = [];
  luup.answer = (arrival, response, request) => {
    if (arrival.pid === pid) found.push(lua.call("receive 2048"));
    likeOpenLuup(arrival, response, request);
  };
  for (let n = 0; n < 20; n += 1) {
    remote.write(`reading ${n}`);
    await until(() => found.length === n + 1, "the notification");
    assert.equal(await found[n], `nil\t"timeout"\t"reading ${n}"`);
  }
  luup.answer = likeOpenLuup;
  lua.kill();
});

test("ERR is readable by line, then the socket is closed", { skip }, async () => {
  const lua = new LuaSocket();
  await lua.call(`connect 127.0.0.1 ${daemon.port}`);
  await lua.call("timeout 5");
  await lua.call("receive *l");
  await lua.call("send CONN 127.0.0.1:1\\n");
  assert.match(await lua.call("receive *l"), /^"ERR CONN .*connection refused"$/);
  assert.equal(await lua.call("receive *l"), 'nil\t"closed"\t""');
  lua.kill();
});

test("an engine that dies frees the device", { skip }, async () => {
  const lua = new LuaSocket();
  const index = device.clients.length;
  const pid = await lua.connectAsPlugin(daemon.port, device.port, "NTFY=5/urn:x/Act");
  const remote = await device.client(index);
  lua.kill();
  await until(() => remote.ended, "the device to be told");
  remote.end();
  await luup.received(pid, 1);
});

/**
 * Runs an action for each notification of a pid, to its end before the engine answers, as an engine does. The daemon looks at a plugin's
 * socket some time after the answer: so reads and looks alternate, however busy the machine is, and the number of reminders is known. A
 * plugin that reads later than that may get one reminder more for each look that finds its bytes still unread.
 */
function runActions(pid: string, action: (notification: number) => Promise<void>): void {
  luup.answer = (arrival, response, request) => {
    if (arrival.pid !== pid) likeOpenLuup(arrival, response, request);
    else void action(luup.of(pid).length).then(() => likeOpenLuup(arrival, response, request));
  };
}

/** Waits for the last of so many notifications, and for a time in which another reminder would have come. */
async function exactly(count: number, pid: string): Promise<void> {
  await luup.received(pid, count);
  await quietFor(1000);
  assert.equal(luup.of(pid).length, count);
}

test("RNTF: a plugin that reads little per action is notified until its socket is empty, even after the end", {
  skip,
}, async () => {
  const lua = new LuaSocket();
  const index = device.clients.length;
  const pid = await lua.connectAsPlugin(daemon.port, device.port, "NTFY=5/urn:x/Act RNTF=0.15");
  const remote = await device.client(index);
  await lua.call("timeout 0");
  const read: string[] = [];
  runActions(pid, async () => void read.push(await lua.call("receive 2048")));
  remote.write("x".repeat(20_000));
  // LuaSocket itself takes 8,192 bytes at a time from the socket: the ninth read of 2,048 empties that. What LuaSocket holds then, the
  // daemon does not see: it reminds as often again as the longest portion has lasted, which is four looks, and once more
  await exactly(9 + 4 + 1, pid);
  const whole = Array<string>(9).fill(`"${"x".repeat(2048)}"`);
  assert.deepEqual(read.slice(0, 10), [...whole, `nil\t"timeout"\t"${"x".repeat(20_000 - 9 * 2048)}"`]);
  const times = luup.of(pid).map(({ at }) => at);
  assert.ok(
    times.every((at, n) => n === 0 || at - (times[n - 1] ?? 0) >= 100),
    `150 ms apart, each may take a while to arrive: ${times}`,
  );

  read.length = 0;
  runActions(pid, async (notification) => {
    if (notification === 15) {
      await new Promise<void>((resolve) => remote.socket.end(resolve)); // the data's action still runs when the connection ends
      (await greet(daemon.port)).client.destroy(); // by now the daemon has seen that
    }
    if (notification === 17) read.push(await lua.call("receive 255"), await lua.call("receive 255"));
  });
  remote.write("y".repeat(300));
  await exactly(14 + 3 + 2, pid); // data, end, a reminder of both; and two more, as the plugin has read one look late
  assert.deepEqual(read, [`"${"y".repeat(255)}"`, `nil\t"closed"\t"${"y".repeat(45)}"`]);
  luup.answer = likeOpenLuup;
  lua.kill();
});

test("without RNTF no plugin is notified twice of the same data", { skip }, async () => {
  const lua = new LuaSocket();
  const index = device.clients.length;
  const pid = await lua.connectAsPlugin(daemon.port, device.port, "NTFY=5/urn:x/Act");
  (await device.client(index)).write("x");
  await luup.received(pid, 1);
  await quietFor(500);
  assert.equal(luup.of(pid).length, 1);
  lua.kill();
});
