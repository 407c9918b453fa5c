import type { Cut, FramingKind, HttpHead } from "../framing/framing.js";

/** A client's message that goes to the device. */
export interface Request {
  /** As it goes out, but for an id. */
  readonly bytes: Buffer;
  /** It only asks: it may run beside other reads of its client, and be asked again when its link is lost. */
  readonly reads: boolean;
  /** What identical reads have in common, when their answer may be shared. */
  readonly key?: string;
  /** The device does not answer it. */
  readonly oneWay?: true;
  /** Its client is closed behind the answer. */
  readonly last?: true;
  /** The device may see its end elsewhere than we do: behind the answer its link carries nothing more, of nobody. */
  readonly endsLink?: true;
}

/** What a message of a client comes to. */
export type Understood =
  | { readonly kind: "request"; readonly request: Request }
  /** It is answered without asking the device. */
  | { readonly kind: "answer"; readonly bytes: Buffer }
  /** Its client is closed, behind this answer where there is one. */
  | { readonly kind: "error"; readonly reason: string; readonly bytes?: Buffer };

/** Why a request gets no answer of the device. */
export type Failure = "no answer" | "link lost" | "no path" | "queue full";

/** What is done with requests that change something: see RDON. */
export type Writes = "pass" | "deny" | "ignore";

/** What belongs to whom in one protocol: requests, answers, failures. Pure; bytes it returns are its own. */
export interface Protocol {
  readonly framing: FramingKind;
  /** Whether messages carry ids: then several may be outstanding, and a link survives a time-out. */
  readonly ids: boolean;
  /** Whether an answer that nobody waits for can be told from one that somebody waits for. If not, its link is not trusted any more. */
  readonly tellsUnsolicited: boolean;
  /** Whether there is a way to tell a client that a request has failed. */
  readonly tellsFailures: boolean;
  /** Understands a whole message of a client. `head`: of HTTP. */
  understand(message: Buffer, head: HttpHead | undefined, writes: Writes): Understood;
  /** A last answer to bytes that are no message, or one that is too long; nothing: the client is closed without. */
  malformed(reason: string, tooLong: boolean): Buffer | undefined;
  /** What a client waits for before it sends the rest of a message that has this head; nothing: it does not wait. */
  goAhead?(head: HttpHead): Buffer | undefined;
  /** The request as it goes over a link under this id, 0 to 65535. */
  stamp(request: Request, id: number): Buffer;
  /** The id of a message of the device. */
  idOf(answer: Buffer): number;
  /** Whether this message can be the answer to this request. */
  fits(answer: Buffer, request: Request): boolean;
  /** Whether an answer says that there is none: it is not given again. */
  isFailure?(answer: Buffer): boolean;
  /** Whether several answers may come, nobody knows how many. */
  hasManyAnswers?(request: Request): boolean;
  /** Whether the device says this on its own, to everybody. */
  isEvent?(message: Buffer): boolean;
  /** A cut of the device's answer as the one who asked expects it. */
  restore(cut: Cut, request: Request): Buffer;
  /** Whether the link cannot be used behind an answer with this head. */
  endsLink?(head: HttpHead): boolean;
  /** How a failure is told; nothing: the client is closed, or made to wait where its queue is full. */
  failure(request: Request, why: Failure): Buffer | undefined;
}
