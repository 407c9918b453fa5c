import type { Cut } from "../framing/framing.js";
import type { Request } from "./protocol.js";

/** A request on its way: it waits for its answer. */
export interface Awaiting {
  /** The id on the link; 0 where the protocol has none. */
  readonly id: number;
  readonly request: Request;
  /** What has gone out. */
  readonly bytes: Buffer;
  /** Whether it has come back: the adapter hears itself. */
  isEchoed: boolean;
}

/** A message of the device, or a part of one. */
export type MessageCut = Exclude<Cut, { kind: "junk" }>;

/** What a message of the device is. */
export type Match<T> =
  | {
      readonly kind: "answer";
      readonly to: T;
      readonly cut: MessageCut;
      /** What it shows about the device, in words for the log, once. */
      readonly learned?: string;
      /** What was held and is no answer, in words for the log. */
      readonly dropped?: string;
    }
  /** Perhaps the answer, with an id or unit of the device's own: the matcher takes it a moment later, unless a better one comes. */
  | { readonly kind: "held" }
  /** The echo of a request, which means nothing. */
  | { readonly kind: "echo"; readonly learned?: string }
  /** For all clients. */
  | { readonly kind: "event"; readonly bytes: Buffer }
  /** No request waits for it, and it answers nobody; `what`: in words for the log. */
  | { readonly kind: "unsolicited"; readonly what: string }
  /** The next message could be the answer to anything: the link is of no use any more. */
  | { readonly kind: "suspect"; readonly what: string };

/** What tells a late answer from the awaited one: its id; its unit, and the shape that the request asks for; or nothing. */
export type IdentifiedBy = "id" | "unit" | "nothing";

const MAX_SHOWN = 32; // bytes of a message in the log

/** The beginning of a message, for the log. */
export function shown(bytes: Buffer): string {
  return bytes.toString("hex", 0, MAX_SHOWN);
}

/** Says of a message that no request waited for it. */
export function unawaited(bytes: Buffer): string {
  return `an answer that no request waited for (${shown(bytes)})`;
}
