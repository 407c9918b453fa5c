import assert from "node:assert/strict";
import { Asker } from "../../support/exchange.js";
import { linesWith } from "../../support/protocols.js";
import { Animal } from "../animals/animal.js";
import { allRight, askAll, keys, type Story } from "../story.js";

const ENDS = [
  ["cr", "\r", "Projector on a serial server", "ends its lines with CR"],
  ["crlf", "\r\n", "Alarm panel", "ends its lines with CR LF"],
  ["nul", "\0", "Amplifier", "ends its lines with a zero"],
] as const;

/** Devices that speak in lines, and end them in their own way. */
export const LINES: readonly Story[] = ENDS.map(([name, end, device, behaviour]) => ({
  device,
  behaviour,
  clients: "each gets its own answers, over one link",
  options: `PROT=echo LEND=${name} TIME=2`,
  animal: () => Animal.open(linesWith(end)),
  async visit({ animal, mux }) {
    const clients = await Promise.all([1, 2, 3].map(() => Asker.open(mux.port, linesWith(end))));
    const outcomes = await Promise.all(clients.map((each, n) => askAll(each, keys(5, 100 * n))));
    for (const client of clients) client.destroy();
    for (const each of outcomes) assert.deepEqual(each, allRight(5));
    assert.equal(animal.links.length, 1);
  },
}));
