import { ByteTail } from "../collections/byte-tail.js";
import type { Cut, Framing, FramingKind } from "./framing.js";

const BEGIN = 0x3c; // <
const END = 0x3e; // >
/** Longest telegram, with both brackets. Most have about 20 bytes, the longest answers a few hundred. */
const TELEGRAM_MAX = 1024;

/** Looks for `>` first, then backwards for its `<`: no byte is searched more than twice. */
class TelegramFraming implements Framing {
  /** The beginning of a telegram: `<` and the bytes behind it, without another bracket. */
  readonly #tail = new ByteTail();

  get held(): number {
    return this.#tail.length;
  }

  push(chunk: Buffer): readonly Cut[] {
    const cuts: Cut[] = [];
    let at = 0;
    for (let end = chunk.indexOf(END); end >= 0; end = chunk.indexOf(END, at)) {
      this.#take(chunk.subarray(at, end + 1), cuts);
      at = end + 1;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at), cuts);
    return cuts;
  }

  end(): readonly Cut[] {
    const bytes = this.#tail.take();
    if (bytes.length === 0) return [];
    return [{ kind: "junk", bytes, reason: `the stream ended after ${bytes.length} bytes of a telegram without >` }];
  }

  /** Cuts bytes that end with their only `>`. */
  #take(bytes: Buffer, cuts: Cut[]): void {
    const begin = this.#discardBefore(bytes, cuts);
    if (begin === undefined) return;
    const telegram = this.#tail.takeWith(bytes.subarray(begin));
    if (telegram.length <= TELEGRAM_MAX) cuts.push({ kind: "frame", bytes: telegram });
    else cuts.push(tooLong(telegram));
  }

  /** Keeps the beginning of a telegram from bytes without `>`. */
  #keep(bytes: Buffer, cuts: Cut[]): void {
    const begin = this.#discardBefore(bytes, cuts);
    if (begin === undefined) return;
    this.#tail.append(bytes.subarray(begin));
    if (this.#tail.length >= TELEGRAM_MAX) cuts.push(tooLong(this.#tail.take())); // with its > it would be too long
  }

  /** Cuts everything before the last `<` as junk. Returns where the telegram begins or continues; undefined when there is none. */
  #discardBefore(bytes: Buffer, cuts: Cut[]): number | undefined {
    const begin = bytes.lastIndexOf(BEGIN);
    if (begin < 0 && this.#tail.length > 0) return 0;
    const isUnfinished = this.#tail.length > 0 || bytes[0] === BEGIN;
    const before = this.#tail.takeWith(bytes.subarray(0, begin < 0 ? bytes.length : begin));
    if (before.length > 0) {
      const reason = isUnfinished ? "telegram without >, another begins" : `${before.length} bytes outside of < and >`;
      cuts.push({ kind: "junk", bytes: before, reason });
    }
    return begin < 0 ? undefined : begin;
  }
}

function tooLong(bytes: Buffer): Cut {
  return { kind: "junk", bytes, reason: `telegram of more than ${TELEGRAM_MAX} bytes` };
}

/** Telegrams of a Conbus server: `<S0020044964F27D00AAFN>`. A wrong checksum does not matter here. */
export const conbusFraming: FramingKind = {
  name: "conbus",
  maxHeld: TELEGRAM_MAX,
  requests: () => new TelegramFraming(),
  answers: () => new TelegramFraming(),
};
