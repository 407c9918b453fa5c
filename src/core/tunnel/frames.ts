import { type Ability, abilitiesOf, abilitiesText, instanceOf } from "./abilities.js";
import { byeOf, byePayload, type Farewell } from "./farewell.js";
import {
  type AcknowledgeCommand,
  acknowledgeOf,
  type NoSessionCommand,
  offsetPayload,
  type SessionCommand,
  sessionOf,
  sessionPayload,
} from "./session-frames.js";

/** Bytes of a frame's header: payload size (two bytes, big-endian), command, client number (docs/tunnel.md). */
export const HEADER = 4;
/** Largest payload of one frame, in bytes: its size has two bytes. */
export const PAYLOAD_MAX = 65_535;
/** Most clients of one link: a client number has one byte. */
export const CLIENTS_MAX = 256;

/** The code of the command that carries bytes. */
export const DATA = 3;
const [CONNECT, CLOSE, LISTEN] = [1, 2, 4] as const;
const [SECRET, PING, PONG, PAUSE, RESUME] = [5, 6, 7, 8, 9] as const; // our additions; peers of another make skip them
/** Further additions: only a peer that has sent or answered a PING gets HELLO, and the others only where its HELLO names the ability. */
const [HELLO, FIN, CREDIT, NAME, BYE, RESET, ACK, SESSION] = [10, 11, 12, 13, 14, 15, 16, 17] as const;
const CREDIT_BYTES = 4;
const CONNECT_FIXED = 4; // bytes of CONNECT beside the address: its length and the port, two bytes each

/** What one side of a link tells the other. */
export type TunnelCommand =
  /** A client has connected: dial this service for it. From server to device. */
  | { readonly kind: "connect"; readonly client: number; readonly host: string; readonly port: number }
  /** The client or its service has closed. */
  | { readonly kind: "close"; readonly client: number }
  /** Bytes of one client. `bytes` may be a view of the frame. */
  | { readonly kind: "data"; readonly client: number; readonly bytes: Buffer }
  /** The device is ready for clients. */
  | { readonly kind: "listen" }
  /** The device proves itself by the secret. */
  | { readonly kind: "secret"; readonly bytes: Buffer }
  /** The other side answers with PONG when it reads this. */
  | { readonly kind: "ping" }
  /** The other side has read everything up to the PING. */
  | { readonly kind: "pong" }
  /** This client does not read: send nothing more for it until RESUME. */
  | { readonly kind: "pause"; readonly client: number }
  | { readonly kind: "resume"; readonly client: number }
  /** The client, or its service, sends nothing more, but still reads. */
  | { readonly kind: "fin"; readonly client: number }
  /** The client, or its service, has been cut. Bytes may be missing. */
  | { readonly kind: "reset"; readonly client: number }
  /** The other side may send so many bytes more for this client. 0: bytes wait for the client's service. */
  | { readonly kind: "credit"; readonly client: number; readonly bytes: number }
  | AcknowledgeCommand
  | SessionCommand
  | NoSessionCommand
  /** What the sender can do beyond the commands before HELLO. */
  | { readonly kind: "hello"; readonly abilities: ReadonlySet<Ability>; readonly instance?: string }
  /** The device says which one of several it is. It comes before SECRET. */
  | { readonly kind: "name"; readonly name: string }
  /** A side ends the link on purpose, and says why. */
  | ({ readonly kind: "bye" } & Farewell)
  /** A frame to skip; the reason says why. */
  | { readonly kind: "unknown"; readonly reason: string };

/** A command that this program sends. */
export type SendableCommand = Exclude<TunnelCommand, { kind: "unknown" }>;

