// The Conbus reverse proxy: the scenarios and criteria of its specification.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ConbusServer, DISCOVERY, MODULES, read, telegram } from "../../support/conbus.js";
import { freePort } from "../../support/free-port.js";
import type { Client } from "../../support/net.js";
import { cliYml, type ReverseProxy, startReverseProxy } from "../../support/proxy-process.js";
import { Random } from "../../support/random.js";
import { downward, messages, upward } from "../../support/shown.js";
import { pause, quietFor, until } from "../../support/wait.js";

const REPLIES = MODULES.map(({ serial }) => telegram(`R${serial}F01D`));
const DAY_MS = 86_400_000;

async function both(
  t: TestContext,
  options: Parameters<typeof startReverseProxy>[1] = {},
): Promise<{ server: ConbusServer; proxy: ReverseProxy }> {
  const server = await ConbusServer.open();
  t.after(() => server.stop());
  return { server, proxy: await startReverseProxy(t, { target: server.port, ...options }) };
}

/** Sends a request and takes the answer. */
async function ask(client: Client, request: string, answer: string): Promise<void> {
  client.write(Buffer.from(request, "latin1"));
  assert.equal(await client.take(answer.length), answer);
}

/** The time of day, in milliseconds. */
function timeOfDay(): number {
  const now = new Date();
  return ((now.getHours() * 60 + now.getMinutes()) * 60 + now.getSeconds()) * 1000 + now.getMilliseconds();
}

/** How much later one time of day is than another, around midnight, too. */
function later(than: number, time: number): number {
  return ((time - than + DAY_MS * 1.5) % DAY_MS) - DAY_MS / 2;
}

describe("the specification's example", { concurrency: 3 }, () => {
  test("the checksums of its telegrams", () => {
    assert.equal(telegram("S0000000000F01D00"), "<S0000000000F01D00FA>");
    assert.deepEqual(REPLIES, ["<R0020030837F01DFM>", "<R0020044966F01DFK>"]);
  });

  test("the example session, line by line", async (t) => {
    const { server, proxy } = await both(t);
    server.replyMode = { delayMs: 30 };
    const client = await proxy.connect();
    await ask(client, DISCOVERY, REPLIES.join(""));
    assert.deepEqual(await proxy.output.received(6), [
      "[CLIENT→PROXY] <S0000000000F01D00FA>",
      "[PROXY→SERVER] <S0000000000F01D00FA>",
      "[SERVER→PROXY] <R0020030837F01DFM>",
      "[PROXY→CLIENT] <R0020030837F01DFM>",
      "[SERVER→PROXY] <R0020044966F01DFK>",
      "[PROXY→CLIENT] <R0020044966F01DFK>",
    ]);
    client.destroy();
  });
});

