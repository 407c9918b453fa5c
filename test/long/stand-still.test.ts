// a daemon that has stood still must not blame its peers for its own silence
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, suite, test } from "node:test";
import { TLSSocket } from "node:tls";
import { Certificates } from "../support/certificates.js";
import { ConfigFile } from "../support/config.js";
import { type DaemonProcess, startDaemon } from "../support/daemon.js";
import { Asker, type Outcome } from "../support/exchange.js";
import { freePort } from "../support/free-port.js";
import { FakeLuup, likeOpenLuup } from "../support/luup.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { type Client, Device, greet, relayed } from "../support/net.js";
import { holding, Simulator } from "../support/simulator.js";
import { pause, until } from "../support/wait.js";

const LIMIT_S = 2;
const EVERY_MS = 500;
const STILL_MS = 6000; // longer than any limit here, the 5 s of a notification among them

/** A remote that says a number twice a second, all the time, and who listens to it. */
interface Alive {
  readonly client: Client;
  readonly remote: Client;
  said: string;
}

suite("a daemon that has stood still", () => {
  const certificates = new Certificates();
  let daemon: DaemonProcess;
  let device: Device;
  let luup: FakeLuup;
  let simulator: Simulator;
  const alive = new Map<string, Alive>();
  let silent: Awaited<ReturnType<typeof relayed>>;
  let outcome: Promise<Outcome>;
  let dialing: Client;
  let notified = "";

  async function listen(option: string): Promise<NodeJS.Timeout> {
    const { client, remote } = await relayed(daemon.port, device, option);
    const one: Alive = { client, remote, said: "" };
    alive.set(option, one);
    let n = 0;
    return setInterval(() => {
      n += 1;
      one.said += `${n} `;
      remote.write(`${n} `);
    }, EVERY_MS);
  }

  before(async () => {
    const { answering, held } = holding();
    const muxed = modbusProtocol("modbus");
    device = await Device.open();
    luup = await new FakeLuup().start();
    simulator = await Simulator.open(muxed, { answering });
    const muxPort = await freePort();
    const mux = `[mux]\n${muxPort}=127.0.0.1:${simulator.port} PROT=modbus TIME=${LIMIT_S}\n`;
    daemon = await startDaemon("-c", new ConfigFile(`[host]\nvera=${luup.url}\n${mux}`).path);

    const chatter = [await listen(`RTIM=${LIMIT_S * 1000}`), await listen(`IDLE=${LIMIT_S}`)];
    const { certificate, key } = certificates.make("localhost");
    const slow = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(slow, "listening");
    const asker = await Asker.open(muxPort, muxed);
    let answer: ServerResponse | undefined;
    luup.answer = (_arrival, response) => {
      answer = response;
    };
    const talker = await relayed(daemon.port, device, "NTFY=1/s/a");
    notified = talker.pid;

    // all this is under way when it stops
    talker.remote.write("news");
    await until(() => answer !== undefined, "the notification");
    dialing = (await greet(daemon.port)).client;
    dialing.write(`CONN 127.0.0.1:${(slow.address() as AddressInfo).port} PRTO=tls TLSV=0 CTIM=${LIMIT_S * 1000}\n`);
    const [raw] = (await once(slow, "connection")) as [Socket];
    silent = await relayed(daemon.port, device, `RTIM=${LIMIT_S * 1000}`);
    outcome = asker.outcome(5);
    await until(() => held.length === 1, "the request at the device");
    daemon.child.kill("SIGSTOP");
    await until(() => /\) T /.test(readFileSync(`/proc/${daemon.child.pid}/stat`, "latin1")), "it to stand still");

    // and this comes meanwhile
    held[0]?.();
    if (answer !== undefined) likeOpenLuup({} as never, answer, {} as never);
    luup.answer = likeOpenLuup;
    new TLSSocket(raw, { isServer: true, cert: readFileSync(certificate), key: readFileSync(key) }).resume();
    await pause(STILL_MS);

    daemon.child.kill("SIGCONT");
    await pause(LIMIT_S * 1000);
    for (const timer of chatter) clearInterval(timer);
    slow.close();
  });
  after(async () => {
    for (const { client } of alive.values()) client.destroy();
    dialing.destroy();
    await daemon.stop();
    device.close();
    simulator.stop();
    await luup.stop();
    certificates.remove();
  });

  for (const option of [`RTIM=${LIMIT_S * 1000}`, `IDLE=${LIMIT_S}`]) {
    test(`${option}: a remote that was heard meanwhile is alive, and nothing of it is lost`, async () => {
      const { client, remote, said } = alive.get(option) as Alive;
      await until(() => client.bytes.toString() === said || client.ended, "all of it");
      assert.equal(client.bytes.toString(), said);
      assert.deepEqual([client.ended, remote.ended, remote.closed], [false, false, false]);
    });
  }

  test("a remote that was silent is cut all the same", async () => {
    await until(() => silent.client.ended, "the end");
    await until(() => silent.remote.closed, "the remote to be cut");
  });

  test("[mux]: who asked gets the answer that had come", async () => {
    assert.equal(await outcome, "right");
  });

  test("a remote that was reached meanwhile is connected", async () => {
    assert.match(await dialing.line(), /^OK CONN /);
  });

  test("a notification that was answered meanwhile is not repeated", async () => {
    assert.equal(luup.of(notified).length, 1);
    assert.doesNotMatch(daemon.log(), /timed-out/);
  });
});
