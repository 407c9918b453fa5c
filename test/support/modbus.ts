/** Modbus/TCP, Modbus/TCP with a CRC, bare RTU frames, or frames of hexadecimal digits. */
export const MODBUS_KINDS = ["modbus", "modbus-rtu", "modbus-serial", "modbus-ascii"] as const;
export type ModbusKind = (typeof MODBUS_KINDS)[number];

/** Whether messages carry ids. */
export function hasIds(kind: ModbusKind): boolean {
  return kind === "modbus" || kind === "modbus-rtu";
}

/** The parts of a Modbus message. A serial message has no id: 0. */
export interface ModbusMessage {
  readonly id: number;
  readonly unit: number;
  readonly pdu: Buffer;
}

/** The CRC-16 of Modbus as it is sent: low byte first. */
export function crc16(bytes: Buffer): Buffer {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return Buffer.from([crc & 0xff, crc >> 8]);
}

/** The LRC of Modbus ASCII: the sum of all bytes with it is 0. */
export function lrc(bytes: Buffer): Buffer {
  return Buffer.from([-bytes.reduce((sum, byte) => sum + byte, 0) & 0xff]);
}

/** Encodes a message. */
export function wrap(kind: ModbusKind, { id, unit, pdu }: ModbusMessage): Buffer {
  const body = Buffer.concat([Buffer.from([unit]), pdu]);
  if (kind === "modbus-ascii") {
    const digits = Buffer.concat([body, lrc(body)]).toString("hex");
    return Buffer.from(`:${digits.toUpperCase()}\r\n`);
  }
  const tail = kind === "modbus" ? body : Buffer.concat([body, crc16(body)]);
  if (kind === "modbus-serial") return tail;
  const header = Buffer.alloc(6);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(tail.length, 4);
  return Buffer.concat([header, tail]);
}

/** Decodes a message. @throws when the CRC, or the LRC, is wrong */
export function unwrap(kind: ModbusKind, message: Buffer): ModbusMessage {
  if (kind === "modbus-ascii") {
    const bytes = Buffer.from(/^:([0-9A-F]+)\r\n$/.exec(message.toString("latin1"))?.[1] ?? "", "hex");
    const body = bytes.subarray(0, -1);
    if (!lrc(body).equals(bytes.subarray(-1))) throw new Error(`LRC: ${message.toString("latin1")}`);
    return { id: 0, unit: body.readUInt8(0), pdu: body.subarray(1) };
  }
  const id = kind === "modbus-serial" ? 0 : message.readUInt16BE(0);
  const tail = kind === "modbus-serial" ? message : message.subarray(6);
  const body = kind === "modbus" ? tail : tail.subarray(0, -2);
  if (kind !== "modbus" && !crc16(body).equals(tail.subarray(-2))) throw new Error(`CRC: ${message.toString("hex")}`);
  return { id, unit: body.readUInt8(0), pdu: body.subarray(1) };
}

/** A PDU of a function code and 16-bit words. */
export function words(func: number, ...values: number[]): Buffer {
  const pdu = Buffer.alloc(1 + 2 * values.length);
  pdu.writeUInt8(func, 0);
  for (const [index, value] of values.entries()) pdu.writeUInt16BE(value, 1 + 2 * index);
  return pdu;
}

/** The PDU that reads holding registers. */
export function readPdu(address: number, count = 1): Buffer {
  return words(3, address, count);
}

/** The PDU that writes one register. */
export function writePdu(address: number, value: number): Buffer {
  return words(6, address, value);
}

/** The PDU that writes several registers. */
export function writeManyPdu(address: number, ...values: number[]): Buffer {
  const data = words(0, ...values).subarray(1);
  return Buffer.concat([words(16, address, values.length), Buffer.from([data.length]), data]);
}
