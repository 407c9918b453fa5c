import type { Direction } from "../decode/direction.js";
import type { Cut, Framing } from "../framing/framing.js";
import type { Protocol } from "../mux/protocol.js";

/** Silence after which bytes are a message where their framing cannot tell, in milliseconds. */
const SETTLE_MS = 100;

/** Cuts both directions of a connection into messages. The requests tell where answers end, in protocols that need that. */
export class MessageCutter {
  readonly #protocol: Protocol;
  readonly #requests: Framing;
  #answers: Framing;
  #lastMs = 0;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.#requests = protocol.framing.requests();
    this.#answers = protocol.deviceFraming.answers();
  }

  /** Takes bytes; returns what is complete, with its direction, in order. */
  push(direction: Direction, bytes: Buffer, epochMs: number): { direction: Direction; cut: Cut }[] {
    const settled = epochMs - this.#lastMs > SETTLE_MS ? this.#settle() : [];
    this.#lastMs = epochMs;
    const cuts = (direction === "up" ? this.#requests : this.#answers).push(bytes);
    if (direction === "up") for (const cut of cuts) if (cut.kind === "frame") this.#expect(cut.bytes);
    return [...settled, ...cuts.map((cut) => ({ direction, cut }))];
  }

  /** Nothing more comes: returns the rest. */
  end(): { direction: Direction; cut: Cut }[] {
    return [
      ...this.#settle(),
      ...this.#requests.end().map((cut) => ({ direction: "up" as const, cut })),
      ...this.#answers.end().map((cut) => ({ direction: "down" as const, cut })),
    ];
  }

  #settle(): { direction: Direction; cut: Cut }[] {
    const settle = (direction: Direction, framing: Framing) =>
      framing.settles ? (framing.settle?.() ?? []).map((cut) => ({ direction, cut })) : [];
    return [...settle("up", this.#requests), ...settle("down", this.#answers)];
  }

  /** The answer to this request comes next. */
  #expect(request: Buffer): void {
    const { hasIds, unasked, deviceFraming } = this.#protocol;
    const own = Buffer.from(request);
    if (hasIds || unasked === "told") this.#answers.expect?.(own);
    else if (this.#answers.held === 0) this.#answers = deviceFraming.answers(own);
  }
}
