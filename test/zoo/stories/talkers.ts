import assert from "node:assert/strict";
import { Client } from "../../support/net.js";
import { echo } from "../../support/protocols.js";
import { pause, until } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";
import { greets, says } from "../animals/habits.js";
import { keys, type Story, type Visit } from "../story.js";

const BANNER = "Alarm panel 4.2\r\nuser: ";
const WELCOME = "password: \r\nwelcome\r\n10 zones, all quiet\r\n";

/** Says `welcome` to whoever says `login`, and nothing before that. */
function wants(login: string, welcome: string): Habit {
  const saidBy = new WeakMap<object, string>();
  return {
    received(chunk, link) {
      const said = saidBy.get(link) ?? "";
      if (said.startsWith(login)) return chunk;
      const now = said + chunk.toString("latin1");
      saidBy.set(link, now);
      if (!now.startsWith(login)) return Buffer.alloc(0);
      link.write(welcome);
      return Buffer.from(now.slice(login.length), "latin1");
    },
  };
}

/** Eight clients come at different times; returns what each has heard within 50 ms of its connect, and until the end. */
async function eightComeAndListen({ mux }: Visit): Promise<readonly (readonly [soon: string, later: () => string])[]> {
  const heard: (readonly [string, () => string])[] = [];
  for (const n of keys(8)) {
    await pause(n * 7);
    const one = await Client.open(mux.port);
    if (n === 0) await until(() => one.bytes.includes("quiet"), "the greeting");
    else await until(() => one.bytes.length > 0, "the beginning", 10_000);
    await pause(50);
    heard.push([one.bytes.toString("latin1"), () => one.bytes.toString("latin1")]);
  }
  assert.equal((await mux.status()).clientCount, 8);
  return heard;
}

/** Devices of MODE=broadcast. */
export const TALKERS: readonly Story[] = [
  {
    device: "Alarm panel with a banner and a login",
    behaviour: "greets once per connection, and wants a name and a password",
    clients: "whenever they come, all hear the same greeting within 50 ms; the panel sees one login",
    options: "PROT=echo MODE=broadcast GREE=replay LOGN=admin\\r\\n12\\x334\\r\\n",
    animal: () => Animal.open(echo, greets(BANNER), wants("admin\r\n1234\r\n", WELCOME)),
    async visit(visit) {
      const heard = await eightComeAndListen(visit);
      for (const [soon] of heard) assert.equal(soon, BANNER + WELCOME);
      visit.animal.say("zone 3 open\r\n");
      await until(() => heard.every(([, later]) => later().endsWith("open\r\n")), "the event");
      for (const [, later] of heard) assert.equal(later(), `${BANNER}${WELCOME}zone 3 open\r\n`);
      assert.equal(visit.animal.received.toString(), "admin\r\n1234\r\n");
      assert.doesNotMatch(visit.log(), /1234/);
      assert.doesNotMatch(JSON.stringify(await visit.mux.status()), /1234/);
    },
  },
  {
    device: "Multi-room amplifier",
    behaviour: "reports all its states behind the connect, and changes later",
    clients: "late ones get the states of the beginning, and every change from then on",
    options: "PROT=echo MODE=broadcast GREE=replay",
    animal: () => Animal.open(echo, greets("ZONE1=on,quiet\r\nZONE2=off\r\n"), says("VOL=7\r\n", 400)),
    async visit(visit) {
      const heard = await eightComeAndListen(visit);
      for (const [soon] of heard) assert.match(soon, /^ZONE1=on,quiet\r\nZONE2=off\r\n(VOL=7\r\n)*$/);
      assert.equal(visit.animal.links.length, 1);
    },
  },
  {
    device: "Meter that wants a password first",
    behaviour: "answers no question before its password has come, and says so when it has",
    clients: "their own answers, and never the word of the login",
    options: "PROT=echo LOGN=12345\\r\\n DLAY=0.1 TIME=5",
    animal: () => Animal.open(echo, greets("METER\r\n"), wants("12345\r\n", "ACCEPTED\r\n")),
    async visit({ animal, client, mux }) {
      const clients = await Promise.all(keys(3).map(client));
      const outcomes = await Promise.all(clients.map((one, n) => one.outcome(n)));
      assert.deepEqual(outcomes, ["right", "right", "right"]);
      assert.equal(animal.links.length, 1);
      animal.open[0]?.end();
      await until(async () => (await mux.status()).links.length === 0, "the end of the link");
      assert.equal(await clients[0]?.outcome(7), "right");
    },
  },
];
