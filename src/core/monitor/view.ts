import type { Direction } from "../decode/direction.js";
import type { LineEnd } from "../framing/echo-framing.js";

/** A message as it passed, or bytes that are no message. */
export interface Message {
  /** May be a view of the chunk that it came in. Copy it to keep it longer than the chunk. */
  readonly bytes: Buffer;
  /** What the bytes are, where they do not show it: `body, 5120 bytes`. The parser of a view sets it for that view. */
  readonly note?: string;
  /** Why the bytes are no message, for people. */
  readonly junk?: string;
}

/**
 * Cuts one direction of a stream into messages. It never throws and holds a bounded number of bytes, like the framing that it is made
 * of. The bytes of its messages together are those of the stream; of a long body there is only the beginning.
 */
export interface MessageParser {
  /** Takes the next bytes; returns the messages that are complete, in order. */
  push(chunk: Buffer): readonly Message[];
  /** The stream has ended: returns the rest. */
  end(): readonly Message[];
}

/** A message in one line of printable characters. */
export interface Rendering {
  readonly text: string;
  /** What is wrong with the message: a checksum, or bytes outside of messages. */
  readonly fault?: string;
}

/** The parts of a message, for people and for programs. */
export interface Decoded {
  /** `system, serial number 0000000000, function 01 (discovery), datapoint 00`, in one line of printable characters. */
  readonly text: string;
  /** By name. Texts are as they came: control characters are not escaped. */
  readonly parts: Readonly<Record<string, string | number | boolean>>;
}

/** How the messages of one protocol are shown. */
export interface View {
  /** The value of `MONI=`. */
  readonly name: string;
  /** Shortest valid message, in bytes; a flood of shorter ones is skipped. */
  readonly minMessageBytes: number;
  /** Makes the parsers for both directions of one connection. They share state where one needs what the other has seen. */
  createParsers(): { readonly up: MessageParser; readonly down: MessageParser };
  /** Whether its messages have checksums: a fault that {@link render} finds is worth an alert then. */
  readonly hasChecksums?: boolean;
  /** The same view of lines that end otherwise (LEND). Views without lines have no such method. */
  withLineEnd?(lineEnd: LineEnd): View;
  /** Renders a message of its parsers, with its note. Latin-1, control characters escaped. */
  render(message: Message): Rendering;
  /** Decodes a message into its parts; undefined for a message that is not understood. Views of plain bytes or text have no such method. */
  decode?(message: Message, direction: Direction): Decoded | undefined;
}
