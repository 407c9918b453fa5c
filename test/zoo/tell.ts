import { describe, type TestContext, test } from "node:test";
import { Asker, type TestProtocol } from "../support/exchange.js";
import { MODBUS_KINDS, type ModbusKind } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import { conbus, echo, http, iso8583, mpu } from "../support/protocols.js";
import { solarman } from "../support/solarman.js";
import { STORIES } from "./stories.js";
import type { Story } from "./story.js";

const PROTOCOLS: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu, conbus, solarman],
  ...MODBUS_KINDS.map((kind) => modbusProtocol(kind)),
];

/** The protocol of the clients. */
function protocolOf({ options }: Story): TestProtocol {
  const name = /(?:^| )PROT=(\S+)/.exec(options)?.[1] ?? "echo";
  const found = PROTOCOLS.find((protocol) => protocol.name === name);
  if (found === undefined) throw new Error(`test/zoo/tell.ts knows no clients of PROT=${name}`);
  return found;
}

/** Tells a story: device, daemon and clients, over real sockets. */
async function tell(t: TestContext, story: Story): Promise<void> {
  const protocol = protocolOf(story);
  const animal = await story.animal();
  t.after(() => animal.stop());
  const mux = await startMux(t, `127.0.0.1:${animal.port} ${story.options}`);
  const clients: { destroy(): void }[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  const kept = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  await story.visit({
    animal,
    mux,
    protocol,
    client: async () => kept(await Asker.open(mux.port, protocol)),
    clientOf: async (kind) => kept(await Asker.open(mux.port, kind)),
    modbus: async () => kept(await ModbusClient.connect(mux.port, protocol.name as ModbusKind)),
    log: () => mux.daemon.log(),
  });
}

/** Makes a test of each story, short ones or long ones. Pending ones are reported as todo; `ZOO_PENDING=1` tries them. */
export function tellStories(length: "short" | "long", concurrency: number): void {
  describe(`the zoo: ${length} stories`, { concurrency }, () => {
    for (const story of STORIES.filter(({ long }) => (long === true) === (length === "long"))) {
      const name = `${story.device}: ${story.behaviour} (${story.options}): ${story.clients}`;
      if (story.pending === undefined) test(name, (t) => tell(t, story));
      else if (process.env["ZOO_PENDING"]) test(name, { todo: story.pending }, (t) => tell(t, story));
      else test(name, { todo: story.pending });
    }
  });
}
