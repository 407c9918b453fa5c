import { fitsRequest, sameFunction } from "../../framing/answer-shape.js";
import { isModbus, MODBUS_FORMS, type ModbusForm, type ModbusName } from "../modbus-forms.js";
import {
  blockedWriteReply,
  broadcastReply,
  failureReply,
  isException,
  isRead,
  isShareable,
  isUnitSilent,
} from "../modbus-pdu.js";
import type { ModbusRequest, Protocol, Request } from "../protocol.js";

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

/** What a message of a client asks the device for. */
function requestOf(message: Buffer, client: ModbusForm, device: ModbusForm, rules: ModbusRules): Request {
  const asked = client.unwrap(message);
  const unit = rules.unitMap?.get(asked.unit) ?? asked.unit;
  const bytes = device.wrap(unit, asked.pdu, asked);
  const { pdu } = device.unwrap(bytes); // in memory of its own
  const reads = isRead(pdu, rules.reads);
  const key = isShareable(pdu, rules.reads) ? String.fromCharCode(unit) + pdu.toString("latin1") : undefined;
  const isConfirmed = !reads && unit === rules.broadcastUnit;
  const isSerial = !client.hasIds && !device.hasIds;
  const oneWay = isConfirmed || (!reads && isSerial && unit === BROADCAST_UNIT);
  return {
    bytes,
    reads,
    modbus: { unit, pdu, client: { unit: asked.unit, id: asked.id, countsCrc: asked.countsCrc } },
    ...(key !== undefined && { key }),
    ...(oneWay && { oneWay }),
    ...(isConfirmed && { confirmation: device.wrap(unit, broadcastReply(pdu), asked) }),
  };
}

/** Judges answers in the form of the device: of the unit that was asked, and of a PDU that fits the PDU of the request. */
function answersBy(device: ModbusForm, fits: (pdu: Buffer, asked: Buffer) => boolean): Protocol["isAnswerTo"] {
  return (answer, request) => {
    const asked = partsOf(request);
    const { unit, pdu } = device.unwrap(answer);
    return unit === asked.unit && fits(pdu, asked.pdu);
  };
}

/** Reads the unit of answers in the form of the device, where nothing but id and unit can be wrong. */
function unitOfFitBy(device: ModbusForm): NonNullable<Protocol["unitOfFit"]> {
  return (answer, request) => {
    const { unit, pdu } = device.unwrap(answer);
    return fitsRequest(pdu, partsOf(request).pdu) ? unit : undefined;
  };
}

/**
 * Modbus with the framing `client` on the side of the clients, and `device` on the other. Inside, a message is a unit and a PDU.
 *
 * On a link with ids these are the mux's own, so late, repeated and reordered answers reach no wrong client. Each client sees its own ids.
 */
export function modbusProtocol(client: ModbusForm, device: ModbusForm, rules: ModbusRules = {}): Protocol {
  /** A PDU in the form of the client that has sent the request. */
  const wrapped = (request: Request, pdu: Buffer): Buffer => {
    const { client: header } = partsOf(request);
    return client.wrap(header.unit, pdu, header);
  };
  return {
    framing: client.framing,
    deviceFraming: device.framing,
    hasIds: device.hasIds,
    clientsHaveIds: client.hasIds,
    unasked: device.hasIds ? "told" : "noise",
    hasFailureReply: true,
    restMs: REST_MS,
    interpret(message, _head, writes) {
      const request = requestOf(message, client, device, rules);
      if (request.reads || writes === "pass") return { kind: "request", request };
      const blocked = blockedWriteReply(partsOf(request).pdu, writes);
      return { kind: "answer", bytes: isSilent(request) ? SILENCE : wrapped(request, blocked) };
    },
    malformedReply: () => undefined,
    withId({ bytes }, id) {
      if (!device.hasIds) return bytes;
      const message = Buffer.from(bytes);
      message.writeUInt16BE(id);
      return message;
    },
    idOf: (answer) => device.unwrap(answer).id,
    isFailure: (answer) => isException(device.unwrap(answer).pdu),
    reportsSilence: (answer) => isUnitSilent(device.unwrap(answer).pdu),
    isAnswerTo: answersBy(device, fitsRequest),
    // on a serial line other units, and masters, may talk beside the answer
    ...(device.hasIds && { isDistorted: answersBy(device, sameFunction), unitOfFit: unitOfFitBy(device) }),
    forClient: ({ bytes }, request) => wrapped(request, device.unwrap(bytes).pdu),
    failureReply(request, why) {
      return isSilent(request) ? SILENCE : wrapped(request, failureReply(partsOf(request).pdu, why));
    },
  };
}

/** The name of a framing of Modbus, where a protocol is one. */
export function modbusNameOf({ framing: { name } }: Protocol): ModbusName | undefined {
  return isModbus(name) ? name : undefined;
}

/** Modbus with one framing on both sides, by its name. */
export const MODBUS_PROTOCOLS: readonly Protocol[] = Object.values(MODBUS_FORMS).map((form) =>
  modbusProtocol(form, form),
);
