import { fitsRequest, sameFunction } from "../../framing/answer-shape.js";
import { isWholeRequest } from "../../framing/function-codes.js";
import { MODBUS_FORMS, type ModbusForm, type ModbusMessage } from "../modbus-forms.js";
import {
  blockedWriteReply,
  broadcastReply,
  exceptionReply,
  failureReply,
  isException,
  isRead,
  isRefusal,
  isShareable,
  isUnitSilent,
} from "../modbus-pdu.js";
import type { ModbusRequest, Protocol, RangeReads, Request } from "../protocol.js";
import { answerPdu, readPdu, valuesIn } from "../register-ranges.js";
import { solarmanForm } from "../solarman-form.js";

const BROADCAST_UNIT = 0; // of all units on a serial line (MODBUS over Serial Line V1.02, 2.1)
const SILENCE = Buffer.alloc(0); // the reply to a request for all units

/** A request goes out at once. Even the rest that the network has to send again is there by then. */
const REST_MS = 3000;

/** What a line says about its Modbus device besides the framing. */
export interface ModbusRules {
  /** Units of the device by units of clients, where they differ (UMAP). */
  readonly unitMap?: ReadonlyMap<number, number>;
  /** The unit of the device that stands for all units, and never answers writes (BCST). */
  readonly broadcastUnit?: number;
  /** Functions that only read, besides those of the specification (READ). */
  readonly reads?: readonly number[];
}

/** Unit and PDU for the device, and what the answer needs to come back in the client's framing. */
function partsOf({ modbus }: Request): ModbusRequest {
  if (modbus === undefined) throw new TypeError("a request of another protocol");
  return modbus;
}

/** Whether the client waits for no answer either. */
function isSilent({ oneWay, confirmation }: Request): boolean {
  return oneWay === true && confirmation === undefined;
}

function keyOf(unit: number, pdu: Buffer): string {
  return String.fromCharCode(unit) + pdu.toString("latin1");
}

/** What the answer to a message repeats. */
function headerOf({ unit, id, countsCrc, serial }: ModbusMessage): ModbusRequest["client"] {
  return serial === undefined ? { unit, id, countsCrc } : { unit, id, countsCrc, serial };
}

/** What a message of a client asks the device for; nothing where it does not speak to the device. */
function requestOf(message: Buffer, client: ModbusForm, device: ModbusForm, rules: ModbusRules): Request | undefined {
  const own = Buffer.from(message);
  const asked = client.unwrap(own);
  if (asked.lacks !== undefined) return undefined;
  const unit = rules.unitMap?.get(asked.unit) ?? asked.unit;
  const isKept = client === device && unit === asked.unit;
  const { pdu } = asked;
  const bytes = isKept ? own : (device.wrapRequest ?? device.wrap)(unit, pdu, asked);
  const reads = isRead(pdu, rules.reads);
  const key = isShareable(pdu, rules.reads) ? keyOf(unit, pdu) : undefined;
  const modbus = { unit, pdu, client: headerOf(asked) };
  if (reads) return key === undefined ? { bytes, reads, modbus } : { bytes, reads, modbus, key }; // spreads cost as much as the rest
  const isConfirmed = unit === rules.broadcastUnit;
  const isSerial = !client.hasIds && !device.hasIds;
  const oneWay = isConfirmed || (isSerial && unit === BROADCAST_UNIT);
  return {
    bytes,
    reads,
    modbus,
    ...(oneWay && { oneWay }),
    ...(oneWay && !isConfirmed && { mayAnswer: true }),
    ...(isConfirmed && { confirmation: device.wrap(unit, broadcastReply(pdu), asked) }),
  };
}

/** Judges answers in the form of the device: of the unit that was asked, and of a PDU that fits the PDU of the request. */
function answersBy(
  unwrap: ModbusForm["unwrap"],
  fits: (pdu: Buffer, asked: Buffer) => boolean,
): Protocol["isAnswerTo"] {
  return (answer, request) => {
    const asked = partsOf(request);
    const { unit, pdu, lacks } = unwrap(answer);
    return lacks === undefined ? unit === asked.unit && fits(pdu, asked.pdu) : lacks === "answer";
  };
}

/** Reads the unit of answers in the form of the device, where nothing but id and unit can be wrong. */
function unitOfFitBy(unwrap: ModbusForm["unwrap"]): NonNullable<Protocol["unitOfFit"]> {
  return (answer, request) => {
    const { unit, pdu } = unwrap(answer);
    return fitsRequest(pdu, partsOf(request).pdu) ? unit : undefined;
  };
}

