import { fail, type Result } from "../core/parse/result.js";
import { programStamp } from "../system/program-file.js";
import type { Handover, HandoverContext } from "./handover.js";

/** Hands the daemon over to another process, when that is wanted: the parts of the program that do so are loaded then (docs/upgrade.md). */
export class Upgrade {
  readonly #context: HandoverContext;
  /** The program that runs, as it was on disk when it was started. */
  readonly #stamp = programStamp();
  #handover: Promise<Handover> | undefined;
  #isClosed = false;

  constructor(context: HandoverContext) {
    this.#context = context;
  }

  /** Whether the program on disk is another one than runs. One that is not there is none. */
  get isProgramReplaced(): boolean {
    const stamp = programStamp();
    return stamp !== "" && stamp !== this.#stamp;
  }

  /** See {@link Handover.refusal}. */
  async refusal(): Promise<string | undefined> {
    return (await this.#load()).refusal;
  }

  /** See {@link Handover.begin}. */
  async begin(reason: string, asker?: string): Promise<Result<string>> {
    return this.#isClosed ? fail("the proxy is stopping") : (await this.#load()).begin(reason, asker);
  }

  #load(): Promise<Handover> {
    this.#handover ??= import("./handover.js").then((module) => new module.Handover(this.#context));
    return this.#handover;
  }

  /** The daemon is to end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    (await this.#handover)?.abandon();
  }
}
