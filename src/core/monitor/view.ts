import type { Direction } from "../decode/direction.js";

/** A message as it passed, or bytes that are none. */
export interface Message {
  /** May be a view of the chunk it came in: who keeps it beyond that chunk's life copies it. */
  readonly bytes: Buffer;
  /** What they are, where that cannot be told from the bytes: `body, 5120 bytes`. It is for the view that has put it there. */
  readonly note?: string;
  /** Why they are no message, in words for people. */
  readonly junk?: string;
}

/**
 * Tells the messages of one direction of a stream apart. Total and bounded like a framing, which it is made of. The bytes of its
 * messages are those of the stream, but that a long body is represented by its beginning.
 */
export interface MessageParser {
  /** Takes what came next; returns what is complete, in order. */
  push(chunk: Buffer): readonly Message[];
  /** The stream has ended: returns what is left. */
  end(): readonly Message[];
}

/** What a message looks like, in one line of printable characters. */
export interface Rendering {
  readonly text: string;
  /** What is wrong with it: a checksum, bytes outside of messages. */
  readonly fault?: string;
}

/** The parts of a message: in words, and for programs. */
export interface Decoded {
  /** `system, serial number 0000000000, function 01 (discovery), datapoint 00`, in one line of printable characters. */
  readonly text: string;
  /** By name; texts as they came, control characters not escaped. */
  readonly parts: Readonly<Record<string, string | number | boolean>>;
}

/** How the messages of one protocol are shown. */
export interface View {
  /** As `MONI=` names it. */
  readonly name: string;
  /** In a line for people. */
  readonly help: string;
  /** The fewest bytes that a message has in earnest: a flood of smaller ones is not worth looking at. */
  readonly leastBytes: number;
  /** Sights for both directions of one connection; where one needs what the other has seen, they know of each other. */
  open(): { readonly up: MessageParser; readonly down: MessageParser };
  /** Whether its messages have checksums: what {@link render} finds wrong with them is worth an alert. */
  readonly verifies?: boolean;
  /** A message of its sights as a line, with its note. Latin-1, control characters escaped. */
  render(message: Message): Rendering;
  /** Its parts; nothing for a message that is not understood. Protocols of which nothing more is known have no such method. */
  decode?(message: Message, direction: Direction): Decoded | undefined;
}
