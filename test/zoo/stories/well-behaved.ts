import assert from "node:assert/strict";
import type { TestProtocol } from "../../support/exchange.js";
import { MODBUS_KINDS } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { conbus, echo, http, iso8583, mpu } from "../../support/protocols.js";
import { solarman } from "../../support/solarman.js";
import { Animal } from "../animals/animal.js";
import { allRight, askAll, keys, type Story } from "../story.js";

const PROTOCOLS: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu],
  ...MODBUS_KINDS.map((kind) => modbusProtocol(kind)),
  solarman,
  conbus,
];

/** One device of each protocol without any fault. */
export const WELL_BEHAVED: readonly Story[] = PROTOCOLS.map((protocol) => ({
  device: "Device without a fault",
  behaviour: "answers each request at once",
  clients: "each gets its own answers, over one link",
  options: `PROT=${protocol.name}`,
  animal: () => Animal.open(protocol),
  async visit({ animal, client }) {
    const clients = await Promise.all([client(), client(), client()]);
    const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(10, 100 * n))));
    for (const each of outcomes) assert.deepEqual(each, allRight(10));
    assert.equal(animal.links.length, 1);
    assert.equal(animal.requests.length, 30);
    for (const each of clients) assert.deepEqual(each.surplus, []);
  },
}));
