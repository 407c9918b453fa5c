const PUBLISH = 3; // type of a packet, in the upper half of its first byte (MQTT 3.1.1, 2.2.1)
const MAX_LENGTH_BYTES = 4; // of the remaining length (2.2.3)

type State =
  /** Bytes of the fixed header are awaited. */
  | { readonly kind: "header"; readonly seen: readonly number[] }
  /** So much of a packet passes, and so much behind it does not. */
  | { readonly kind: "body"; readonly passes: number; readonly cut: number }
  /** This is not MQTT, or a packet is too large that is no message. */
  | { readonly kind: "lost" };

const NEXT: State = { kind: "header", seen: [] };

/**
 * Shortens messages of a broker that are too large: a reader keeps a packet until it is whole, and a large message that the broker has retained
 * would otherwise end each connection anew. Nobody takes a message of that size, so nothing is read out of a part for the whole.
 */
export class PacketSieve {
  readonly #maxBytes: number;
  #state: State = NEXT;

  /** @param maxBytes of a packet behind its fixed header; more than a topic has */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns what passes of these bytes: parts of them, and new fixed headers; undefined: nothing of this connection can be read any more */
  take(chunk: Buffer): Buffer[] | undefined {
    const passed: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      const state = this.#state;
      if (state.kind === "lost") return undefined;
      if (state.kind === "header") {
        const header = [...state.seen, chunk[at] as number];
        at += 1;
        passed.push(...this.#headerPasses(header));
        continue;
      }
      const own = chunk.subarray(at, at + state.passes);
      if (own.length > 0) passed.push(own);
      const cut = Math.min(state.cut, chunk.length - at - own.length);
      at += own.length + cut;
      this.#goOn(state.passes - own.length, state.cut - cut);
    }
    return this.#state.kind === "lost" ? undefined : passed;
  }

  /** Looks at the fixed header so far. @returns it, when it is whole */
  #headerPasses(header: readonly number[]): Buffer[] {
    const [type = 0, ...length] = header;
    const isWhole = length.length > 0 && (length.at(-1) as number) < 0x80;
    if (!isWhole && length.length < MAX_LENGTH_BYTES) {
      this.#state = { kind: "header", seen: header };
      return [];
    }
    const bytes = length.reduceRight((sum, byte) => sum * 0x80 + (byte & 0x7f), 0);
    const isLarge = bytes > this.#maxBytes;
    if (!isWhole || (isLarge && type >> 4 !== PUBLISH)) {
      this.#state = { kind: "lost" };
      return [];
    }
    const passes = Math.min(bytes, this.#maxBytes);
    this.#goOn(passes, bytes - passes);
    return [Buffer.of(type, ...(isLarge ? lengthBytes(passes) : length))];
  }

  #goOn(passes: number, cut: number): void {
    this.#state = passes + cut === 0 ? NEXT : { kind: "body", passes, cut };
  }
}

/** A remaining length as the protocol writes it: seven bits a byte, the lowest first. */
function lengthBytes(length: number): number[] {
  const rest = Math.floor(length / 0x80);
  return rest === 0 ? [length] : [(length % 0x80) + 0x80, ...lengthBytes(rest)];
}
