/** Finds the messages in a stream of bytes: a piece of it, cut out. */
export type Cut =
  /**
   * `frame`: a message, or the last part of one. `part`: a part of a message that goes on; only protocols whose messages
   * have no sensible limit have parts.
   */
  | { readonly kind: "frame" | "part"; readonly bytes: Buffer; readonly head?: HttpHead }
  /** Bytes that belong to no message. `reason`: why, in words for a log. */
  | { readonly kind: "junk"; readonly bytes: Buffer; readonly reason: string };

/** What the head of an HTTP message says; it comes with the cut of the head, which is always a cut of its own. */
export interface HttpHead {
  /** Of a request: its method, in upper case. */
  readonly method?: string;
  /** Of a response. */
  readonly status?: number;
  readonly version: "1.0" | "1.1";
  /** Whether the connection may be used for another message after this one (RFC 9112, 9.3). */
  readonly keepAlive: boolean;
  /** Whether something else than HTTP is wanted on the connection from here on: CONNECT, or Upgrade (RFC 9110, 7.8 and 9.3.6). */
  readonly upgrade: boolean;
  /** Names as they were written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * Cuts one direction of a stream into messages. It is total: it never throws, the cuts put together are the input, they do not
 * depend on how it came in chunks (parts of a message and neighbouring junk taken together), and it holds no more than its
 * kind says.
 *
 * Bytes of a cut may be a view of the chunk that was pushed: who keeps them beyond that chunk's life copies them.
 */
export interface Framing {
  /** Bytes kept because their message is not complete. */
  readonly held: number;
  /** Takes what came next; returns what is complete. */
  push(chunk: Buffer): readonly Cut[];
  /** The stream has ended: returns what is left. */
  end(): readonly Cut[];
}

/** A framing by name: how the messages of one protocol are told apart. */
export interface FramingKind {
  /** As it stands in the configuration: `modbus`. */
  readonly name: string;
  /** What its messages look like, in a line for people. */
  readonly help: string;
  /** Most bytes that one of its framings keeps. */
  readonly maxHeld: number;
  /** Cuts what clients send. */
  requests(): Framing;
  /**
   * Cuts what a device sends.
   *
   * @param request the message whose answer is awaited: what it is decides, in HTTP, where the answer ends
   */
  answers(request?: Buffer): Framing;
}
