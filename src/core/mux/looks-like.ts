import { CRC_LENGTH, crcFits } from "../framing/crc16.js";
import type { FramingKind } from "../framing/framing.js";
import { ANSWER_LENGTHS, EXCEPTION_BIT, lengthBy, REQUEST_LENGTHS } from "../framing/function-codes.js";
import { CODE_AT, MBAP_HEADER } from "../framing/mbap.js";
import { solarmanFraming } from "../framing/solarman-framing.js";
import { isModbus, MODBUS_FORMS, type ModbusForm, type ModbusName } from "./modbus-forms.js";

/** Most bytes that are looked at: the longest Modbus message. */
export const LOOKED_AT = 513;

/** Who has sent the bytes. */
export type Side = "clients" | "device";

/** What bytes look like. */
export interface Likeness {
  /** In words: `Modbus/TCP`. */
  readonly what: string;
  /** The protocol, as `PROT` names it; absent: there is none for it. */
  readonly protocol?: string;
  /** What else to set. */
  readonly options?: string;
  /** Whether the beginning of another message could look like this. */
  readonly isWeak?: true;
}

const WORDS: Readonly<Record<ModbusName, string>> = {
  modbus: "Modbus/TCP",
  "modbus-rtu": "Modbus/TCP with a CRC",
  "modbus-serial": "bare RTU frames",
  "modbus-ascii": "Modbus ASCII",
};
/** The most telling first: a CRC is hardly right by chance. */
const BY_EVIDENCE: readonly ModbusName[] = ["modbus-rtu", "modbus-serial", "modbus", "modbus-ascii"];

const HTTP = /^(?:[A-Z]{3,9} [!-~]{1,400} )?HTTP\/1\.[01][ \r\n]/;
const TELEGRAM = /^<[A-Z]\d[0-9A-Za-z]{4,40}/;
const TEXT = /^[\t\n\r -~]+$/;
const TLS_RECORDS: readonly number[] = [0x15, 0x16]; // alert, handshake (RFC 8446, 5.1)
const TLS_MAJOR = 3;
const DIGITS_OF_LENGTH = 4;
const BYTES_OF_LENGTH = 2;
const SHORTEST_REST = 4; // a length that fits fewer bytes behind it may do so by chance
const SHORTEST_RTU_READ = 8;
const EXCEPTION_LENGTH = 9; // of Modbus/TCP

/** Whether unit and PDU of a Modbus/TCP message have the length that the function code tells: behind a wrong CRC they have not. */
function hasOwnLength(message: Buffer, side: Side): boolean {
  const code = message[CODE_AT] ?? 0;
  const rule = (side === "clients" ? REQUEST_LENGTHS : ANSWER_LENGTHS).get(code);
  if (rule === undefined) return side === "device" && code > EXCEPTION_BIT && message.length === EXCEPTION_LENGTH;
  return lengthBy(rule, message, MBAP_HEADER) === message.length - MBAP_HEADER + CRC_LENGTH;
}

function isWhole(kind: FramingKind, side: Side, bytes: Buffer): boolean {
  const framing = side === "clients" ? kind.requests() : kind.answers();
  const cuts = framing.push(bytes);
  return cuts.length > 0 && framing.held === 0 && cuts.every((cut) => cut.kind === "frame");
}

/** What bytes look like from their beginning; undefined: nothing that is known. */
export function looksLike(bytes: Buffer, side: Side): Likeness | undefined {
  const text = bytes.toString("latin1", 0, LOOKED_AT);
  if (HTTP.test(text)) return { what: "HTTP", protocol: "http" };
  if (TLS_RECORDS.includes(bytes[0] ?? 0) && bytes[1] === TLS_MAJOR) {
    return side === "device"
      ? { what: "TLS", options: "PRTO=tls" }
      : { what: "TLS, which clients of a mux do not speak" };
  }
  if (isWhole(solarmanFraming, side, bytes)) return { what: "Solarman V5 frames", protocol: "solarman" };
  const modbus = BY_EVIDENCE.find(
    (name) => isWhole(MODBUS_FORMS[name].framing, side, bytes) && (name !== "modbus" || hasOwnLength(bytes, side)),
  );
  if (modbus !== undefined) return { what: WORDS[modbus], protocol: modbus };
  if (TELEGRAM.test(text)) return { what: "Conbus telegrams", protocol: "conbus" };
  const rest = bytes.length - BYTES_OF_LENGTH;
  if (rest >= SHORTEST_REST && bytes.readUInt16BE() === rest) {
    return { what: "messages behind two bytes of length", protocol: "iso8583" };
  }
  const digits = text.slice(0, DIGITS_OF_LENGTH);
  if (/^\d{4}$/.test(digits) && Number(digits) === bytes.length - DIGITS_OF_LENGTH && Number(digits) >= SHORTEST_REST) {
    return { what: "messages behind four digits of length", protocol: "mpu" };
  }
  return lines(text);
}

