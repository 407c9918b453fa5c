import { conbusFraming } from "../framing/conbus-framing.js";
import type { FramingKind } from "../framing/framing.js";
import { hasOwnLength, ruleOfAnswer, ruleOfRequest } from "../framing/function-codes.js";
import { solarmanFraming } from "../framing/solarman-framing.js";
import { behindTpdu } from "./iso8583-message.js";
import { isModbus, MODBUS_FORMS, MODBUS_WORDS, type ModbusForm, type ModbusName } from "./modbus-forms.js";
import { failureReply } from "./modbus-pdu.js";
import { httpProtocol } from "./protocols/http-protocol.js";

/** Most bytes that are looked at: the longest Modbus message. */
export const LOOKED_AT = 513;

/** Who has sent the bytes. */
export type Side = "clients" | "device";

/** What bytes look like. */
export interface DetectedProtocol {
  /** In words: `Modbus/TCP`. */
  readonly what: string;
  /** The protocol, as `PROT` names it; absent: there is none for it. */
  readonly protocol?: string;
  /** What else to set. */
  readonly options?: string;
  /** Whether the beginning of another message could look like this. */
  readonly isWeak?: true;
}

/** The most telling first: a CRC is hardly right by chance. */
const BY_EVIDENCE: readonly ModbusName[] = ["modbus-rtu", "modbus-serial", "modbus", "modbus-ascii"];

const HTTP = /^(?:[A-Z]{3,9} [!-~]{1,400} )?HTTP\/1\.[01][ \r\n]/;
const TELEGRAM = /^<[A-Z]\d[0-9A-Za-z]{4,40}/;
const ASCII_FRAMES = /^:[\dA-Fa-f]+\r\n/; // of Modbus ASCII, with a wrong LRC
const TEXT = /^[\t\n\r -~]+$/;
const ISO_TYPE = /^[0-2][1-8]\d\d/; // version, class, function, origin
const DIGITS_OF_LENGTH = 4;
const BYTES_OF_LENGTH = 2;
const SHORTEST_REST = 4; // a length that fits fewer bytes behind it may do so by chance

/** Whether a Modbus message has the length that its function code tells: behind a wrong CRC, and in other protocols, it has not. */
function isWhole(message: Buffer, form: ModbusForm, side: Side): boolean {
  const { pdu } = form.unwrap(message);
  return hasOwnLength(pdu, side === "clients" ? ruleOfRequest : ruleOfAnswer) === true;
}

/** The framing of Modbus of which bytes are whole messages. */
function modbusIn(bytes: Buffer, side: Side): ModbusName | undefined {
  return BY_EVIDENCE.find((name) => {
    const form = MODBUS_FORMS[name];
    return framesOf(form.framing, side, bytes)?.every((frame) => isWhole(frame, form, side));
  });
}

/** The messages of which bytes consist; nothing where they do not. */
function framesOf(kind: FramingKind, side: Side, bytes: Buffer): readonly Buffer[] | undefined {
  const framing = side === "clients" ? kind.requests() : kind.answers();
  const cuts = framing.push(bytes);
  const isWhole = cuts.length > 0 && framing.held === 0 && cuts.every((cut) => cut.kind === "frame");
  return isWhole ? cuts.map((cut) => cut.bytes) : undefined;
}

/** Whether a record of TLS begins, with an alert or the hello of either side (RFC 8446, 4, 5.1 and 6). */
function isTls(bytes: Buffer): boolean {
  const [record, major, minor = 0, , , message = 0] = bytes;
  return (record === 0x15 || record === 0x16) && major === 3 && minor <= 4 && (message === 1 || message === 2);
}

/** Whether a message, without its length, begins with a type of ISO 8583, in ASCII or BCD. */
function hasIsoType(message: Buffer): boolean {
  const body = behindTpdu(message);
  return ISO_TYPE.test(body.toString("latin1", 0, 4)) || ISO_TYPE.test(body.toString("hex", 0, 2));
}

/**
 * What bytes look like that are no message of the protocol on this side.
 *
 * @param bytes from their beginning
 * @param own the name of that protocol
 * @returns undefined: nothing that is known, or nothing but that protocol
 */
export function detectProtocol(bytes: Buffer, side: Side, own: string): DetectedProtocol | undefined {
  const found = detect(bytes, side);
  return found?.protocol === own && found.options === undefined ? undefined : found;
}

