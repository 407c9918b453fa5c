/** Types of packets that a broker sends to a client that asks for QoS 0 and 1 (MQTT 3.1.1, 2.2.1): the upper half of their first byte. */
const PUBLISH = 3;
const CONNACK = 2;
const OTHERS: ReadonlySet<number> = new Set([4, 9, 11, 13]); // PUBACK, SUBACK, UNSUBACK, PINGRESP
const MAX_LENGTH_BYTES = 4; // of the remaining length (2.2.3)

type State =
  /** Bytes of the fixed header are awaited. */
  | { readonly kind: "header"; readonly seen: readonly number[] }
  /** So much of a packet passes, and so much behind it does not. */
  | { readonly kind: "body"; readonly passes: number; readonly cut: number };

const NEXT: State = { kind: "header", seen: [] };

/**
 * Takes what a broker sends apart into packets, and shortens messages that are too large: a reader keeps a packet until it is whole, and a
 * large message that the broker has retained would otherwise end each connection anew. Nobody takes a message of that size, so nothing is
 * read out of a part for the whole.
 */
export class PacketSieve {
  /** Why nothing more of this connection can be read; undefined: it can. */
  fault: string | undefined;
  readonly #maxBytes: number;
  #state: State = NEXT;
  #hasBegun = false;

  /** @param maxBytes of a packet behind its fixed header; more than a topic has */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What passes of these bytes, up to a {@link fault}: fixed headers, and parts of the bytes. No part belongs to two packets. */
  *pass(chunk: Buffer): Generator<Buffer, void, void> {
    for (let at = 0; at < chunk.length && this.fault === undefined; ) {
      const state = this.#state;
      if (state.kind === "header") {
        const header = this.#header([...state.seen, chunk[at] as number]);
        at += 1;
        if (header !== undefined) yield header;
        continue;
      }
      const own = chunk.subarray(at, at + state.passes);
      const cut = Math.min(state.cut, chunk.length - at - own.length);
      at += own.length + cut;
      this.#goOn(state.passes - own.length, state.cut - cut);
      if (own.length > 0) yield own;
    }
  }

  /** Looks at the fixed header so far. @returns it, when it is whole */
  #header(header: readonly number[]): Buffer | undefined {
    const [first = 0, ...length] = header;
    this.fault = this.#typeFault(first >> 4, (first >> 1) & 3);
    const isWhole = length.length > 0 && (length.at(-1) as number) < 0x80;
    if (!isWhole && length.length < MAX_LENGTH_BYTES) {
      this.#state = { kind: "header", seen: header };
      return undefined;
    }
    const bytes = length.reduceRight((sum, byte) => sum * 0x80 + (byte & 0x7f), 0);
    const isLarge = bytes > this.#maxBytes;
    if (!isWhole || (isLarge && first >> 4 !== PUBLISH)) this.fault ??= "the broker sends a packet that is too large";
    if (this.fault !== undefined) return undefined;
    this.#hasBegun = true;
    const passes = Math.min(bytes, this.#maxBytes);
    this.#goOn(passes, bytes - passes);
    return Buffer.of(first, ...(isLarge ? lengthBytes(passes) : length));
  }

  /** CONNACK comes first, and never again (3.2); messages have the QoS that was asked for at most (3.8.4). */
  #typeFault(type: number, qos: number): string | undefined {
    if ((type === CONNACK) === this.#hasBegun || (type !== CONNACK && type !== PUBLISH && !OTHERS.has(type)))
      return `the broker sends a packet of type ${type}, which is not due`;
    return type === PUBLISH && qos > 1
      ? `the broker sends a message with QoS ${qos}, which was not asked for`
      : undefined;
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
