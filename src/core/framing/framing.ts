/** A piece of a stream: a message, a part of one, or junk. */
export type Cut =
  /**
   * `frame`: a message, or its last part. `part`: an earlier part of a message. Only protocols whose messages have no sensible limit have
   * parts.
   */
  | { readonly kind: "frame" | "part"; readonly bytes: Buffer; readonly head?: HttpHead }
  /** Bytes that belong to no message; `reason`: why, in words for the log. Behind `harmless` ones the next message is found for sure. */
  | { readonly kind: "junk"; readonly bytes: Buffer; readonly reason: string; readonly harmless?: true };

/** What the head of an HTTP message says. The head is always a cut of its own. */
export interface HttpHead {
  /** The method of a request, in upper case. */
  readonly method?: string;
  /** The status of a response. */
  readonly status?: number;
  readonly version: "1.0" | "1.1";
  /** Whether the connection may carry another message behind this one (RFC 9112, 9.3). */
  readonly keepAlive: boolean;
  /** Whether another protocol follows on the connection: CONNECT, or Upgrade (RFC 9110, 7.8 and 9.3.6). */
  readonly upgrade: boolean;
  /** Fields in order, with their names as written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * Cuts one direction of a stream into messages. A framing is total; test/core/framing/laws.test.ts checks these laws for all framings:
 * it never throws; the cuts joined are the input; they do not depend on the chunks (apart from the borders between parts, and between
 * neighbouring junk); it holds at most {@link FramingKind.maxHeld} bytes.
 *
 * The bytes of a cut may be a view of the chunk: a caller that keeps them longer than the chunk copies them.
 */
export interface Framing {
  /** Number of kept bytes: their message is incomplete. */
  readonly held: number;
  /** Takes the next bytes of the stream. Returns what is complete. */
  push(chunk: Buffer): readonly Cut[];
  /** The stream has ended: returns the rest. */
  end(): readonly Cut[];
  /** Whether the kept bytes are a message if nothing more comes for a while. */
  readonly settles?: boolean;
  /** Nothing has come for a while: returns the message that the kept bytes are, where they {@link settles}. */
  settle?(): readonly Cut[];
  /**
   * The peer gets this message now: its answer may come. Where a length field contradicts an answer, the request tells which of them is right.
   * The bytes must not change.
   */
  expect?(request: Buffer): void;
}

/** The framing of one protocol. */
export interface FramingKind {
  /** The name in the configuration: `modbus`. */
  readonly name: string;
  /** Most bytes that a framing of this kind keeps. */
  readonly maxHeld: number;
  /** A framing for the bytes of clients. */
  requests(): Framing;
  /**
   * A framing for the bytes of a device.
   *
   * @param request the message whose answer comes next: in HTTP, the end of the answer depends on it
   */
  answers(request?: Buffer): Framing;
}