/** How one request to the device stands for reads of several ranges. `wrapped`: a PDU in the form of the client of a request. */
function rangeReads(device: ModbusForm, wrapped: (request: Request, pdu: Buffer) => Buffer): RangeReads {
  return {
    request(range, like) {
      const { unit, client: header } = partsOf(like);
      const pdu = readPdu(range);
      const bytes = (device.wrapRequest ?? device.wrap)(unit, pdu, { ...header, id: 0 });
      return { bytes, reads: true, key: keyOf(unit, pdu), modbus: { unit, pdu, client: header } };
    },
    isSound: (answer) => device.isSound?.(answer) ?? true,
    values: (answer) => valuesIn(device.unwrap(answer).pdu),
    answer: (request, values) => wrapped(request, answerPdu(partsOf(request).pdu[0] ?? 0, values)),
    isRefusal: (answer) => isRefusal(device.unwrap(answer).pdu),
  };
}

/** Everybody looks at the same answer, one after the other: it is unwrapped once. */
function onceEach(unwrap: ModbusForm["unwrap"]): ModbusForm["unwrap"] {
  let last: Buffer | undefined;
  let parts: ModbusMessage | undefined;
  return (message) => {
    if (message !== last || parts === undefined) parts = unwrap(message);
    last = message;
    return parts;
  };
}

/**
 * Modbus with the framing `client` on the side of the clients, and `device` on the other. Inside, a message is a unit and a PDU.
 *
 * On a link with ids these are the mux's own, so late, repeated and reordered answers reach no wrong client. Each client sees its own ids.
 */
export function modbusProtocol(client: ModbusForm, device: ModbusForm, rules: ModbusRules = {}): Protocol {
  const unwrap = onceEach(device.unwrap);
  /** A PDU in the form of the client that has sent the request. */
  const wrapped = (request: Request, pdu: Buffer): Buffer => {
    const { client: header } = partsOf(request);
    return client.wrap(header.unit, pdu, header);
  };
  return {
    framing: client.framing,
    deviceFraming: device.framing,
    hasIds: device.hasIds,
    idCount: device.idCount,
    clientsHaveIds: client.hasIds,
    unasked: device.hasIds ? "told" : "noise",
    hasFailureReply: true,
    restMs: REST_MS,
    interpret(message, _head, writes) {
      const request = requestOf(message, client, device, rules);
      if (request === undefined) return { kind: "answer", bytes: SILENCE };
      const { pdu } = partsOf(request);
      if (writes === "pass" || (request.reads && isWholeRequest(pdu))) return { kind: "request", request };
      const blocked = blockedWriteReply(pdu, writes);
      return { kind: "answer", bytes: isSilent(request) ? SILENCE : wrapped(request, blocked) };
    },
    malformedReply: () => undefined,
    withId({ bytes }, id) {
      if (device.setId === undefined) return bytes;
      const message = Buffer.from(bytes);
      device.setId(message, id);
      return message;
    },
    idOf: (answer) => unwrap(answer).id,
    isFailure(answer) {
      const { pdu, lacks } = unwrap(answer);
      return lacks !== undefined || isException(pdu);
    },
    reportsSilence: (answer) => isUnitSilent(unwrap(answer).pdu),
    isAnswerTo: answersBy(unwrap, fitsRequest),
    // on a serial line other units, and masters, may talk beside the answer
    ...(device.hasIds && { isDistorted: answersBy(unwrap, sameFunction), unitOfFit: unitOfFitBy(unwrap) }),
    ranges: rangeReads(device, wrapped),
    forClient({ bytes }, request) {
      const { client: header, unit, pdu: asked } = partsOf(request);
      if (client === device && client.keepsMessages && unit === header.unit) {
        const message = Buffer.from(bytes);
        client.setId?.(message, header.id);
        return message;
      }
      const { pdu, lacks } = unwrap(bytes);
      return wrapped(request, lacks === undefined ? pdu : failureReply(asked, "no answer"));
    },
    refusal(request, exception) {
      return isSilent(request) ? SILENCE : wrapped(request, exceptionReply(partsOf(request).pdu, exception));
    },
    failureReply(request, why) {
      return isSilent(request) ? SILENCE : wrapped(request, failureReply(partsOf(request).pdu, why));
    },
  };
}

const FORMS: readonly ModbusForm[] = [...Object.values(MODBUS_FORMS), solarmanForm];

/** The framing of Modbus that a protocol has; nothing for others. */
export function modbusFormOf({ framing }: Protocol): ModbusForm | undefined {
  return FORMS.find(({ framing: { name } }) => name === framing.name);
}

/** Modbus with one framing on both sides, and Solarman V5, which carries Modbus. */
export const MODBUS_PROTOCOLS: readonly Protocol[] = FORMS.map((form) => modbusProtocol(form, form));
