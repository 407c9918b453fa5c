import type { DeviceUnderTest } from "./device-under-test.js";
import type { Link, Reply } from "./link.js";

/** Questions one after the other, on a new link where the one before has ended or has lost an answer. */
export class Session {
  readonly #device: DeviceUnderTest;
  #link: Link | undefined;

  constructor(device: DeviceUnderTest) {
    this.#device = device;
  }

  /** Asks for so many registers; once more where the device has ended the link meanwhile. Without a link the reply is "closed". */
  async ask(count = 1): Promise<Reply> {
    const reply = await this.#askOnce(count);
    return reply.kind === "closed" ? this.#askOnce(count) : reply;
  }

  async #askOnce(count: number): Promise<Reply> {
    if (this.#link?.isOpen === false) await this.close();
    this.#link ??= await this.#device.link();
    if (this.#link === undefined) return { kind: "closed" };
    const reply = await this.#device.ask(this.#link, count);
    const { closesAfterAnswer, gapMs } = this.#device;
    const isSpent = reply.kind !== "answer" || closesAfterAnswer; // a late answer would be taken for another one
    if (isSpent) await this.close();
    else if (gapMs > 0) await this.#device.pause(gapMs);
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
    await this.#device.part(link);
  }
}
