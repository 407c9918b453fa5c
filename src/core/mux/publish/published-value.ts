import { cutOut, type RegisterRange } from "../register-ranges.js";
import { EVERY_MS, type PublishRule, pollMsOf, rangeOfRule, staleMsOf } from "./publish-rule.js";
import { type Reading, readingOf } from "./register-value.js";

/** A value changes at most so often for those that are told: an answer may come every few milliseconds. */
const MIN_MS = 1000;

/** What is to be told of a value: its text, and whether it is there at all. */
export interface Publication {
  readonly name: string;
  /** Left out: it stays as it is. */
  readonly text?: string;
  readonly available?: boolean;
}

/** A value of a shared device in the JSON of STAT. */
export interface ValueStatus {
  readonly name: string;
  /** What it is measured in. */
  readonly unit?: string;
  /** Left out while there is none: it has not passed yet, or is not valid. A text where a number would lose digits. */
  readonly value?: number | string | boolean;
  /** Since the answer of the device that it was in, in milliseconds; left out: none. */
  readonly ageMs?: number;
  /** The daemon asks for it when nobody has for so long; left out: it does not. */
  readonly pollMs?: number;
  /** `waiting`: it has not passed yet; `stale`: that was too long ago; `invalid`: the device says that it has none. */
  readonly state: "good" | "waiting" | "stale" | "invalid";
}

/**
 * A value that is published: what the device last said of it, and what of that has been told. It is told when it changes, once a second at
 * most, and again now and then. Times are milliseconds of a steady clock.
 */
export class PublishedValue {
  readonly rule: PublishRule;
  readonly range: RegisterRange;
  readonly pollMs: number;
  readonly staleMs: number;
  /** When the device has last said it; undefined: never. */
  readAt: number | undefined;
  #bytes: Buffer | undefined;
  /** What {@link PublishedValue.#bytes} mean; undefined: nobody has wanted to know yet. */
  #reading: Reading | undefined;
  /** Whether the device has said something else since it was last looked at. */
  #isBehind = false;
  #told: { readonly text: string; readonly at: number } | undefined;
  #toldAvailable: boolean | undefined;
  /** When it was last told that the value is there, or is another one. */
  #toldAt = Number.NEGATIVE_INFINITY;

  /** @param linePollMs what the line says (POLL) */
  constructor(rule: PublishRule, linePollMs: number) {
    this.rule = rule;
    this.range = rangeOfRule(rule);
    this.pollMs = pollMsOf(rule, linePollMs);
    this.staleMs = staleMsOf(rule, linePollMs);
  }

  /** The device has said the value: it is in the values of this range. It is decoded when it may be told. */
  read(values: Buffer, range: RegisterRange, now: number): void {
    this.readAt = now;
    const bytes = cutOut(values, range, this.range);
    if (this.#bytes?.equals(bytes)) return;
    if (this.#bytes === undefined) this.#bytes = Buffer.from(bytes);
    else bytes.copy(this.#bytes);
    this.#reading = undefined;
    this.#isBehind = true;
  }

  /** What is to be told now, and counts as told then; undefined: nothing. */
  due(now: number): Publication | undefined {
    if (now - this.#toldAt < MIN_MS) return undefined;
    this.#isBehind = false;
    const available = this.#isGood(now);
    const text = available ? this.#textDue(now) : undefined;
    const changes = available !== this.#toldAvailable;
    if (text === undefined && !changes) return undefined;
    if (text !== undefined) this.#told = { text, at: now };
    if (available) this.#toldAt = now;
    this.#toldAvailable = available;
    return { name: this.rule.name, ...(text !== undefined && { text }), ...(changes && { available }) };
  }

  /** When {@link due} has something without another answer; infinite: never. */
  get dueAt(): number {
    if (this.readAt === undefined) return Number.POSITIVE_INFINITY;
    const staleAt = this.#toldAvailable ? this.readAt + this.staleMs : Number.POSITIVE_INFINITY;
    return this.#isBehind ? Math.min(staleAt, this.#toldAt + MIN_MS) : staleAt;
  }

  /** Everything is to be told once more: who was told has forgotten it. */
  forgetTold(): void {
    this.#told = undefined;
    this.#toldAvailable = undefined;
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }

  /** What STAT shows. */
  status(now: number): ValueStatus {
    const { name, measure } = this.rule;
    const reading = this.#read;
    return {
      name,
      ...(measure !== undefined && { unit: measure }),
      ...(reading?.kind === "value" && { value: reading.value }),
      ...(this.readAt !== undefined && { ageMs: Math.round(now - this.readAt) }),
      ...(this.pollMs > 0 && { pollMs: this.pollMs }),
      state: this.#state(now),
    };
  }

  get #read(): Reading | undefined {
    if (this.#bytes !== undefined) this.#reading ??= readingOf(this.rule, this.#bytes);
    return this.#reading;
  }

  #state(now: number): ValueStatus["state"] {
    const reading = this.#read;
    if (reading === undefined) return "waiting";
    if (reading.kind === "invalid") return "invalid";
    return this.#isGood(now) ? "good" : "stale";
  }

  #isGood(now: number): boolean {
    return this.#read?.kind === "value" && this.readAt !== undefined && now - this.readAt < this.staleMs;
  }

  #textDue(now: number): string | undefined {
    const reading = this.#read;
    if (reading?.kind !== "value") return undefined;
    const { text } = reading;
    if (this.#told === undefined || text !== this.#told.text) return text;
    // only an answer proves that it is still so
    return this.readAt === now && now - this.#told.at >= (this.rule.everyMs ?? EVERY_MS) ? text : undefined;
  }
}
