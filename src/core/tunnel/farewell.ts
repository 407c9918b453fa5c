/** Why a side ends a link on purpose (docs/tunnel.md, BYE). The first byte of the payload is the place in this list, from 1 on. */
const REASONS = ["replaced", "secret", "closed"] as const;

/**
 * `replaced`: another device has connected. `secret`: the name or the secret of the device is wrong, or it has sent none. `closed`: the
 * program ends, or its configuration has changed; said by either side.
 */
export type FarewellReason = (typeof REASONS)[number];

/** What BYE says. */
export interface Farewell {
  /** `unknown`: of a newer program. */
  readonly reason: FarewellReason | "unknown";
  /** For people. */
  readonly text: string;
}

/** Characters of a text; it comes from outside, and goes into a log. */
const MAX_TEXT = 200;

/** Reads the payload of BYE: a byte for the reason, and a text. */
export function byeOf(payload: Buffer): Farewell {
  const [code = 0] = payload;
  return { reason: REASONS[code - 1] ?? "unknown", text: payload.toString("utf8", 1).slice(0, MAX_TEXT) };
}

/** The payload of BYE. */
export function byePayload({ reason, text }: Farewell): Buffer {
  const code = reason === "unknown" ? 0 : REASONS.indexOf(reason) + 1;
  return Buffer.concat([Buffer.of(code), Buffer.from(text.slice(0, MAX_TEXT))]);
}

/** What the server has said at the end of a link, in words for the log. */
export function farewellText({ reason, text }: Farewell): string {
  if (reason === "secret") return `refused: secret (${text})`;
  return reason === "replaced" ? `replaced: ${text}` : `the server has ended the link: ${text}`;
}
