/** Bytes of a session's id: 128 random bits, which nobody guesses. */
export const SESSION_ID_BYTES = 16;
const OFFSET_BYTES = 8;
/** Bytes of the payload of ACK. */
export const ACKNOWLEDGE_BYTES = OFFSET_BYTES;
const TIME_BYTES = 4;

/** A side tells which session it means, and at which byte the other side has to go on (docs/tunnel.md, "A session"). */
export interface SessionCommand {
  readonly kind: "session";
  readonly id: Buffer;
  /** Bytes of the session's stream that the sender of this command has received. */
  readonly received: number;
  /** For so long the session lives on without a connection, in milliseconds. The server decides; the device repeats it. */
  readonly resumeMs: number;
}

/** The server does not know the session. */
export interface NoSessionCommand {
  readonly kind: "no-session";
}

/** The sender has received the bytes of the session's stream before this offset. */
export interface AcknowledgeCommand {
  readonly kind: "acknowledge";
  readonly offset: number;
}

/** A frame whose payload is not what its command needs. */
interface Malformed {
  readonly kind: "unknown";
  readonly reason: string;
}

/** Reads the payload of SESSION: id, offset, time. More bytes are ignored; none at all is `no-session`. */
export function sessionOf(payload: Buffer): SessionCommand | NoSessionCommand | Malformed {
  if (payload.length === 0) return { kind: "no-session" };
  const end = SESSION_ID_BYTES + OFFSET_BYTES;
  const received = offsetOf(payload, SESSION_ID_BYTES);
  if (received === undefined || payload.length < end + TIME_BYTES) return malformed("SESSION");
  const id = Buffer.from(payload.subarray(0, SESSION_ID_BYTES)); // the frame is lent
  return { kind: "session", id, received, resumeMs: payload.readUInt32BE(end) };
}

/** The payload of SESSION. */
export function sessionPayload({ id, received, resumeMs }: SessionCommand): Buffer {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeUInt32BE(resumeMs);
  return Buffer.concat([id, offsetPayload(received), time]);
}

/** Reads the payload of ACK: an offset and nothing else. The length is fixed, because these bytes do not count. */
export function acknowledgeOf(payload: Buffer): AcknowledgeCommand | Malformed {
  const offset = payload.length === ACKNOWLEDGE_BYTES ? offsetOf(payload, 0) : undefined;
  return offset === undefined ? malformed("ACK") : { kind: "acknowledge", offset };
}

/** The payload of ACK. */
export function offsetPayload(offset: number): Buffer {
  const payload = Buffer.alloc(OFFSET_BYTES);
  payload.writeBigUInt64BE(BigInt(offset));
  return payload;
}

/** The offset at an index; undefined where the payload is too short, or the offset larger than any link gets. */
function offsetOf(payload: Buffer, at: number): number | undefined {
  if (payload.length < at + OFFSET_BYTES) return undefined;
  const offset = Number(payload.readBigUInt64BE(at));
  return Number.isSafeInteger(offset) ? offset : undefined;
}

function malformed(name: string): Malformed {
  return { kind: "unknown", reason: `${name} with a payload that it cannot have` };
}