describe("test scenarios", { concurrency: 3 }, () => {
  test("Discovery Request: discovery telegrams are relayed, and the reply of each module", async (t) => {
    const serials = Array.from({ length: 40 }, (_, number) => String(20_030_000 + number).padStart(10, "0"));
    const server = await ConbusServer.open({ modules: serials.map((serial) => ({ serial })) });
    t.after(() => server.stop());
    const proxy = await startReverseProxy(t, { target: server.port });
    const replies = serials.map((serial) => telegram(`R${serial}F01D`));
    for (const replyMode of [{}, { coalesce: true }, { chunk: 1 }, { coalesce: true, chunk: 7 }]) {
      server.replyMode = replyMode;
      const client = await proxy.connect();
      const before = proxy.output.messages.length;
      await ask(client, DISCOVERY, replies.join(""));
      const shown = (await proxy.output.received(before + 82)).slice(before);
      assert.deepEqual(shown, [...upward(DISCOVERY), ...downward(...replies)], JSON.stringify(replyMode));
      client.destroy();
    }
    assert.deepEqual(server.telegrams, [DISCOVERY, DISCOVERY, DISCOVERY, DISCOVERY]);
  });

  test("Version Requests: queries are forwarded, and answered", async (t) => {
    const { proxy } = await both(t);
    const client = await proxy.connect();
    const expected: string[] = [];
    for (const { serial, data } of MODULES) {
      const answer = telegram(`R${serial}F02D02${data?.["02"]}`);
      await ask(client, read(serial, "02"), answer);
      expected.push(...upward(read(serial, "02")), ...downward(answer));
      assert.deepEqual(await proxy.output.received(expected.length), expected);
    }
    client.destroy();
  });

  test("Sensor Data: readings in latin-1, and events nobody has asked for", async (t) => {
    const { server, proxy } = await both(t);
    const client = await proxy.connect();
    const reading = telegram("R0020030837F02D18+26,0§C");
    await ask(client, read("0020030837", "18"), reading);
    const event = "E14L00I02M";
    server.event(event);
    assert.equal(await client.take(telegram(event).length), telegram(event));
    assert.deepEqual(await proxy.output.received(6), [
      ...upward(read("0020030837", "18")),
      ...downward(reading, telegram(event)),
    ]);
    client.destroy();
  });

  test("XP24 Actions: commands reach the module, its acknowledgement the client", async (t) => {
    const { server, proxy } = await both(t);
    const client = await proxy.connect();
    const actions = ["00AA", "01AA", "02AB", "03AB"].map((action) => telegram(`S0020044966F27D${action}`));
    const ack = telegram("R0020044966F18D");
    for (const action of actions) await ask(client, action, ack);
    assert.deepEqual(server.telegrams, actions);
    const expected = actions.flatMap((action) => [...upward(action), ...downward(ack)]);
    assert.deepEqual(await proxy.output.received(16), expected);
    client.destroy();
  });

  test("Multiple Clients: each has a connection to the server of its own, and its own answers", async (t) => {
    const server = await ConbusServer.open({
      modules: Array.from({ length: 20 }, (_, number) => ({ serial: String(1000 + number).padStart(10, "0") })),
    });
    t.after(() => server.stop());
    const proxy = await startReverseProxy(t, { target: server.port, args: ["MONF=id"] });
    const clients = await Promise.all(Array.from({ length: 20 }, () => proxy.connect()));
    await Promise.all(
      clients.map(async (client, number) => {
        const serial = String(1000 + number).padStart(10, "0");
        for (let count = 0; count < 10; count += 1) {
          await ask(client, read(serial, "02"), telegram(`R${serial}F02D02`));
        }
      }),
    );
    assert.equal(server.links.length, 20);
    for (const { telegrams } of server.links) assert.equal(new Set(telegrams).size, 1);
    const lines = await proxy.output.received(20 * 10 * 4);
    assert.equal(lines.length, 800);
    const byId = new Map<string, Set<string>>();
    for (const line of lines) {
      const [, id = "", serial = ""] = /^\[\S+\] ([0-9a-f]+) <[SR](\d{10})F02D02\S*>$/.exec(line) ?? assert.fail(line);
      byId.set(id, (byId.get(id) ?? new Set()).add(serial));
    }
    assert.equal(byId.size, 20);
    for (const serials of byId.values()) assert.equal(serials.size, 1);
    for (const client of clients) client.destroy();
  });

  test("Error Conditions: a server that goes away, a client that resets, half a telegram; others go on", async (t) => {
    const { server, proxy } = await both(t);
    const clients: Client[] = [];
    while (clients.length < 3) {
      clients.push(await proxy.connect());
      await until(() => server.links.length === clients.length, "the connection to the server");
    }
    const [survivor, left, resetting] = clients as [Client, Client, Client];
    server.links[1]?.socket.end("<R00200");
    assert.equal(await left.rest(), "<R00200");
    left.end();
    server.links[2]?.send("<R00200");
    await resetting.take(7);
    resetting.reset();
    await until(() => server.open.length === 1, "the other connections to end");
    await ask(survivor, DISCOVERY, REPLIES.join(""));
    await proxy.output.received(6);
    const labels = (): string[] => proxy.output.shown.map(({ label }) => label);
    await until(() => labels().filter((label) => label === "DISCONNECT").length === 2, "the ends to be told");
    assert.equal(labels().filter((label) => label === "CONNECT").length, 3);
    const replies = () => messages(proxy.output.shown.filter(({ text }) => REPLIES.includes(text)));
    await until(() => replies().length >= downward(...REPLIES).length, "the replies to be shown"); // behind what was half
    assert.deepEqual(replies(), downward(...REPLIES));
    survivor.destroy();
  });
});

