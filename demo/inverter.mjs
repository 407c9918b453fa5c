import { createServer } from "node:net";
import { listen } from "./ports.mjs";

const ANSWER_MS = 15; // such devices think for a while
const READ_HOLDING = 3;
const POWER = 40_083; // as many inverters have it: power in W
const YIELD = 40_094; // energy since it was built, in kWh
const TEMPERATURE = 40_103; // in tenths of a degree Celsius

/**
 * A simulated inverter: Modbus/TCP, registers that can be read, and one connection at a time, as many have it. A second connection is closed.
 *
 * @returns its port, and how many requests it has answered
 */
export async function startInverter() {
  const inverter = { port: 0, answers: 0, server: createServer() };
  let taken;
  inverter.server.on("connection", (socket) => {
    socket.on("error", () => {});
    if (taken !== undefined) {
      socket.destroy();
      return;
    }
    taken = socket;
    socket.on("close", () => {
      taken = undefined;
    });
    let held = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 12) {
        const request = held.subarray(0, 12);
        held = held.subarray(12);
        inverter.answers += 1;
        setTimeout(() => socket.write(answerTo(request)), ANSWER_MS);
      }
    });
  });
  inverter.port = await listen(inverter.server);
  return inverter;
}

/** The answer to a read of registers (Modbus Application Protocol 1.1b3, section 6.3); to anything else an exception. */
function answerTo(request) {
  const [code, first, count] = [request[7], request.readUInt16BE(8), request.readUInt16BE(10)];
  const pdu =
    code === READ_HOLDING && count > 0 && count <= 125
      ? Buffer.from([
          code,
          2 * count,
          ...Array.from({ length: count }, (_, index) => registerBytes(first + index)).flat(),
        ])
      : Buffer.from([code | 0x80, 1]);
  const head = Buffer.from(request.subarray(0, 7));
  head.writeUInt16BE(pdu.length + 1, 4);
  return Buffer.concat([head, pdu]);
}

function registerBytes(address) {
  const value = Math.round(registerValue(address)) & 0xffff;
  return [value >> 8, value & 0xff];
}

/** Power rises and falls as clouds pass. */
function registerValue(address) {
  const seconds = Date.now() / 1000;
  if (address === POWER) return 2400 + 900 * Math.sin(seconds / 40) + 250 * Math.sin(seconds / 7);
  if (address === TEMPERATURE) return 412 + 30 * Math.sin(seconds / 90);
  return address === YIELD ? 18_240 + ((seconds / 60) % 1000) : 0;
}

/** A request for one register of the inverter. @param {"power" | "yield"} what */
export function requestFor(what, id) {
  const request = Buffer.from([0, 0, 0, 0, 0, 6, 1, READ_HOLDING, 0, 0, 0, 1]);
  request.writeUInt16BE(id & 0xffff, 0);
  request.writeUInt16BE(what === "power" ? POWER : YIELD, 8);
  return request;
}

/** The value in the answer. @param {Buffer} answer */
export function valueIn(answer) {
  return answer.readUInt16BE(9);
}
