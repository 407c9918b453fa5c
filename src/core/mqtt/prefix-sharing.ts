/** Which process publishes below a prefix. */
export interface Publisher {
  /** Of one process: no other one has it. */
  readonly id: string;
  /** The name of its machine. */
  readonly host: string;
  readonly pid: number;
  /** The process that has started it: at an upgrade the one whose place it takes. */
  readonly parent: number;
}

/** What a publisher says: `hello` wants an answer, which is `here`; `bye`: it leaves. */
export type Presence = "hello" | "here" | "bye";

/** Another daemon below the same prefix. Times by the clock, in milliseconds. */
export interface Sharer {
  readonly id: string;
  readonly host: string;
  readonly since: number;
  readonly heardAt: number;
}

/** While others are there, each says so this often. */
export const PRESENCE_MS = 60_000;
/** One that has not been heard for so long is there no more: two of its words are missing. */
const GONE_MS = 150_000;
/** Anybody on the broker can say that he is one. */
const MAX_SHARERS = 16;
const MAX_HOST = 64;
/** What a publisher says has some 150 characters. */
const MAX_PRESENCE = 1024;

/** What a publisher says, as JSON. */
export function presenceOf(publisher: Publisher, says: Presence): string {
  return JSON.stringify({ ...publisher, says });
}

/** Knows the other daemons that publish below the prefix of this one, by what they say. */
export class PrefixSharers {
  readonly #own: Publisher;
  readonly #others = new Map<string, Sharer>();

  constructor(own: Publisher) {
    this.#own = own;
  }

  /** Those who are there. */
  at(now: number): readonly Sharer[] {
    for (const [id, { heardAt }] of this.#others) if (now - heardAt > GONE_MS) this.#others.delete(id);
    return [...this.#others.values()];
  }

  /**
   * Somebody has said something.
   *
   * @returns `own`: this process; `unknown`: nobody that counts; `new`: another daemon that was not there before
   */
  heard(payload: string, now: number): "own" | "unknown" | "new" | "asks" | "known" | "left" {
    const said = presenceIn(payload);
    if (said === undefined) return "unknown";
    const { publisher, says } = said;
    if (publisher.id === this.#own.id) return "own";
    if (this.#isHandedOver(publisher)) return "unknown";
    const { id, host } = publisher;
    const before = this.at(now).find((other) => other.id === id);
    if (says === "bye") return this.#others.delete(id) ? "left" : "unknown";
    if (before === undefined && this.#others.size >= MAX_SHARERS) return "unknown";
    this.#others.set(id, { id, host, since: before?.since ?? now, heardAt: now });
    if (before === undefined) return "new";
    return says === "hello" ? "asks" : "known";
  }

  /** At an upgrade the old process and the new one are there at the same time. */
  #isHandedOver({ host, pid, parent }: Publisher): boolean {
    const own = this.#own;
    return host === own.host && (parent === own.pid || pid === own.parent);
  }
}

function presenceIn(payload: string): { readonly publisher: Publisher; readonly says: Presence } | undefined {
  const { id, host, pid, parent, says } = fieldsIn(payload);
  if (typeof id !== "string" || !isPublisherId(id) || typeof host !== "string") return undefined;
  if (typeof pid !== "number" || typeof parent !== "number") return undefined;
  if (says !== "hello" && says !== "here" && says !== "bye") return undefined;
  return { publisher: { id, host: printable(host), pid, parent }, says };
}

function fieldsIn(payload: string): Readonly<Record<string, unknown>> {
  if (payload.length > MAX_PRESENCE) return {};
  try {
    return { ...(JSON.parse(payload) as object | null) };
  } catch {
    return {};
  }
}

/** A name that anybody may have sent, for the log. */
function printable(host: string): string {
  return host.slice(0, MAX_HOST).replace(/[^\w.-]/g, "?");
}

/** Eight hexadecimal digits. */
function isPublisherId(text: string): boolean {
  return /^[0-9a-f]{8}$/.test(text);
}
