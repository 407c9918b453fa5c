/** What failed requests of one action have in common, in the JSON of STAT. */
export interface FailingAction {
  /** `dev/sid/act` */
  readonly action: string;
  /** Connections whose last notification has failed. */
  readonly count: number;
  /** For how long, in milliseconds. */
  readonly ms: number;
  /** The last failure, for people. */
  readonly why: string;
  /** Whose fault that is. `engine`: it cannot be reached, or has cut the request; other actions may have no better luck. */
  readonly fault: "action" | "engine";
}

/** How a request has failed. */
export interface RequestFailure {
  /** The failure, for people. */
  readonly why: string;
  /** Whether that is the fault of the action, not of the engine. */
  readonly isActionFault: boolean;
  /** Whether the request waits to be repeated. */
  readonly isRepeated: boolean;
}

const MAX_SHOWN = 50; // actions in STAT; a hub has fewer plugins

/** Sources of requests, one request of each at a time: those whose last request has failed, until one of theirs is taken. Times are milliseconds of a steady clock. */
export class FailedRequests<R extends { readonly action: string }> {
  readonly #failures = new Map<R, RequestFailure & { readonly since: number }>();
  #repeated = 0;

  /** Requests that wait to be repeated. */
  get repeated(): number {
    return this.#repeated;
  }

  /** The last request of this source has failed. */
  failed(source: R, failure: RequestFailure, now: number): void {
    this.#waits(source, false);
    this.#failures.set(source, { ...failure, since: this.#failures.get(source)?.since ?? now });
    if (failure.isRepeated) this.#repeated += 1;
  }

  /** The source sends again: its request does not wait to be repeated any more. */
  sentAgain(source: R): void {
    this.#waits(source, true);
  }

  /** A request of the source has been taken, or it sends nothing more. */
  forget(source: R): void {
    this.#waits(source, false);
    this.#failures.delete(source);
  }

  /** The actions whose requests fail: those that have failed longest first. */
  actions(now: number): FailingAction[] {
    const actions = new Map<string, FailingAction>();
    for (const [{ action }, { isActionFault, since, why }] of this.#failures) {
      const known = actions.get(action);
      const ms = Math.max(Math.round(now - since), known?.ms ?? 0);
      const fault = isActionFault || known?.fault === "action" ? "action" : "engine";
      actions.set(action, { action, count: (known?.count ?? 0) + 1, ms, why, fault });
    }
    return [...actions.values()].sort((one, other) => other.ms - one.ms).slice(0, MAX_SHOWN);
  }

  /** Ends the wait of a source, if it waits; `keep`: its failure is still the last one. */
  #waits(source: R, keep: boolean): void {
    const failure = this.#failures.get(source);
    if (failure === undefined || !failure.isRepeated) return;
    this.#repeated -= 1;
    if (keep) this.#failures.set(source, { ...failure, isRepeated: false });
  }
}

const MAX_LINES = 8; // actions; STAT is for a glance

/** What STAT tells of notifications that are not taken. */
interface Troubles {
  readonly waiting: number;
  readonly repeating: number;
  readonly failing: readonly FailingAction[];
  readonly untakenMs?: number;
  readonly away?: { readonly why: string };
}

/** The lines of STAT for notifications that are not taken; none while all are. */
export function troubleLines({ waiting, repeating, failing, untakenMs = 0, away }: Troubles): string[] {
  const more = failing.length - MAX_LINES;
  const actions = [
    ...failing
      .slice(0, MAX_LINES)
      .map(
        ({ action, count, ms, why }) => ` action ${action}: fails for ${seconds(ms)}, ${connections(count)}: ${why}`,
      ),
    ...(more > 0 ? [` and ${more} more actions, see STAT JSON`] : []),
  ];
  if (repeating === 0) return actions;
  const why = away === undefined ? "" : `; the engine is away: ${away.why}`;
  return [
    ` notifications: ${waiting} wait, ${repeating} of them to be repeated; none taken for ${seconds(untakenMs)}${why}`,
    ...actions,
  ];
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)} s`;
}

function connections(count: number): string {
  return count === 1 ? "1 connection" : `${count} connections`;
}
