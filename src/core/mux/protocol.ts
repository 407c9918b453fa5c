import type { Cut, FramingKind, HttpHead } from "../framing/framing.js";
import type { ModbusHeader } from "./modbus-forms.js";
import type { RegisterRange } from "./register-ranges.js";
import type { RequestBody } from "./request-body.js";

/** The parts of a Modbus request. */
export interface ModbusRequest {
  /** The unit of the device: where `unit-map` says so, another one than the client's. */
  readonly unit: number;
  readonly pdu: Buffer;
  /** What the client's message has, and its answer repeats. */
  readonly client: ModbusHeader & { readonly unit: number };
}

/** A message of a client that goes to the device. */
export interface Request {
  /** The bytes for the device. {@link Protocol.withId} adds the id where the protocol has ids. */
  readonly bytes: Buffer;
  /**
   * Whether the request changes nothing in the device. A read may run beside other reads of the same client, and may be sent again
   * when its connection is lost.
   */
  readonly reads: boolean;
  /** Identical reads have the same key. Absent where clients cannot share the answer. */
  readonly key?: string;
  /** The device sends no answer. */
  readonly oneWay?: true;
  /** Of such a request: some devices answer, and the client gets that. The next request waits a moment for it. */
  readonly mayAnswer?: true;
  /** What the client gets once a one-way request has gone out, as if the device had sent it; absent: nothing. */
  readonly confirmation?: Buffer;
  /** The device may answer or not. A client does not wait; a probe does. */
  readonly signOfLife?: true;
  /** The parts of a Modbus request. */
  readonly modbus?: ModbusRequest;
  /** The mux closes the client behind the answer. */
  readonly closesClient?: boolean;
  /** The part of the body that comes during the turn of the request; absent: {@link bytes} are the whole request. */
  readonly body?: RequestBody;
  /** It goes out when no other request can. */
  readonly yields?: true;
  /** The device may see the end of the request at another byte than the mux does: the connection carries no further request. */
  readonly closesConnection?: true;
}

/** The unit of the device that a request is for; undefined where the protocol has none. */
export function unitOf({ modbus }: Request): number | undefined {
  return modbus?.unit;
}

/** What the mux does with a message of a client. */
export type Interpretation =
  | { readonly kind: "request"; readonly request: Request }
  /** The mux answers, and the device sees nothing. */
  | { readonly kind: "answer"; readonly bytes: Buffer }
  /** The mux closes the client, behind these bytes where there are any. */
  | { readonly kind: "error"; readonly reason: string; readonly bytes?: Buffer };

/** Why the bytes of a client are no request. */
export type MessageFault = "malformed" | "too-long" | "stalled";

/** Why a request gets no answer of the device. Clients and the log see these words. */
export type Failure = "no answer" | "unit silent" | "link lost" | "no path" | "queue full";

/** What the mux does with requests that change something in the device (RDON, docs/mux.md). */
export type Writes = "pass" | "deny" | "ignore";

/**
 * What the mux makes of bytes of the device that no request waits for.
 *
 * - `told`: it tells them from every answer, so they cost nothing.
 * - `noise`: it finds an answer among them, but the last answer once more could answer the next request.
 * - `messages`: whole messages cost nothing, except for the last answer once more, and for what comes right behind an answer: either could
 *   be the answer. Half a message must end before the next request goes out.
 * - `suspect`: the link is of no use any more.
 */
export type Unasked = "told" | "noise" | "messages" | "suspect";

/** How one request can stand for reads of several ranges. Returned bytes never share memory with the arguments. */
export interface RangeReads {
  /** The request that reads a range, for the client of another read. */
  request(range: RegisterRange, like: Request): Request;
  /** Whether nothing in the header of an answer is wrong; its unit and its values are judged elsewhere. */
  isSound(answer: Buffer): boolean;
  /** The values in an answer that is no failure: a view of its bytes where the framing allows it. */
  values(answer: Buffer): Buffer;
  /** The answer to a read, in the form for its client. */
  answer(request: Request, values: Buffer): Buffer;
  /** Whether a failure says that the device does not read this range: a part of it may be right. */
  isRefusal(answer: Buffer): boolean;
}

