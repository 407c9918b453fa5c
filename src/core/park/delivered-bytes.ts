/** What is known of a client whose socket is no longer in our kernel's table. Offsets count bytes that were written to the client. */
export interface LostClient {
  /** How it went: by FIN, by a reset, or without a word. */
  readonly how: "fin" | "reset" | "silence";
  /** Its socket was on this machine, so that a write reached it, or failed, at once. */
  readonly isLocal: boolean;
  /** Offset behind the last byte that our kernel took. */
  readonly taken: number;
  /** Our kernel did not take everything. */
  readonly isStuck: boolean;
  /** Offset of the first byte that the last look at the table showed without an acknowledgement. */
  readonly acknowledged: number;
  /** The last look showed that the client's kernel had no room, and nothing was under way. */
  readonly isWindowClosed: boolean;
  /** Bytes of the last write, where nothing tells that it came before the FIN. */
  readonly lastWrite: number;
}

/**
 * How many bytes the kernel of a client had when the client went (docs/protocol.md, "Parking").
 *
 * A reset takes our socket out of the table, and with it the exact answer. On one machine the rest can be told. While the client's kernel
 * has no room, nothing more gets there. With room, a write gets there before it returns. Behind a FIN of a client that has closed, the
 * first write succeeds and is lost: it brings a reset, and the next one fails. Between machines only acknowledged bytes are certain.
 */
export function deliveredBytes(client: LostClient): number {
  const { how, isLocal, taken, isStuck, acknowledged, isWindowClosed, lastWrite } = client;
  if (!isLocal || how === "silence" || isWindowClosed || isStuck) return acknowledged;
  return how === "fin" ? Math.max(acknowledged, taken - lastWrite) : taken;
}
