import { type ModbusKind, type ModbusMessage, unwrap, wrap } from "../../support/modbus.js";
import type { Asked, Habit } from "./animal.js";
import { changes } from "./habits.js";

// Habits of Modbus devices. Their registers hold registerValue(unit, address), so a wrong answer shows.

/** Sends each answer with other parts: an id, a unit or a PDU of the device's own. */
export function alters(
  kind: ModbusKind,
  change: (answer: ModbusMessage, request: ModbusMessage) => Partial<ModbusMessage>,
): Habit {
  return changes((answer, { bytes }) => {
    const message = unwrap(kind, answer);
    return wrap(kind, { ...message, ...change(message, unwrap(kind, bytes)) });
  });
}

/** Sends the request back, then the answer: an RS-485 adapter that hears itself. */
export const echoes: Habit = {
  answers: (next) => (asked, send) => {
    send(asked.bytes);
    next(asked, send);
  },
};

/** The units of a gateway's bus that do not answer. */
interface Dead {
  readonly units: readonly number[];
  /** How long the gateway waits for one of them; no other request goes out meanwhile. */
  readonly waitMs: number;
  /** What the gateway says then: an exception code, or nothing. */
  readonly exception?: number;
}

/** One bus for all units and links: a request takes `ms`, one to a dead unit as long as the gateway waits. */
export function gateway(kind: ModbusKind, ms: number, dead: Dead): Habit {
  let freeAt = 0;
  return {
    answers: (next) => (asked, send) => {
      const { id, unit, pdu } = unwrap(kind, asked.bytes);
      const isDead = dead.units.includes(unit);
      freeAt = Math.max(freeAt, performance.now()) + (isDead ? dead.waitMs : ms);
      asked.link.later(freeAt - performance.now(), () => {
        if (!isDead) next(asked, send);
        else if (dead.exception !== undefined)
          send(wrap(kind, { id, unit, pdu: Buffer.of((pdu[0] ?? 0) | 0x80, dead.exception) }));
      });
    },
  };
}

/** The unit of a request. */
export function unitOf(kind: ModbusKind, { bytes }: Asked): number {
  return unwrap(kind, bytes).unit;
}