/** Requests, answers and failures of one protocol. Pure. Returned bytes never share memory with the arguments. */
export interface Protocol {
  /** The framing of clients. Its name is that of the protocol. */
  readonly framing: FramingKind;
  /** The framing of the device. */
  readonly deviceFraming: FramingKind;
  /** Whether messages of the device carry ids: several requests may be outstanding on a connection, and it survives a timeout. */
  readonly hasIds: boolean;
  /** Number of ids, from 0 on; absent: 65536. */
  readonly idCount?: number;
  /** Whether messages of clients carry ids: the answers to reads of one client may come in any order. */
  readonly clientsHaveIds: boolean;
  readonly unasked: Unasked;
  /** A client that has begun a message sends its next bytes within so many milliseconds. Undefined: it may take its time. */
  readonly restMs?: number;
  /** Whether the protocol has a reply for a failed request. */
  readonly hasFailureReply: boolean;
  /** Interprets a whole message of a client. `head`: its head, in HTTP. */
  interpret(message: Buffer, head: HttpHead | undefined, writes: Writes): Interpretation;
  /** The reply to bytes that are no message, or to a message that is too long; nothing: the client is closed without a reply. */
  malformedReply(reason: string, fault: MessageFault): Buffer | undefined;
  /** The reply that a client awaits before it sends the body of a message with this head; nothing: the client awaits none. */
  continueReply?(head: HttpHead): Buffer | undefined;
  /** The request as it goes to the device, with this id from 0 to 65535. */
  withId(request: Request, id: number): Buffer;
  /** The id of a message of the device. */
  idOf(answer: Buffer): number;
  /** Whether a message of the device can be the answer to the request. The id is known to match. */
  isAnswerTo(answer: Buffer, request: Request): boolean;
  /**
   * Whether a message has what tells the answer to the request, and yet is none: it holds another number of registers. What the device sends
   * makes no sense then, and its connection is of no use any more.
   */
  isDistorted?(answer: Buffer, request: Request): boolean;
  /** Whether {@link isAnswerTo} is certain. Without this method it never is where ids do not tell: the order of messages pairs them. */
  isCertain?(answer: Buffer, request: Request): boolean;
  /** The unit that a message names, where it would be the answer to the request if its id and its unit were right. Modbus only. */
  unitOfFit?(answer: Buffer, request: Request): number | undefined;
  /** Whether an answer reports a failure. The cache does not keep it. */
  isFailure?(answer: Buffer): boolean;
  /** Whether an answer says, in place of the unit asked, that this unit does not answer. */
  reportsSilence?(answer: Buffer): boolean;
  /** Absent: reads have no ranges. */
  readonly ranges?: RangeReads;
  /** Whether an unknown number of answers may follow the request. */
  hasManyAnswers?(request: Request): boolean;
  /** Whether the device sends this message unasked, to all clients. */
  isEvent?(message: Buffer): boolean;
  /** A cut of the device's answer in the form for the client of this request: with the id of the client. */
  forClient(cut: Cut, request: Request): Buffer;
  /** Whether an answer with this head is the last one on its connection. */
  closesConnection?(head: HttpHead): boolean;
  /** Whether an answer with this head says that no request came in time: the server sent it to an idle connection (RFC 9110, 15.5.9). */
  sawNoRequest?(head: HttpHead): boolean;
  /** The reply to a request that must not go to the device, with this exception code; only where {@link Request.modbus} is set. */
  refusal?(request: Request, exception: number): Buffer;
  /** The reply to a failed request; nothing: the client is closed, or has to wait where its queue is full. */
  failureReply(request: Request, why: Failure): Buffer | undefined;
}
