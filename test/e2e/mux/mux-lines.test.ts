// [mux] lines beside the rest of the daemon: access, notifications, reload, stop
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { portAnswers } from "../../support/daemon.js";
import { Asker } from "../../support/exchange.js";
import { freePort } from "../../support/free-port.js";
import { FakeLuup } from "../../support/luup.js";
import { readPdu } from "../../support/modbus.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol, registerValue } from "../../support/modbus-device.js";
import { muxSection, startMux, startMuxProcess } from "../../support/mux.js";
import { Client, Device, greet } from "../../support/net.js";
import { echo } from "../../support/protocols.js";
import { after, holding, never, promptly, Simulator } from "../../support/simulator.js";
import { quietFor, until } from "../../support/wait.js";

const modbus = modbusProtocol("modbus");

describe("mux lines in the daemon", { concurrency: 4 }, () => {
  test("several lines, each its own device, beside everything else", async (t) => {
    const [one, two] = [await Simulator.open(modbus), await Simulator.open(echo)];
    t.after(() => Promise.all([one.stop(), two.stop()]));
    const mux = await startMux(t, [`127.0.0.1:${one.port} PROT=modbus`, `127.0.0.1:${two.port}`]);
    const [first = 0, second = 0] = mux.ports;
    const clients = [await Asker.open(first, modbus), await Asker.open(second, echo)];
    assert.deepEqual(await Promise.all(clients.map((client) => client.outcome(1))), ["right", "right"]);
    assert.equal((await mux.status(first)).protocol, "modbus");
    assert.equal((await mux.status(second)).protocol, "echo");
    const { client } = await greet(mux.daemon.port);
    client.write(`CONN 127.0.0.1:${second}\n`); // a plugin reaches the shared device by CONN
    await client.line();
    client.write("through both\n");
    assert.equal(await client.line(), "through both");
    client.destroy();
  });

  test("NTFY: unsolicited data of a device is announced", async (t) => {
    const luup = await new FakeLuup().start();
    t.after(() => luup.stop());
    const device = await Device.open();
    t.after(() => device.close());
    const line = `127.0.0.1:${device.port} MODE=broadcast NTFY=5/urn:x/Act/panel`;
    const mux = await startMux(t, line, { args: ["-N", luup.url] });
    const client = await Client.open(mux.port);
    const remote = await device.client();
    await until(async () => (await mux.status()).clientCount === 1, "the client");
    assert.deepEqual(luup.of("panel"), []);
    remote.write("door open\n");
    assert.equal(await client.line(), "door open");
    const [arrival] = await luup.received("panel", 1);
    assert.deepEqual([arrival?.device, arrival?.service, arrival?.action], ["5", "urn:x", "Act"]);
  });

  test("NTFY and PACE: answers are announced, at that pace", async (t) => {
    const luup = await new FakeLuup().start();
    t.after(() => luup.stop());
    const device = await Simulator.open(echo);
    t.after(() => device.stop());
    const line = `127.0.0.1:${device.port} NTFY=5/urn:x/Act/echo PACE=60`;
    const mux = await startMux(t, line, { args: ["-N", luup.url] });
    const client = await Asker.open(mux.port, echo);
    for (let key = 0; key < 10; key += 1) assert.equal(await client.outcome(key), "right");
    await luup.received("echo", 1);
    await quietFor(300);
    assert.equal(luup.of("echo").length, 1);
  });

  test("[access]: other clients are rejected, and max-per-client holds", async (t) => {
    const device = await Simulator.open(echo);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port}`, {
      sections: "[access]\nclients=127.0.0.1\nmax-per-client=4\n",
    });
    const socket = connect({ port: mux.port, host: "127.0.0.1", localAddress: "127.0.0.9", allowHalfOpen: true });
    const stranger = new Client(socket);
    await once(socket, "connect");
    stranger.write("question 1\n");
    await until(() => stranger.ended || stranger.closed, "the stranger to be turned away");
    assert.equal(stranger.bytes.length, 0);
    assert.equal(device.links.length, 0);
    const clients = await Promise.all([1, 2, 3, 4].map(() => Asker.open(mux.port, echo)));
    for (const client of clients) assert.equal(await client.outcome(1), "right");
    const fifth = await Asker.open(mux.port, echo);
    assert.equal(await fifth.outcome(1), "closed");
    for (const client of [...clients, fifth]) client.destroy();
    stranger.destroy();
  });

  test("SIGTERM: requests in flight are finished, then it exits 0", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(modbus, { answering });
    t.after(() => device.stop());
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=modbus PIPE=2`);
    const clients = await Promise.all([1, 2].map(() => ModbusClient.connect(mux.port)));
    const idle = await ModbusClient.connect(mux.port);
    const reads = clients.map((client, unit) => client.read(unit, 5));
    await until(() => held.length === 2, "both at the device");
    const exited = once(mux.daemon.child, "exit");
    mux.daemon.child.kill("SIGTERM");
    await until(
      () =>
        Client.open(mux.port).then(
          (client) => {
            client.destroy();
            return false;
          },
          () => true,
        ),
      "the port to be closed",
    );
    for (const send of held) send();
    assert.deepEqual(await Promise.all(reads), [registerValue(0, 5), registerValue(1, 5)]);
    assert.deepEqual(await exited, [0, null]);
    await until(() => idle.client.ended || idle.client.closed, "the idle client to be closed");
  });

  test("SIGTERM: a device that never answers does not delay the stop for long", async (t) => {
    const device = await Simulator.open(modbus, { answering: never });
    t.after(() => device.stop());
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=modbus`);
    const client = await ModbusClient.connect(mux.port);
    const call = client.call(1, readPdu(1));
    await until(() => device.requests.length === 1, "the request");
    const exited = once(mux.daemon.child, "exit");
    mux.daemon.child.kill("SIGTERM");
    await until(() => mux.daemon.child.exitCode !== null, "the end, after a limit of its own", 20_000);
    assert.deepEqual(await exited, [0, null]);
    assert.match(await call, /^(closed|830[ab])$/);
  });

  test("SIGHUP: an unchanged line keeps its link and clients; a changed one has its new target; a removed one ends", async (t) => {
    const [one, two, three] = await Promise.all([1, 2, 3].map(() => Simulator.open(echo, { limit: 2 })));
    if (one === undefined || two === undefined || three === undefined) throw new Error("no devices");
    t.after(() => Promise.all([one, two, three].map((device) => device.stop())));
    const mux = await startMuxProcess(t, [
      `127.0.0.1:${one.port} POOL=1`,
      `127.0.0.1:${two.port}`,
      `127.0.0.1:${two.port}`,
    ]);
    const [kept = 0, changed = 0, removed = 0] = mux.ports;
    const client = await Asker.open(kept, echo);
    assert.equal(await client.outcome(1), "right");
    one.answering = after(700);
    const during = client.outcome(2);
    const added = await freePort();
    const lines = {
      [kept]: `127.0.0.1:${one.port} POOL=1`,
      [changed]: `127.0.0.1:${three.port}`,
      [added]: `127.0.0.1:${three.port}`,
    };
    mux.config.write(muxSection(lines));
    mux.daemon.child.kill("SIGHUP");
    await portAnswers(added);
    assert.equal(await during, "right", "a request during the reload");
    one.answering = promptly;
    assert.equal(await client.outcome(3), "right");
    assert.equal(one.links.length, 1);
    for (const port of [changed, added]) {
      const other = await Asker.open(port, echo);
      assert.equal(await other.outcome(port), "right");
    }
    assert.equal(two.requests.length, 0);
    assert.ok(three.requests.length === 2);
    await assert.rejects(Client.open(removed));
  });

  test("a reload to another line and back keeps the same mux", async (t) => {
    const device = await Simulator.open(modbusProtocol("modbus"));
    t.after(() => device.stop());
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=modbus`);
    const client = await ModbusClient.connect(mux.port);
    assert.match(await client.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    for (const line of [`127.0.0.1:1 PROT=modbus`, `127.0.0.1:${device.port} PROT=modbus`]) {
      const before = mux.daemon.log().split("configuration read again").length;
      mux.config.write(muxSection({ [mux.port]: line }));
      mux.daemon.child.kill("SIGHUP");
      await until(() => mux.daemon.log().split("configuration read again").length > before, "the reload");
    }
    const other = await ModbusClient.connect(mux.port);
    assert.match(await other.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    assert.match(await client.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    assert.deepEqual([device.mostLinks, device.refused], [1, 0]);
  });
});
