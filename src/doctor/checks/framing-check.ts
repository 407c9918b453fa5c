import type { Observations } from "../../core/doctor/observations.js";
import { EXCEPTION } from "../../core/mux/modbus-exceptions.js";
import { MODBUS_FORMS, type ModbusName } from "../../core/mux/modbus-forms.js";
import type { DeviceUnderTest } from "../device-under-test.js";
import type { Answered, Link, Reply } from "../link.js";
import { Unreachable } from "./reach-check.js";

const FRAMINGS = Object.keys(MODBUS_FORMS) as ModbusName[];
/** How long bytes behind an answer are waited for: the CRC of modbus-rtu. */
const SETTLE_MS = 60;
/** Waits for an answer, one behind the other: the question is repeated between them, for devices that drop what comes early. */
const QUICK_MS = [1000];
const SLOW_MS = [1000, 1500, 1500];
/** A device that takes one connection may be busy for so long with what it was asked first. */
const BUSY_MS = 3000;
/** Some devices end a connection on which they are asked too early. */
const PATIENCE_MS = 1500;

/** Exceptions that a gateway makes for a unit that is not there. */
const GATEWAY_EXCEPTIONS: readonly number[] = [EXCEPTION.noPath, EXCEPTION.noResponse];
/** Exceptions that another function may not get. */
const ADDRESS_EXCEPTIONS: readonly number[] = [EXCEPTION.illegalFunction, EXCEPTION.illegalAddress];

/** What the first answer shows. */
type FirstAnswer = Pick<Observations, "framing" | "echoes" | "reading" | "answersAs">;

/**
 * Finds the framing in which the device answers, and a function that reads the register.
 *
 * @param isLeftOpen whether the device leaves a connection open on which nothing is asked
 * @throws {Unreachable} when it answers in none
 */
export async function checkFraming(device: DeviceUnderTest, isLeftOpen: boolean): Promise<FirstAnswer> {
  const ends: Reply["kind"][] = [];
  const allClosed = (): boolean => ends.every((kind) => kind === "closed");
  for (const waits of [QUICK_MS, SLOW_MS]) {
    for (const framing of FRAMINGS) {
      device.framing = framing;
      const reply = await tryFraming(device, waits);
      if (reply.kind === "answer") return settle(device, reply);
      ends.push(reply.kind);
    }
    if (allClosed() && !isLeftOpen) break;
    if (allClosed()) device.readyMs = PATIENCE_MS;
    else if (waits === QUICK_MS && ends.includes("closed")) await device.pause(BUSY_MS);
  }
  throw new Unreachable(
    allClosed()
      ? "it accepts connections and closes them without an answer: another program may be connected, or it admits certain addresses only"
      : `no answer for unit ${device.unit} in any framing: --unit names another unit (1, 3, 126, 247 and 255 are usual), and the device's settings may have to enable Modbus`,
  );
}

async function tryFraming(device: DeviceUnderTest, waits: readonly number[]): Promise<Reply> {
  const link = await device.link();
  let reply: Reply = { kind: "closed" };
  for (const ms of link === undefined ? [] : waits) {
    reply = await device.ask(link as Link, 1, ms, SETTLE_MS);
    if (reply.kind !== "silence") break;
  }
  await device.part(link);
  return reply;
}

/** Takes the framing of the answer, and a function that brings values where the first one does not. */
async function settle(device: DeviceUnderTest, reply: Answered): Promise<FirstAnswer> {
  device.framing = reply.answer.framing;
  device.readyMs = 0;
  device.idPairs.length = 0; // the answer may be that of a question before
  device.typicalMs = reply.ms;
  let exception = exceptionOf(reply);
  if (exception !== undefined && GATEWAY_EXCEPTIONS.includes(exception)) {
    throw new Unreachable(
      `a gateway answers, but unit ${device.unit} does not (exception ${exception}): --unit names another one`,
    );
  }
  if (exception !== undefined && ADDRESS_EXCEPTIONS.includes(exception)) {
    device.code = 4;
    const other = await tryFraming(device, SLOW_MS);
    if (other.kind === "answer" && exceptionOf(other) === undefined) exception = undefined;
    else device.code = 3;
  }
  const { code, register, framing } = device;
  return {
    framing,
    echoes: reply.echoed,
    reading: { code, register, exception },
    answersAs: reply.answer.unit === device.unit ? undefined : reply.answer.unit,
  };
}

function exceptionOf({ answer: { content } }: Answered): number | undefined {
  return content.kind === "exception" ? content.code : undefined;
}
