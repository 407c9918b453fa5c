import { type ModbusKind, type ModbusMessage, unwrap, words, wrap } from "../../support/modbus.js";
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

/** Holding registers that hold the time at which they are read, in milliseconds of performance.now(), each apart by its address. */
export function holdsTime(kind: ModbusKind, ms: number): Habit {
  return {
    answers: () => (asked, send) => {
      const { id, unit, pdu } = unwrap(kind, asked.bytes);
      const [start, count] = [pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
      asked.link.later(ms / 2, () => {
        const now = Math.floor(performance.now());
        const values = Array.from({ length: count }, (_, n) => (now + 7 * (start + n)) & 0xffff);
        const answer = Buffer.concat([Buffer.of(3, 2 * count), words(0, ...values).subarray(1)]);
        asked.link.later(ms / 2, () => send(wrap(kind, { id, unit, pdu: answer })));
      });
    },
  };
}

/**
 * How long ago such a device read the registers of an answer, in milliseconds.
 *
 * @param answer the PDU in hexadecimal digits
 * @throws where registers are missing, are others, or are of different times
 */
export function ageOf(answer: string, start: number, count: number): number {
  const pdu = Buffer.from(answer, "hex");
  if (pdu.length !== 2 + 2 * count) throw new Error(`no ${count} registers: ${answer}`);
  const times = Array.from({ length: count }, (_, n) => (pdu.readUInt16BE(2 + 2 * n) - 7 * (start + n)) & 0xffff);
  if (new Set(times).size > 1) throw new Error(`registers of different times: ${answer}`);
  return (Math.floor(performance.now()) - (times[0] ?? 0)) & 0xffff;
}