function detect(bytes: Buffer, side: Side): DetectedProtocol | undefined {
  const text = bytes.toString("latin1", 0, LOOKED_AT);
  if (HTTP.test(text)) return { what: "HTTP", protocol: "http" };
  if (framesOf(solarmanFraming, side, bytes) !== undefined) return { what: "Solarman V5 frames", protocol: "solarman" };
  const modbus = modbusIn(bytes, side);
  if (modbus !== undefined) return { what: MODBUS_WORDS[modbus], protocol: modbus };
  if (isTls(bytes)) return { what: "TLS", options: side === "device" ? "PRTO=tls" : "LTLS=name" }; // so may a read of unit 21 or 22 begin
  if (TELEGRAM.test(text) && framesOf(conbusFraming, side, bytes) !== undefined)
    return { what: "Conbus telegrams", protocol: "conbus" };
  const rest = bytes.length - BYTES_OF_LENGTH;
  if (rest >= SHORTEST_REST && bytes.readUInt16BE() === rest && hasIsoType(bytes.subarray(BYTES_OF_LENGTH))) {
    return { what: "messages behind two bytes of length", protocol: "iso8583" };
  }
  const digits = text.slice(0, DIGITS_OF_LENGTH);
  if (/^\d{4}$/.test(digits) && Number(digits) === bytes.length - DIGITS_OF_LENGTH && Number(digits) >= SHORTEST_REST) {
    return { what: "messages behind four digits of length", protocol: "mpu", isWeak: true };
  }
  return lines(text);
}

const LF = "LEND=lf";

/** Lines of text, by their last end. */
function lines(text: string): DetectedProtocol | undefined {
  const isWeak = true;
  if (text.endsWith("\0") && TEXT.test(text.slice(0, -1))) {
    return { what: "lines that end with a zero", protocol: "echo", options: "LEND=nul", isWeak };
  }
  if (!TEXT.test(text) || ASCII_FRAMES.test(text)) return undefined;
  if (text.endsWith("\n")) return { what: "lines of text", protocol: "echo", options: LF, isWeak };
  if (!text.endsWith("\r")) return undefined;
  return { what: "lines that end with CR", protocol: "echo", options: "LEND=cr", isWeak };
}

/** Whether the first bytes of a client are whole messages of a protocol, and of no framing of Modbus that is more likely. */
function isOwn(bytes: Buffer, kind: FramingKind): boolean {
  if (framesOf(kind, "clients", bytes) === undefined) return false;
  const modbus = modbusIn(bytes, "clients");
  if (modbus === undefined || modbus === kind.name) return true;
  // a line of hexadecimal digits is a line; a frame with a right CRC may be a whole message of Modbus/TCP as well, by chance or with the CRC as data
  return kind.name === "echo" ? modbus === "modbus-ascii" : isModbus(kind.name) && kind.name !== "modbus";
}

/** What the first bytes of a client are, where they are certainly another protocol than that of its port. */
export function wrongProtocolIn(bytes: Buffer, framing: FramingKind): DetectedProtocol | undefined {
  if (bytes.length > LOOKED_AT || isOwn(bytes, framing)) return undefined;
  const found = detect(bytes, "clients");
  const isBegun = framing.name === "modbus-rtu" && found?.protocol === "modbus"; // the CRC may follow
  return found === undefined || found.isWeak || isBegun || found.protocol === framing.name ? undefined : found;
}

/**
 * Says what to set: `this looks like bare RTU frames: PROT=modbus-serial`.
 *
 * @param side who has sent the bytes
 * @param own the name of the protocol that the line has on that side
 */
export function hintOf({ what, protocol, options }: DetectedProtocol, side: Side, own: string): string {
  const key = side === "device" && isModbus(own) && protocol !== undefined && isModbus(protocol) ? "DPRO" : "PROT";
  const others = protocol === undefined || protocol === own ? [] : [`${key}=${protocol}`];
  const isDefault = options === LF && others.length > 0;
  const set = [...others, ...(options === undefined || isDefault ? [] : [options])].join(" ");
  return set === "" ? `this looks like ${what}` : `this looks like ${what}: ${set}`;
}

/** What tells a client of Modbus or HTTP, in its own words, that it speaks to the wrong port; nothing for others. */
export function wrongProtocolReply({ protocol }: DetectedProtocol, bytes: Buffer, reason: string): Buffer | undefined {
  if (protocol === "http") return httpProtocol.malformedReply(reason, "malformed");
  if (protocol === undefined || !isModbus(protocol)) return undefined;
  const form: ModbusForm = MODBUS_FORMS[protocol];
  const [first] = form.framing.requests().push(bytes);
  if (first?.kind !== "frame") return undefined;
  const { unit, pdu, ...header } = form.unwrap(first.bytes);
  return form.wrap(unit, failureReply(pdu, "no path"), header);
}
