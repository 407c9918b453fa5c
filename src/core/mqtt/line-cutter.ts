const [LF, CR] = [0x0a, 0x0d];

/**
 * Cuts what a remote says into its lines, however its bytes come: without the ends (LF, CR LF or CR), and without empty ones. A line that is
 * longer than the limit comes in pieces.
 */
export class LineCutter {
  readonly #maxBytes: number;
  /** The beginning of a line whose end has not come. */
  #begun: Buffer[] = [];
  #begunBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in this chunk, which is lent. */
  take(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (chunk[at] !== LF && chunk[at] !== CR) continue;
      this.#add(chunk.subarray(start, at), lines);
      lines.push(...this.rest());
      start = at + 1;
    }
    this.#add(chunk.subarray(start), lines);
    return lines;
  }

  /** The line that has begun, if any: its end will not come. */
  rest(): Buffer[] {
    if (this.#begunBytes === 0) return [];
    const line = Buffer.concat(this.#begun);
    this.#begun = [];
    this.#begunBytes = 0;
    return [line];
  }

  #add(piece: Buffer, lines: Buffer[]): void {
    let left = piece;
    while (left.length > 0) {
      const part = left.subarray(0, this.#maxBytes - this.#begunBytes);
      this.#begun.push(Buffer.from(part));
      this.#begunBytes += part.length;
      if (this.#begunBytes === this.#maxBytes) lines.push(...this.rest());
      left = left.subarray(part.length);
    }
  }
}
