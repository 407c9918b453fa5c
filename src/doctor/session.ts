import type { Link, Reply } from "./link.js";
import type { Patient } from "./patient.js";

/** Questions one after the other, on a new link where the one before has ended or has lost an answer. */
export class Session {
  readonly #patient: Patient;
  #link: Link | undefined;

  constructor(patient: Patient) {
    this.#patient = patient;
  }

  /** Asks for so many registers; once more where the device has ended the link meanwhile. Without a link the reply is "closed". */
  async ask(count = 1): Promise<Reply> {
    const reply = await this.#askOnce(count);
    return reply.kind === "closed" ? this.#askOnce(count) : reply;
  }

  async #askOnce(count: number): Promise<Reply> {
    if (this.#link?.isOpen === false) await this.close();
    this.#link ??= await this.#patient.link();
    if (this.#link === undefined) return { kind: "closed" };
    const reply = await this.#patient.ask(this.#link, count);
    const { closesAfterAnswer, gapMs } = this.#patient;
    const isSpent = reply.kind !== "answer" || closesAfterAnswer; // a late answer would be taken for another one
    if (isSpent) await this.close();
    else if (gapMs > 0) await this.#patient.pause(gapMs);
    return reply;
  }

  /** Whether the device ends the link within so many milliseconds. */
  async endsWithin(ms: number): Promise<boolean> {
    await this.#link?.ended(ms);
    return this.#link?.isOpen === false;
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await this.#patient.part(link);
  }
}