/** Reads a whole frame. Kind `unknown` for a frame that is none of ours: the reader skips it and stays in step. */
export function commandOf(frame: Buffer): TunnelCommand {
  const payload = frame.subarray(HEADER);
  const [code = 0, client = 0] = frame.subarray(2, HEADER);
  switch (code) {
    case CONNECT:
      return connectOf(client, payload);
    case CLOSE:
      return { kind: "close", client };
    case DATA:
      return { kind: "data", client, bytes: payload };
    case LISTEN:
      return { kind: "listen" };
    case SECRET:
      return { kind: "secret", bytes: payload };
    case PING:
      return { kind: "ping" };
    case PONG:
      return { kind: "pong" };
    case PAUSE:
      return { kind: "pause", client };
    case RESUME:
      return { kind: "resume", client };
    case HELLO:
      return { kind: "hello", abilities: abilitiesOf(payload), ...instanceOf(payload) };
    case FIN:
      return { kind: "fin", client };
    case RESET:
      return { kind: "reset", client };
    case CREDIT:
      return creditOf(client, payload);
    case ACK:
      return acknowledgeOf(payload);
    case SESSION:
      return sessionOf(payload);
    case NAME:
      return { kind: "name", name: payload.toString("utf8") };
    case BYE:
      return { kind: "bye", ...byeOf(payload) };
    default:
      return { kind: "unknown", reason: `unknown command ${code}` };
  }
}

/** Reads the payload of CONNECT: two bytes of length, the address as text, two bytes of port. More bytes are ignored. */
function connectOf(client: number, payload: Buffer): TunnelCommand {
  const length = payload.length < 2 ? 0 : payload.readUInt16BE(0);
  if (payload.length < length + CONNECT_FIXED) return { kind: "unknown", reason: "CONNECT without a whole address" };
  const host = payload.toString("latin1", 2, 2 + length);
  return { kind: "connect", client, host, port: payload.readUInt16BE(2 + length) };
}

/** Reads the payload of CREDIT: four bytes. More bytes are ignored. */
function creditOf(client: number, payload: Buffer): TunnelCommand {
  if (payload.length < CREDIT_BYTES) return { kind: "unknown", reason: "CREDIT without a whole number" };
  return { kind: "credit", client, bytes: payload.readUInt32BE(0) };
}

/** Makes the frame of a command. `bytes` of `data` and `secret`: {@link PAYLOAD_MAX} bytes at most. */
export function frameOf(command: SendableCommand): Buffer {
  switch (command.kind) {
    case "connect": {
      const address = Buffer.from(command.host, "latin1");
      const payload = Buffer.alloc(address.length + CONNECT_FIXED);
      payload.writeUInt16BE(address.length, 0);
      address.copy(payload, 2);
      payload.writeUInt16BE(command.port, 2 + address.length);
      return frame(CONNECT, command.client, payload);
    }
    case "close":
      return frame(CLOSE, command.client);
    case "data":
      return frame(DATA, command.client, command.bytes);
    case "listen":
      return frame(LISTEN, 0);
    case "secret":
      return frame(SECRET, 0, command.bytes);
    case "ping":
      return frame(PING, 0);
    case "pong":
      return frame(PONG, 0);
    case "pause":
      return frame(PAUSE, command.client);
    case "resume":
      return frame(RESUME, command.client);
    case "hello":
      return frame(HELLO, 0, Buffer.from(abilitiesText(command.abilities, command.instance), "latin1"));
    case "fin":
      return frame(FIN, command.client);
    case "reset":
      return frame(RESET, command.client);
    case "credit": {
      const payload = Buffer.alloc(CREDIT_BYTES);
      payload.writeUInt32BE(command.bytes);
      return frame(CREDIT, command.client, payload);
    }
    case "acknowledge":
      return frame(ACK, 0, offsetPayload(command.offset));
    case "session":
      return frame(SESSION, 0, sessionPayload(command));
    case "no-session":
      return frame(SESSION, 0);
    case "name":
      return frame(NAME, 0, Buffer.from(command.name));
    case "bye":
      return frame(BYE, 0, byePayload(command));
  }
}

/** Writes the header of a DATA frame, with so many bytes of payload, to the beginning of a buffer. */
export function writeDataHeader(into: Buffer, client: number, length: number): void {
  writeHeader(into, DATA, client, length);
}

function writeHeader(into: Buffer, code: number, client: number, length: number): void {
  into.writeUInt16BE(length, 0);
  into[2] = code;
  into[3] = client;
}

function frame(code: number, client: number, payload?: Buffer): Buffer {
  const head = Buffer.alloc(HEADER);
  writeHeader(head, code, client, payload?.length ?? 0);
  return payload === undefined ? head : Buffer.concat([head, payload]);
}
