import type { HttpHead } from "../framing/framing.js";
import { EXCEPTION } from "../mux/modbus-exceptions.js";
import { modbusFormOf } from "../mux/protocols/modbus-protocol.js";
import type { Closing, DeviceScript, RecordedExchange, Saying } from "./exchanges-of.js";
import { isSameRequest, requestKey } from "./request-key.js";

/** What a replayed device does with a request. */
export type Reaction =
  | { readonly kind: "recorded"; readonly answers: readonly Saying[]; readonly closes?: Closing }
  /** The recording does not have this request. `reply`: what the protocol has for that; nothing: silence. */
  | { readonly kind: "unknown"; readonly reply?: Buffer };

/** The exchanges of one request, in recorded order. */
interface Known {
  readonly exchanges: RecordedExchange[];
  next: number;
}

/**
 * A device as a recording has it. The same request gets its answers in their recorded order, then the last one again and again: all clients
 * together, as they had one device.
 */
export class ReplayedDevice {
  readonly #script: DeviceScript;
  readonly #known = new Map<string, Known>();
  readonly #masked: Known[] = [];

  constructor(script: DeviceScript) {
    this.#script = script;
    for (const exchange of script.exchanges) {
      const { text, hasMasked } = exchange.key;
      const known = this.#known.get(text);
      if (known !== undefined) {
        known.exchanges.push(exchange);
        continue;
      }
      const added = { exchanges: [exchange], next: 0 };
      this.#known.set(text, added);
      if (hasMasked) this.#masked.push(added);
    }
  }

  /** Different requests that it knows. */
  get requests(): number {
    return this.#known.size;
  }

  /** What the device says unasked to its n-th client, counted from 0; with more clients than were recorded, from the first on again. */
  unaskedFor(client: number): readonly Saying[] {
    const { unasked } = this.#script;
    return unasked[client % Math.max(unasked.length, 1)] ?? [];
  }

  /** @param message a whole request @param head its head, in HTTP */
  react(message: Buffer, head: HttpHead | undefined): Reaction {
    const key = requestKey(this.#script.protocol, message);
    const known =
      this.#known.get(key.text) ??
      this.#masked.find(({ exchanges: [first] }) => first !== undefined && isSameRequest(first.key, key));
    if (known === undefined) return this.#unknown(message, head);
    const exchange = known.exchanges[Math.min(known.next, known.exchanges.length - 1)];
    known.next += 1;
    const answers = (exchange?.answers ?? []).map((saying) => this.#withId(saying, message));
    return { kind: "recorded", answers, ...(exchange?.closes && { closes: exchange.closes }) };
  }

  /** The answer with the id of this request. */
  #withId(saying: Saying, message: Buffer): Saying {
    const { protocol } = this.#script;
    const setId = modbusFormOf(protocol)?.setId;
    if (saying.idStep === undefined || setId === undefined) return saying;
    const count = protocol.idCount ?? 0x1_0000;
    const bytes = Buffer.from(saying.bytes);
    setId(bytes, (protocol.idOf(message) + saying.idStep + count) % count);
    return { ...saying, bytes };
  }

  #unknown(message: Buffer, head: HttpHead | undefined): Reaction {
    const { protocol } = this.#script;
    const interpretation = protocol.interpret(message, head, "pass");
    if (interpretation.kind !== "request") return { kind: "unknown" };
    const { request } = interpretation;
    const reply = protocol.refusal?.(request, EXCEPTION.noResponse) ?? protocol.failureReply(request, "no answer");
    return reply === undefined || reply.length === 0 ? { kind: "unknown" } : { kind: "unknown", reply };
  }
}
