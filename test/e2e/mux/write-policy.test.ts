// Rules for writes, tried by random requests of several clients: no write that is forbidden reaches the device.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { unwrap, wrap } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { startMux } from "../../support/mux.js";
import { Simulator } from "../../support/simulator.js";
import { until } from "../../support/wait.js";
import {
  mayWrite,
  type OracleRule,
  randomNumbers,
  randomRules,
  randomWrite,
  ruleText,
} from "../../support/write-oracle.js";

// FUZZ_REQUESTS=100000 sends so many from each client.
const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 150);
const CLIENTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const WINDOW = 20; // requests under way: less than the queue of a client takes

const isRead = (pdu: Buffer): boolean => [3, 8, 65].includes(pdu[0] ?? 0);

/** The rules with addresses of this machine in place of those that the oracle invents. */
function local(rules: readonly OracleRule[]): OracleRule[] {
  return rules.map((rule) => ("from" in rule ? { ...rule, from: rule.from.replace("10.0.0.", "127.0.0.") } : rule));
}

describe("rules for writes", { concurrency: 2 }, () => {
  for (const kind of ["modbus", "modbus-rtu"] as const) {
    test(`law: ${kind}: no forbidden write reaches the device, and every allowed one does`, async (t) => {
      const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() & 0xffffff);
      const random = randomNumbers(seed);
      const device = await Simulator.open({
        ...modbusProtocol(kind),
        answer(request) {
          const { id, unit, pdu } = unwrap(kind, request);
          return wrap(kind, { id, unit, pdu: Buffer.of((pdu[0] ?? 0) | 0x80, 0x55) });
        },
      });
      t.after(() => device.stop());
      const rules = local([...randomRules(random), ...randomRules(random), { unit: [1, 1], holding: [3, 9] }]);
      const options = rules.map((rule) => `ALWR=${ruleText(rule).replaceAll(" ", "+")}`).join(" ");
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${kind} READ=8,65 WRIT=deny ${options}`);

      const allowed: string[] = [];
      await Promise.all(
        CLIENTS.map(async (address) => {
          const socket = connect({ port: mux.port, host: "127.0.0.1", localAddress: address });
          t.after(() => socket.destroy());
          await once(socket, "connect");
          const answers = new Answers(socket);
          for (let sent = 0; sent < REQUESTS; sent += 1) {
            await until(() => sent - answers.count < WINDOW, "answers");
            const [unit, pdu] = [random(4), randomWrite(random)];
            socket.write(wrap(kind, { id: sent & 0xffff, unit, pdu }));
            if (isRead(pdu) || mayWrite(unit, pdu, address, rules)) allowed.push(`${unit} ${pdu.toString("hex")}`);
          }
          await until(() => answers.count === REQUESTS, "all answers");
        }),
      );
      const reached = device.requests.map((request) => {
        const { unit, pdu } = unwrap(kind, request);
        return `${unit} ${pdu.toString("hex")}`;
      });
      const context = `seed ${seed}: ${options}`;
      // reads share answers, so fewer of them reach the device
      const writes = (list: readonly string[]): string[] => list.filter((text) => !/^\d (08|41)/.test(text)).sort();
      assert.deepEqual(writes(reached), writes(allowed), context);
      const lines = mux.daemon.log().split("write by 127.0.0.").length - 1;
      assert.ok(lines >= writes(allowed).length, `${lines} lines in the log; ${context}`);
    });
  }
});

/** Counts the answers of a client. */
class Answers {
  count = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      while (this.#rest.length >= 6 && this.#rest.length >= 6 + this.#rest.readUInt16BE(4)) {
        this.#rest = this.#rest.subarray(6 + this.#rest.readUInt16BE(4));
        this.count += 1;
      }
    });
  }
}
