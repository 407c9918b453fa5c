import assert from "node:assert/strict";
import { test } from "node:test";
import { Asker } from "../support/exchange.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMuxProcess } from "../support/mux.js";
import { echo } from "../support/protocols.js";
import { Animal } from "../zoo/animals/animal.js";
import { closesAfterAnswer } from "../zoo/animals/habits.js";

const LAST_MS = 3000;
const LEAST = 50; // answers a second: alone it is a thousand (docs/mux.md: hundreds); beside other tests much less; with a pause for each link it was one

for (const protocol of [modbusProtocol("modbus"), echo]) {
  test(`${protocol.name}: a device that closes after each answer has ${LEAST} answers a second, and loses no request`, async (t) => {
    const device = await Animal.open(protocol, closesAfterAnswer);
    t.after(() => device.stop());
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=${protocol.name} TIME=5`);
    const clients = await Promise.all(Array.from({ length: 4 }, () => Asker.open(mux.port, protocol)));
    t.after(() => {
      for (const client of clients) client.destroy();
    });
    const since = performance.now();
    let answers = 0;
    const ask = async (client: Asker, own: number): Promise<void> => {
      for (let key = 0; performance.now() - since < LAST_MS; key = (key + 1) % 20) {
        assert.equal(await client.outcome(own * 20 + key), "right");
        answers += 1;
      }
    };
    await Promise.all(clients.map(ask));
    const perSecond = Math.round((answers * 1000) / (performance.now() - since));
    t.diagnostic(`${perSecond} answers a second`);
    assert.ok(perSecond >= LEAST, `${perSecond} answers a second`);
    const lines = mux.daemon
      .log()
      .split("\n")
      .filter((line) => line.includes("link ") || line.includes("links "));
    assert.ok(lines.length <= 8, `the log is not flooded: ${lines.length} lines`);
  });
}
