import assert from "node:assert/strict";
import type { TestProtocol } from "../../support/exchange.js";
import { MODBUS_KINDS } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { conbus, echo, http, iso8583, mpu } from "../../support/protocols.js";
import { pause } from "../../support/wait.js";
import { Animal, type Habit } from "../animals/animal.js";

import type { Story, Visit } from "../story.js";

const ALL: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu, conbus],
  ...MODBUS_KINDS.map((kind) => modbusProtocol(kind)),
];

const BOOT_MS = 3500;
const BACK_MS = 1000; // after this time every request succeeds (docs/mux.md)

/** Boots from its first connection on; then connections from before are of no use. */
function boots(how: "closes" | "resets" | "is silent"): Habit {
  let readyAt: number | undefined;
  const isBooting = (at: number): boolean => {
    readyAt ??= at + BOOT_MS;
    return at < readyAt;
  };
  return {
    connected(link) {
      if (!isBooting(link.openedAt) || how === "is silent") return;
      if (how === "closes") link.end();
      else link.reset();
    },
    answers: (next) => (asked, send) => {
      if (!isBooting(asked.link.openedAt)) next(asked, send);
    },
  };
}

async function askThroughBoot({ client }: Visit): Promise<void> {
  let one = await client();
  const beganAt = performance.now();
  const wrong: string[] = [];
  let right = 0;
  for (let key = 0; performance.now() < beganAt + BOOT_MS + BACK_MS + 1500; key = (key + 1) % 100) {
    const since = performance.now() - beganAt;
    const outcome = await one.outcome(key);
    if (outcome === "closed") one = await client();
    if (since > BOOT_MS + BACK_MS + 100 && outcome !== "right")
      wrong.push(`${outcome} ${Math.round(since)} ms after the first one`);
    if (outcome === "right") right += 1;
    await pause(100);
  }
  assert.deepEqual(wrong, []);
  assert.ok(right >= 3, `${right} requests succeeded`);
}

/** Devices that take connections before they can answer. */
export const BOOTING: readonly Story[] = ALL.flatMap((protocol) =>
  (["closes", "resets", "is silent"] as const).map((how) => ({
    device: "Device that boots",
    behaviour:
      how === "is silent"
        ? "accepts for 3.5 s, never answers on those connections, and keeps them"
        : `accepts and ${how} for 3.5 s`,
    clients: "requests succeed 1 s after the device is there",
    options: `PROT=${protocol.name} TIME=1`,
    long: true as const,
    ...(how !== "is silent" && { beyondDoctor: true as const }), // the doctor is as patient as that
    animal: () => Animal.open(protocol, boots(how)),
    visit: askThroughBoot,
  })),
);
