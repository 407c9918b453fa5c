import type { FramingKind } from "../framing/framing.js";
import { type HeaderReading, LengthPrefixed } from "../framing/length-prefixed.js";

/** Payload size (two bytes, big-endian), command, client (seed tcp-remote-connection, 1.3). */
export const HEADER = 4;
/** The most that a frame carries. */
export const PAYLOAD_MAX = 65_535;
/** So many clients can be told apart. */
export const CLIENTS_MAX = 256;

const [CONNECT, CLOSE, DATA, LISTEN] = [1, 2, 3, 4] as const;
const [SECRET, MARK, SEEN, PAUSE, RESUME] = [5, 6, 7, 8, 9] as const; // additions of ours, which other peers skip
const ADDRESS_AND_PORT = 4; // the length of the address, and the port, two bytes each

/** What one end of a link tells the other. */
export type Command =
  /** A client is here: connect it to this service. From server to device. */
  | { readonly kind: "connect"; readonly client: number; readonly host: string; readonly port: number }
  /** A client has gone, or its service. */
  | { readonly kind: "close"; readonly client: number }
  /** `bytes` may be a view of the frame. */
  | { readonly kind: "data"; readonly client: number; readonly bytes: Buffer }
  /** The device is ready. */
  | { readonly kind: "listen" }
  /** What the device knows, and nobody else. */
  | { readonly kind: "secret"; readonly bytes: Buffer }
  /** To be answered by SEEN when it is read. */
  | { readonly kind: "mark" }
  /** All up to the mark has been read. */
  | { readonly kind: "seen" }
  /** Nothing more is to be sent for this client, which does not read; it may be again. */
  | { readonly kind: "pause"; readonly client: number }
  | { readonly kind: "resume"; readonly client: number }
  /** Not understood, to be skipped. */
  | { readonly kind: "unknown"; readonly reason: string };

/** What can be told. */
export type Told = Exclude<Command, { kind: "unknown" }>;

function lookAt(bytes: Buffer, at: number): HeaderReading {
  if (bytes.length - at < HEADER) return { kind: "more", need: HEADER };
  const length = HEADER + bytes.readUInt16BE(at);
  return bytes.length - at < length ? { kind: "more", need: length } : { kind: "frame", length };
}

/** Frames of a link; both directions are alike. */
export const tunnelFraming: FramingKind = {
  name: "tunnel",
  help: "Two bytes of length, command, client",
  maxHeld: HEADER + PAYLOAD_MAX,
  requests: () => new LengthPrefixed(lookAt),
  answers: () => new LengthPrefixed(lookAt),
};

/** Understands a whole frame. What is not understood is to be skipped, so that the stream stays in step. */
export function commandOf(frame: Buffer): Command {
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
    case MARK:
      return { kind: "mark" };
    case SEEN:
      return { kind: "seen" };
    case PAUSE:
      return { kind: "pause", client };
    case RESUME:
      return { kind: "resume", client };
    default:
      return { kind: "unknown", reason: `command ${code}` };
  }
}

/** Two bytes of length, the address as text, two bytes of port; what follows is ignored. */
function connectOf(client: number, payload: Buffer): Command {
  const length = payload.length < 2 ? 0 : payload.readUInt16BE(0);
  if (payload.length < length + ADDRESS_AND_PORT) return { kind: "unknown", reason: "CONNECT without a whole address" };
  const host = payload.toString("latin1", 2, 2 + length);
  return { kind: "connect", client, host, port: payload.readUInt16BE(2 + length) };
}

/** The frame of a command. `bytes` of data: {@link PAYLOAD_MAX} at most. */
export function frameOf(command: Told): Buffer {
  switch (command.kind) {
    case "connect": {
      const address = Buffer.from(command.host, "latin1");
      const payload = Buffer.alloc(address.length + ADDRESS_AND_PORT);
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
    case "mark":
      return frame(MARK, 0);
    case "seen":
      return frame(SEEN, 0);
    case "pause":
      return frame(PAUSE, command.client);
    case "resume":
      return frame(RESUME, command.client);
  }
}

function frame(code: number, client: number, payload?: Buffer): Buffer {
  const head = Buffer.alloc(HEADER);
  head.writeUInt16BE(payload?.length ?? 0, 0);
  head[2] = code;
  head[3] = client;
  return payload === undefined ? head : Buffer.concat([head, payload]);
}