const LF = "LEND=lf";

/** Lines of text, by their last end. */
function lines(text: string): Likeness | undefined {
  const isWeak = true;
  if (text.endsWith("\0") && TEXT.test(text.slice(0, -1))) {
    return { what: "lines that end with a zero", protocol: "echo", options: "LEND=nul", isWeak };
  }
  if (!TEXT.test(text)) return undefined;
  if (text.endsWith("\n")) return { what: "lines of text", protocol: "echo", options: LF, isWeak };
  if (!text.endsWith("\r")) return undefined;
  return { what: "lines that end with CR", protocol: "echo", options: "LEND=cr", isWeak };
}

/** Whether bytes that are no message of a protocol look like another one, or like the same with other options. */
export function isStranger({ protocol, options }: Likeness, own: string): boolean {
  return protocol !== own || options !== undefined;
}

/** Whether the first bytes of a client are whole messages of a protocol, and of no other one that is more likely. */
function isOwn(bytes: Buffer, { framing, name }: { readonly framing: FramingKind; readonly name: string }): boolean {
  if (!isWhole(framing, "clients", bytes)) return false;
  if (name === "echo") return TEXT.test(bytes.toString("latin1").replaceAll("\0", ""));
  if (name !== "modbus") return true;
  // an RTU frame that reads two registers from address 0 on is a whole message of Modbus/TCP, and so is one with a CRC that the length counts
  if (bytes.length === SHORTEST_RTU_READ && crcFits(bytes, 0, bytes.length)) return false;
  return !(REQUEST_LENGTHS.has(bytes[CODE_AT] ?? 0) && isWhole(MODBUS_FORMS["modbus-rtu"].framing, "clients", bytes));
}

/** What the first bytes of a client are, where they are certainly another protocol than that of its port. */
export function strangerIn(bytes: Buffer, framing: FramingKind): Likeness | undefined {
  if (bytes.length > LOOKED_AT || isOwn(bytes, { framing, name: framing.name })) return undefined;
  const found = looksLike(bytes, "clients");
  return found === undefined || found.isWeak || found.protocol === framing.name ? undefined : found;
}

/**
 * Says what to set: `this looks like bare RTU frames: PROT=modbus-serial`.
 *
 * @param side who has sent the bytes
 * @param own the name of the protocol that the line has on that side
 */
export function hintOf({ what, protocol, options }: Likeness, side: Side, own: string): string {
  const key = side === "device" && isModbus(own) && protocol !== undefined && isModbus(protocol) ? "DPRO" : "PROT";
  const others = protocol === undefined || protocol === own ? [] : [`${key}=${protocol}`];
  const isDefault = options === LF && others.length > 0;
  const set = [...others, ...(options === undefined || isDefault ? [] : [options])].join(" ");
  return set === "" ? `this looks like ${what}` : `this looks like ${what}: ${set}`;
}

const PATH_UNAVAILABLE = 0x0a; // "usually means that the gateway is misconfigured" (MODBUS Application Protocol V1.1b3, 7)

/** What tells a client of Modbus or HTTP, in its own words, that it speaks to the wrong port; nothing for others. */
export function strangerReply({ protocol }: Likeness, bytes: Buffer, reason: string): Buffer | undefined {
  if (protocol === "http") {
    const body = `${reason}\n`;
    const head = [
      "HTTP/1.1 400 Bad Request",
      "Content-Type: text/plain",
      `Content-Length: ${body.length}`,
      "Connection: close",
    ];
    return Buffer.from([...head, "", body].join("\r\n"));
  }
  if (protocol === undefined || !isModbus(protocol)) return undefined;
  const form: ModbusForm = MODBUS_FORMS[protocol];
  const [first] = form.framing.requests().push(bytes);
  if (first?.kind !== "frame") return undefined;
  const { unit, pdu, ...header } = form.unwrap(first.bytes);
  return form.wrap(unit, Buffer.of((pdu[0] ?? 0) | EXCEPTION_BIT, PATH_UNAVAILABLE), header);
}
