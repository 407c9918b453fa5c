// The replies to clients when a device fails, and its recovery.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { Asker } from "../support/exchange.js";
import { freePort } from "../support/free-port.js";
import { wrap } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import { Client } from "../support/net.js";
import { conbus, echo, http, httpBody, httpStatus, iso8583, mpu, told } from "../support/protocols.js";
import { rawDevice } from "../support/raw-device.js";
import { holding, never, promptly, Simulator } from "../support/simulator.js";
import { pause, until } from "../support/wait.js";

const modbus = modbusProtocol("modbus");
const MODBUS = (["modbus", "modbus-rtu", "modbus-serial"] as const).map((kind) => modbusProtocol(kind));
const SOON_MS = 3000; // at once, on a busy machine

describe("failures", { concurrency: 4 }, () => {
  const NO_PATH: readonly (readonly [typeof modbus, string])[] = [
    ...MODBUS.map((protocol) => [protocol, "830a"] as const),
    [http, "502"],
    ...[echo, iso8583, mpu, conbus].map((protocol) => [protocol, "closed"] as const),
  ];
  for (const [protocol, expected] of NO_PATH) {
    test(`${protocol.name}: target down: 60 requests fail at once; the first one after recovery succeeds`, async (t) => {
      const port = await freePort();
      const mux = await startMux(t, `127.0.0.1:${port} PROT=${protocol.name} QLEN=100`);
      const clients = await Promise.all(Array.from({ length: 12 }, () => Asker.open(mux.port, protocol)));
      for (const round of [1, 2]) {
        const since = performance.now();
        const all = clients.flatMap((client, own) => [1, 2, 3, 4, 5].map((n) => told(client, protocol, own * 10 + n)));
        assert.deepEqual([...new Set(await Promise.all(all))], [expected]);
        assert.ok(performance.now() - since < SOON_MS, `round ${round} took ${performance.now() - since} ms`);
        if (expected === "closed") {
          for (const [index] of clients.entries()) clients[index] = await Asker.open(mux.port, protocol);
        }
      }
      const { noPath } = await mux.status();
      assert.ok(noPath >= (expected === "closed" ? 24 : 120), `${noPath} counted`); // a closed client counts once
      const device = await Simulator.open(protocol, { port });
      t.after(() => device.stop());
      let [client] = clients as [Asker];
      const recovered = performance.now();
      for (let key = 0; ; key += 1) {
        const linked = device.links.length > 0;
        const outcome = await told(client, protocol, 1000 + key);
        if (outcome === "right" || outcome === "200") break;
        assert.equal(outcome, expected);
        assert.ok(!linked, "there was a link, and the request failed");
        assert.ok(performance.now() - recovered < 20_000, "no success in 20 s");
        if (outcome === "closed") client = await Asker.open(mux.port, protocol);
        await pause(100);
      }
      assert.equal(device.refused, 0);
      for (const each of clients) each.destroy();
      client.destroy();
    });
  }

  const NO_ANSWER: readonly (readonly [typeof modbus, string])[] = [
    ...MODBUS.map((protocol) => [protocol, "830b"] as const),
    [http, "504"],
    ...[echo, iso8583, mpu, conbus].map((protocol) => [protocol, "closed"] as const),
  ];
  for (const [protocol, expected] of NO_ANSWER) {
    test(`${protocol.name}: no answer in time: ${expected}`, async (t) => {
      const device = await Simulator.open(protocol, { answering: never });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} TIME=0.5`);
      const client = await Asker.open(mux.port, protocol);
      const since = performance.now();
      assert.equal(await told(client, protocol, 4), expected);
      const ms = performance.now() - since;
      assert.ok(ms >= 450 && ms < SOON_MS, `${ms} ms`);
      assert.equal((await mux.status()).timeouts, 1);
    });

    test(`${protocol.name}: a device that closes during a request fails that request; no client gets half an answer`, async (t) => {
      const device = await Simulator.open(protocol, {
        answering: (answer, link) => link.socket.end(answer.subarray(0, -3)),
      });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} TIME=5`);
      const client = await Asker.open(mux.port, protocol);
      const outcome = await told(client, protocol, 4);
      // the device has sent the start of an answer: an HTTP client may have it, and is closed then
      assert.ok([expected, expected === "830b" ? "830a" : "502", "closed"].includes(outcome), outcome);
      device.answering = promptly;
      await pause(1100);
      const next = await Asker.open(mux.port, protocol);
      assert.match(await told(next, protocol, 8), /^(right|200)$/);
    });
  }

  test("http: failures have a reason in words", async (t) => {
    const mux = await startMux(t, `127.0.0.1:${await freePort()} PROT=http`);
    const client = await Asker.open(mux.port, http);
    const answer = await client.ask(http.request(1, 1));
    assert.ok(answer !== undefined && httpStatus(answer) === 502, String(answer));
    assert.match(httpBody(answer), /\w+ \w+/);
  });

  test("requests behind one that times out do not add up their waits", async (t) => {
    const device = await Simulator.open(modbus, { answering: never });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=1 QLEN=100`);
    const client = await Asker.open(mux.port, modbus);
    const since = performance.now();
    const all = await Promise.all(Array.from({ length: 60 }, (_, key) => told(client, modbus, key)));
    for (const outcome of all) assert.match(outcome, /^830[ab]$/);
    const ms = performance.now() - since;
    assert.ok(ms < 30_000, `${ms} ms`); // added up, the waits are a minute
  });

  test("the same when every second request times out: each fails within its timeout", async (t) => {
    let count = 0;
    const device = await Simulator.open(modbus, {
      answering: (answer, link) => {
        count += 1;
        if (count % 2 === 0) link.send(answer);
      },
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=0.5 QLEN=100`);
    const client = await Asker.open(mux.port, modbus);
    const since = performance.now();
    await Promise.all(Array.from({ length: 60 }, (_, key) => told(client, modbus, key)));
    const ms = performance.now() - since;
    assert.ok(ms < 12_000, `${ms} ms`); // added up, the waits are 15 s
  });

  describe("a target that does not accept connections", () => {
    /** A stopped program with a full accept queue: the kernel lets further connections wait. */
    async function fullBacklog(): Promise<{ port: number; child: ChildProcess }> {
      const source =
        "require('node:net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})";
      const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "inherit"] });
      const [text] = (await once(child.stdout, "data")) as [Buffer];
      child.kill("SIGSTOP");
      const port = Number(text.toString());
      for (let n = 0; n < 8; n += 1)
        connect(port, "127.0.0.1")
          .on("error", () => {})
          .unref();
      await pause(200);
      return { port, child };
    }

    test("CTIM limits the time of a connect", async (t) => {
      const { port, child } = await fullBacklog();
      t.after(() => void child.kill("SIGKILL"));
      const mux = await startMux(t, `127.0.0.1:${port} PROT=modbus CTIM=300`);
      const client = await Asker.open(mux.port, modbus);
      const since = performance.now();
      const all = await Promise.all(Array.from({ length: 30 }, (_, key) => told(client, modbus, key)));
      const ms = performance.now() - since;
      assert.deepEqual([...new Set(all)], ["830a"]);
      assert.ok(ms >= 250 && ms < SOON_MS, `${ms} ms`);
    });
  });

  /** A client with twelve requests where three may wait, another client, and a device that the test lets answer. */
  async function overfill(t: TestContext, protocol: typeof modbus) {
    const { answering, held } = holding();
    const device = await Simulator.open(protocol, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} QLEN=3`);
    const [many, other] = [await Asker.open(mux.port, protocol), await Asker.open(mux.port, protocol)];
    const all = Array.from({ length: 12 }, (_, key) => told(many, protocol, 4 * key));
    return { device, held, mux, other, all };
  }

  for (const protocol of MODBUS.filter(({ id }) => id !== undefined)) {
    test(`${protocol.name}: QLEN: requests beyond a client's queue fail at once, other clients are served`, async (t) => {
      const { device, held, mux, other, all } = await overfill(t, protocol);
      await until(async () => (await mux.status()).queueFull >= 8, "the queue to be full");
      const single = told(other, protocol, 4000);
      await until(async () => (await mux.status()).waiting >= 3, "the other's request to wait");
      for (let n = 0; n < 4; n += 1) {
        await until(() => held.length > n, "the next request");
        held[n]?.();
      }
      device.answering = promptly;
      for (const send of held.slice(4)) send();
      assert.equal(await single, "right");
      const outcomes = await Promise.all(all);
      const refused = outcomes.filter((outcome) => outcome === "8306").length;
      // three wait; one that the device has already may count or not
      assert.ok(refused === 8 || refused === 9, outcomes.join());
      assert.equal(outcomes.filter((outcome) => outcome === "right").length, 12 - refused);
      assert.equal(outcomes[0], "right");
      assert.equal((await mux.status()).queueFull, refused);
    });
  }

  for (const [protocol, full, right] of [
    [modbusProtocol("modbus-serial"), "8306", "right"],
    [http, "503", "200"],
  ] as const) {
    test(`${protocol.name}: QLEN: requests beyond the queue are refused after the earlier answers, other clients are served`, async (t) => {
      const { device, held, mux, other, all } = await overfill(t, protocol);
      await until(async () => (await mux.status()).queueFull >= 1, "the queue to be full");
      const single = told(other, protocol, 4000);
      await until(async () => (await mux.status()).waiting >= 3, "the other's request to wait");
      device.answering = promptly;
      held[0]?.();
      assert.equal(await single, right);
      // the answers in order, then the refusals
      const outcomes = (await Promise.all(all)).join(" ");
      assert.match(outcomes, new RegExp(`^(${right} ){3,4}${full}( ${full}){7,8}$`));
    });
  }

  for (const protocol of [echo, iso8583, mpu, conbus]) {
    test(`${protocol.name}: QLEN: nobody reads a client with a full queue, and it loses nothing`, async (t) => {
      const { answering, held } = holding();
      const device = await Simulator.open(protocol, { answering });
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${protocol.name} QLEN=3`);
      const client = await Asker.open(mux.port, protocol);
      const outcomes = Array.from({ length: 2000 }, (_, key) => client.outcome(key, 60_000));
      await until(() => held.length === 1, "the first request");
      await pause(300);
      const { waiting, outstanding } = await mux.status();
      assert.ok(waiting <= 4 && outstanding === 1, `${waiting} wait`);
      device.answering = promptly;
      held[0]?.();
      assert.deepEqual([...new Set(await Promise.all(outcomes))], ["right"]);
    });
  }

  test("echo: QLEN: megabytes of requests stay with the client", async (t) => {
    const device = await Simulator.open(echo, { answering: never });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} QLEN=3`);
    const client = await Client.open(mux.port);
    const line = `${"x".repeat(999)}\n`;
    client.write(line.repeat(32_000)); // more than the kernel takes
    await until(() => device.requests.length === 1, "the first request");
    let left = -1;
    await until(async () => {
      const before = left;
      left = client.socket.writableLength;
      await pause(300);
      return left === before;
    }, "the client to be stuck");
    assert.ok(left > 1_000_000, `${left} bytes left`);
    client.destroy();
  });

  test("a request is answered or failed within TIME, waiting and repetition included", async (t) => {
    let asked = 0;
    const device = await rawDevice(t, {
      data: async (chunk, socket) => {
        asked += 1;
        if (asked === 1) {
          await pause(900);
          socket.write(
            wrap("modbus", {
              id: chunk.charCodeAt(0) * 256 + chunk.charCodeAt(1),
              unit: 1,
              pdu: Buffer.from("03020001", "hex"),
            }),
          );
        } else if (asked === 2) {
          await pause(900);
          socket.resetAndDestroy();
        }
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=1`);
    const clients = [await ModbusClient.connect(mux.port), await ModbusClient.connect(mux.port)];
    const times = await Promise.all(
      clients.map(async (client, n) => {
        await pause(n * 20);
        const since = performance.now();
        await client.call(1, Buffer.from("0300010001", "hex"));
        return performance.now() - since;
      }),
    );
    assert.ok(Math.max(...times) < 1500, `${times.map(Math.round).join(" ms, ")} ms with TIME=1`);
  });
});
