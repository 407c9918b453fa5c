import { FAMILIES, type Family, type HostAddress } from "../core/names/host-address.js";
import { type Answer, type LookupOutcome, LookupProgress, type Source } from "../core/names/lookup-progress.js";
import { ServerQuestions } from "../core/names/server-questions.js";
import type { Clock, Timer } from "../system/clock.js";
import type { NameServers, NameSources } from "./name-sources.js";

/** The system's resolver tells no TTL. */
const SYSTEM_TTL_MS = 10_000;

/** Waits for what a lookup finds. */
export interface LookupListener {
  found(addresses: readonly HostAddress[]): void;
  /** No more are to be expected. A source may answer all the same, and a second time tell that it is over. */
  over(outcome: LookupOutcome): void;
}

/** Keeps what a lookup finds. It is told before the listeners are. */
export interface LookupOwner {
  said(lookup: NameLookup, source: Source, answer: Answer): void;
  over(lookup: NameLookup, outcome: LookupOutcome): void;
}

/** One lookup of a name, for all who want it meanwhile. It begins at once, and lasts until all sources have answered. */
export class NameLookup {
  readonly name: string;
  /** By the clock. */
  readonly startedAt: number;
  readonly #sources: Pick<NameSources, "system">;
  readonly #clock: Clock;
  readonly #owner: LookupOwner;
  readonly #servers: NameServers;
  readonly #progress: LookupProgress;
  /** The questions to the servers that are not answered. */
  readonly #questions: Map<Family, ServerQuestions>;
  readonly #listeners = new Set<LookupListener>();
  #timer: Timer | undefined;
  #isOver = false;

  /** @param quiet families that the name servers have not answered for the last time */
  constructor(
    name: string,
    sources: Pick<NameSources, "servers" | "system">,
    clock: Clock,
    owner: LookupOwner,
    quiet: ReadonlySet<Family>,
  ) {
    const now = clock.now();
    this.name = name;
    this.startedAt = now;
    this.#sources = sources;
    this.#clock = clock;
    this.#owner = owner;
    this.#servers = sources.servers();
    this.#progress = new LookupProgress(name, now, quiet);
    this.#questions = new Map(FAMILIES.map((family) => [family, new ServerQuestions(this.#servers.count, now)]));
    this.#advance();
  }

  /** Whether the name servers have found nothing yet. */
  get isUndecided(): boolean {
    return this.#progress.isUndecided;
  }

  /** The families that the name servers have not answered for. To be asked when the lookup is over. */
  get silentFamilies(): Family[] {
    return FAMILIES.filter((family) => this.#progress.isSilent(family));
  }

  /** Whether it asks the name servers that the system has now. */
  get asksCurrentServers(): boolean {
    return this.#servers.areCurrent();
  }

  /** Whether somebody waits for it. */
  get isAwaited(): boolean {
    return this.#listeners.size > 0;
  }

  /** Ends before its time. */
  giveUp(): void {
    this.#end("silent");
  }

  /** Tells a listener what is found from now on, and at once what has been found already. */
  join(listener: LookupListener): void {
    this.#listeners.add(listener);
    const { found } = this.#progress;
    if (found.length > 0) listener.found(found);
    if (this.#progress.isEnough) listener.over("found");
    for (const questions of this.#questions.values()) questions.again(this.#clock.now());
    this.#advance();
  }

  /** Tells a listener nothing more. The lookup goes on: the next one who asks for the name gets its answer. */
  leave(listener: LookupListener): void {
    this.#listeners.delete(listener);
  }

  /** Ends the lookup. Nobody is told anything more. */
  cancel(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #advance(): void {
    if (this.#isOver) return;
    this.#timer?.cancel();
    const now = this.#clock.now();
    const times = [...this.#questions].map(([family, questions]) => this.#ask(family, questions, now));
    times.push(this.#proceed(now));
    const until = Math.min(...times);
    if (this.#isOver) return;
    this.#timer?.cancel(); // a listener may have started another one
    if (until < Number.POSITIVE_INFINITY) this.#timer = this.#clock.after(until - now, () => this.#advance());
  }

  /** Asks the servers what is due. Returns when there is more to ask. */
  #ask(family: Family, questions: ServerQuestions, now: number): number {
    for (;;) {
      const step = questions.next(now);
      if (step.kind === "wait") return step.until ?? Number.POSITIVE_INFINITY;
      if (step.kind === "over") {
        this.#answered(family, { kind: "silence" });
        return Number.POSITIVE_INFINITY;
      }
      void this.#servers.ask(step.server, this.name, family).then((answer) => {
        if (answer.kind === "silence") questions.failed();
        else this.#answered(family, answer);
        this.#advance();
      });
    }
  }

  /** The first answer of a server counts. */
  #answered(family: Family, answer: Answer): void {
    if (!this.#questions.delete(family)) return;
    this.#said(family, answer);
    if (answer.kind === "found") for (const questions of this.#questions.values()) questions.stop();
  }

  #said(source: Source, answer: Answer): void {
    if (this.#isOver) return;
    this.#progress.said(source, answer, this.#clock.now());
    this.#owner.said(this, source, answer);
  }

  /** Does what is due. Returns when there will be more to do. */
  #proceed(now: number): number {
    while (!this.#isOver) {
      const step = this.#progress.next(now);
      switch (step.kind) {
        case "deliver":
          for (const listener of this.#listeners) listener.found(step.addresses);
          break;
        case "ask-system":
          void this.#sources.system(this.name).then((addresses) => {
            this.#said("system", answerOf(addresses));
            this.#advance();
          });
          break;
        case "enough":
          for (const listener of this.#listeners) listener.over("found");
          break;
        case "wait":
          return step.until ?? Number.POSITIVE_INFINITY;
        case "over":
          this.#end(step.outcome);
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  #end(outcome: LookupOutcome): void {
    this.cancel();
    this.#owner.over(this, outcome);
    for (const listener of this.#listeners) listener.over(outcome);
  }
}

/** What the system's resolver says. */
function answerOf(addresses: readonly HostAddress[] | undefined): Answer {
  if (addresses === undefined) return { kind: "silence" };
  return addresses.length > 0 ? { kind: "found", addresses, ttlMs: SYSTEM_TTL_MS } : { kind: "none" };
}