describe("validation criteria", { concurrency: 3 }, () => {
  test("All telegrams forwarded without modification: every byte value, in any pieces, both ways", async (t) => {
    const { server, proxy } = await both(t);
    const random = new Random(5);
    const bytes = Buffer.from(Array.from({ length: 20_000 }, () => random.between(0, 255)));
    bytes.set(Array.from({ length: 256 }, (_, value) => value));
    const text = bytes.toString("latin1");
    const client = await proxy.connect();
    await until(() => server.links.length === 1, "the connection to the server");
    for (let at = 0; at < bytes.length; ) {
      const piece = random.between(1, 900);
      client.write(bytes.subarray(at, at + piece));
      server.links[0]?.send(text.slice(at, at + piece));
      at += piece;
      await pause(0);
    }
    assert.equal(await client.take(bytes.length), text);
    await until(() => server.links[0]?.received.length === bytes.length, "the bytes at the server");
    assert.equal(server.links[0]?.received, text);
    client.destroy();
  });

  test("Timestamps accurate for monitoring: the time when it happened, in order", async (t) => {
    const { server, proxy } = await both(t);
    server.replyMode = { delayMs: 40 };
    const began = timeOfDay();
    const client = await proxy.connect();
    for (let count = 0; count < 3; count += 1) {
      const asked = timeOfDay();
      client.write(DISCOVERY);
      await client.take(REPLIES.join("").length);
      await proxy.output.received(6 * (count + 1));
      const answered = timeOfDay();
      const shown = proxy.output.shown.filter(({ label }) => label.includes("→")).slice(-6);
      for (const { at } of shown) {
        assert.ok(later(asked, at) >= -2, `${at} is before ${asked}`);
        assert.ok(later(at, answered) >= -2, `${at} is after ${answered}`);
      }
      // a reply waits for 40 ms behind the request, and so does the next one: none is shown as of before, however early its line is written
      const [, , second = 0, , third = 0] = shown.map(({ at }) => at);
      assert.ok(later(asked, second) >= 35 && later(asked, third) >= 75, JSON.stringify([asked, shown]));
    }
    client.destroy();
    await proxy.output.says(/\[DISCONNECT\]/);
    let last = began - 2;
    for (const { at } of proxy.output.shown) {
      assert.ok(later(last, at) >= 0, "times go forward");
      last = at;
    }
  });

  test("No data loss during relay: megabytes to a client that reads slowly, up to the last byte", async (t) => {
    const { server, proxy } = await both(t);
    const client = await proxy.connect();
    await until(() => server.links.length === 1, "the connection to the server");
    const link = server.links[0] ?? assert.fail();
    const many = Array.from({ length: 100_000 }, (_, n) => telegram(`R0020030837F02D02${n}`)).join("");
    client.socket.pause();
    link.socket.end(many, "latin1");
    await pause(300);
    client.socket.resume();
    assert.equal(await client.rest(20_000), many);
    client.destroy();
    const other = await proxy.connect();
    other.socket.end(many, "latin1");
    await until(() => server.links[1]?.received.length === many.length, "all at the server", 20_000);
    assert.equal(server.links[1]?.received, many);
    other.destroy();
  });

  test("Proper connection cleanup: whoever ends it, both sides end, and nothing is left", async (t) => {
    const { server, proxy } = await both(t);
    for (let round = 0; round < 20; round += 1) {
      const client = await proxy.connect();
      client.socket.on("end", () => client.end());
      await until(() => server.links.length === round + 1, "the connection to the server");
      const link = server.links[round] ?? assert.fail();
      link.send(telegram("E14L00I02M"));
      await client.take(telegram("E14L00I02M").length); // so the proxy, too, knows that it is connected
      if (round % 4 === 0) client.end();
      if (round % 4 === 1) client.reset();
      if (round % 4 === 2) link.socket.end();
      if (round % 4 === 3) link.socket.resetAndDestroy();
      await until(() => link.closed, "the server's side to end");
      await until(() => client.closed, "the client's side to end");
    }
    await until(async () => (await proxy.status()).active_connections === 0, "the connections to be gone");
    assert.deepEqual((await proxy.status()).connections, {});
    const ends = () => proxy.output.shown.filter(({ label }) => label === "DISCONNECT").length;
    await until(() => ends() >= 20, "the console to show the last end"); // it may be behind the answer of STAT
    assert.equal(ends(), 20);
  });

  test("Configuration changes respected: new connections go to the new target, others live on", async (t) => {
    const { server, proxy } = await both(t);
    const other = await ConbusServer.open();
    t.after(() => other.stop());
    const before = await proxy.connect();
    await ask(before, DISCOVERY, REPLIES.join(""));
    proxy.configure(cliYml(other.port));
    await until(async () => (await proxy.status()).target_port === other.port, "the new target");
    const after = await proxy.connect();
    await ask(after, DISCOVERY, REPLIES.join(""));
    assert.equal(other.telegrams.length, 1);
    await ask(before, DISCOVERY, REPLIES.join(""));
    assert.equal(server.telegrams.length, 2);
    before.destroy();
    after.destroy();
  });
});

describe("the server cannot be reached", { concurrency: 3 }, () => {
  test("the client is reset after the time of retries, and the log shows an error", async (t) => {
    const proxy = await startReverseProxy(t, { target: await freePort(), timeout: 1 });
    const since = performance.now();
    const client = await proxy.connect();
    client.write(DISCOVERY);
    await until(() => client.closed, "the end");
    assert.equal(client.error?.code, "ECONNRESET");
    assert.equal(client.bytes.length, 0);
    const ms = performance.now() - since;
    assert.ok(ms > 400 && ms < 10_000, `${ms} ms`);
    await proxy.output.says(/^\d\d:\d\d:\d\d,\d{3} \[ERROR\] .*/m);
  });

  test("a server that comes up within that time gets the bytes that the client has sent meanwhile", async (t) => {
    const port = await freePort();
    const proxy = await startReverseProxy(t, { target: port, timeout: 10 });
    const client = await proxy.connect();
    client.write(DISCOVERY);
    await quietFor(700);
    assert.equal(client.closed, false);
    const server = await ConbusServer.open({ port });
    t.after(() => server.stop());
    assert.equal(await client.take(38), REPLIES.join(""));
    client.destroy();
  });
});
