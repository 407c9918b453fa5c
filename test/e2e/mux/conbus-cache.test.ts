import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { conbus, telegram } from "../../support/protocols.js";
import { type Answering, holding, Simulator } from "../../support/simulator.js";
import { pause, until } from "../../support/wait.js";

const READ = telegram("S0020030837F02D12");
const OTHER_READ = telegram("S0020030837F02D13");
const ACTION = telegram("S0020030837F27D00AA");
const DONE = telegram("R0020030837F18D");
const EVENT = telegram("E14L00I02M");
const value = (n: number): Buffer => telegram(`R0020030837F02D12${n}`);

/** Answers the first read with 1, the second with 2 and so on; any other request with "done". */
function counting(): Answering {
  let reads = 0;
  return (_, link, request) => {
    if (request.equals(READ)) reads += 1;
    if (!request.includes("F02D")) link.send(DONE);
    else link.send(request.equals(READ) ? value(reads) : telegram("R0020030837F02D13other"));
  };
}

suite("conbus behind a mux with CACH", { concurrency: true }, () => {
  async function ask(client: Client, request: Buffer, answer: Buffer): Promise<void> {
    client.write(request);
    assert.equal(await client.take(answer.length), String(answer));
  }

  test("the same read is answered from the last answer for that time, another read is not", async (t) => {
    const device = await Simulator.open(conbus, { answering: counting() });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus CACH=1500`);
    const [one, two] = [await Client.open(mux.port), await Client.open(mux.port)];
    await ask(one, READ, value(1));
    await ask(two, READ, value(1));
    await ask(two, OTHER_READ, telegram("R0020030837F02D13other"));
    await ask(one, READ, value(1));
    assert.equal(device.requests.length, 2);
    assert.equal((await mux.status()).cacheHits, 2);
    await pause(1600);
    await ask(two, READ, value(2));
  });

  test("identical reads in flight reach the device once", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(conbus, {
      answering: (_, link, request) => answering(value(7), link, request),
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus CACH=500`);
    const clients = [await Client.open(mux.port), await Client.open(mux.port)];
    for (const client of clients) client.write(READ);
    await until(async () => (await mux.status()).joined === 1, "the second to join the first");
    held[0]?.();
    for (const client of clients) assert.equal(await client.take(value(7).length), String(value(7)));
    assert.equal(device.requests.length, 1);
  });

  test("an action makes the next read reach the device", async (t) => {
    const device = await Simulator.open(conbus, { answering: counting() });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus CACH=60000`);
    const client = await Client.open(mux.port);
    await ask(client, READ, value(1));
    await ask(client, ACTION, DONE);
    await ask(client, READ, value(2));
    await ask(client, READ, value(2));
  });

  test("an event makes the next read reach the device; a read in flight is not cached then", async (t) => {
    let during = false;
    const count = counting();
    const device = await Simulator.open(conbus, {
      answering: (answer, link, request) => {
        if (during) link.write(EVENT);
        during = false;
        count(answer, link, request);
      },
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus CACH=60000`);
    const client = await Client.open(mux.port);
    await ask(client, READ, value(1));
    device.links[0]?.write(EVENT);
    assert.equal(await client.take(EVENT.length), String(EVENT));
    during = true;
    await ask(client, READ, Buffer.concat([EVENT, value(2)]));
    await ask(client, READ, value(3));
    await ask(client, READ, value(3));
  });

  test("an answer without a value, or with a wrong checksum, is not cached", async (t) => {
    const answers = [telegram("R0020030837F19D"), Buffer.from("<R0020030837F02D121AA>"), value(3)];
    let asked = 0;
    const device = await Simulator.open(conbus, {
      answering: (_, link) => link.send(answers[asked++] ?? assert.fail("one read too many")),
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus CACH=60000`);
    const client = await Client.open(mux.port);
    for (const answer of [...answers, value(3)]) await ask(client, READ, answer);
  });
});
