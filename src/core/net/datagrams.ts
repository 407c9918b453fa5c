import { canonicalAddress, isIPv4 } from "./address.js";

/** Longest payload of a datagram, in bytes: an IPv4 packet of 65,535 bytes less its headers (RFC 768, RFC 791). */
export const MAX_PAYLOAD = 65_507;

/**
 * Why a datagram went no further: the reader did not keep up (`slow`), it came from a host that nobody had asked (`foreign`), or the
 * kernel could not send it (`unsent`).
 */
export const DROP_REASONS = ["slow", "foreign", "unsent"] as const;

/** Datagrams that were dropped, by reason. */
export type DroppedDatagrams = Record<(typeof DROP_REASONS)[number], number>;

/** Counts that begin. The caller may change them. */
export function noneDropped(): DroppedDatagrams {
  return { slow: 0, foreign: 0, unsent: 0 };
}

/** The sum, by reason. */
export function allDropped(parts: readonly DroppedDatagrams[]): DroppedDatagrams {
  const sum = noneDropped();
  for (const part of parts) for (const reason of DROP_REASONS) sum[reason] += part[reason];
  return sum;
}

/** Datagrams that were dropped, for whatever reason. */
export function totalDropped({ slow, foreign, unsent }: DroppedDatagrams): number {
  return slow + foreign + unsent;
}

/** `3 datagrams dropped (1 slow, 2 foreign)`; undefined where there is none. */
export function droppedText(dropped = noneDropped()): string | undefined {
  const total = totalDropped(dropped);
  if (total === 0) return undefined;
  const parts = DROP_REASONS.filter((reason) => dropped[reason] > 0).map((reason) => `${dropped[reason]} ${reason}`);
  return `${total} ${total === 1 ? "datagram" : "datagrams"} dropped (${parts.join(", ")})`;
}

/** Whether an address is that of a group: 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291, section 2.7). */
export function isMulticast(address: string): boolean {
  const plain = canonicalAddress(address);
  if (!isIPv4(plain)) return plain.startsWith("ff");
  const first = Number(plain.split(".", 1)[0]);
  return first >= 224 && first < 240;
}
