import { fail, type Result } from "../core/parse/result.js";
import { programStamp } from "../system/program-file.js";
import type { Handover } from "./handover.js";
import type { HandoverContext } from "./handover-context.js";

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

  /**
   * What is done in place of a reload: the program on disk takes over where it is another one than runs. A process whose place is taken, or
   * about to be, reads nothing again: the other one has the ports, and has read it.
   *
   * @param mayUpgrade whether who asks may have another program take over
   * @returns the upgrade, or why nothing is done; undefined: the configuration is to be read again
   */
  async insteadOfReload(reason: string, mayUpgrade: boolean): Promise<Result<string> | undefined> {
    const { log } = this.#context.services;
    const elsewhere = (await this.#handover)?.elsewhere;
    if (elsewhere !== undefined) {
      log.warn(`configuration not read again (${reason}): ${elsewhere}`);
      return fail(elsewhere);
    }
    if (!mayUpgrade || !this.#isProgramReplaced) return undefined;
    const other = "the program on disk is another one than runs";
    const { refusal } = await this.#load();
    if (refusal === undefined) return this.begin(`${reason}: ${other}`);
    log.warn(`${other}, and cannot take over: ${refusal}`);
    return undefined;
  }

  /** One that is not there is none. */
  get #isProgramReplaced(): boolean {
    const stamp = programStamp();
    return stamp !== "" && stamp !== this.#stamp;
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
