/** 4: IPv4, 6: IPv6. */
export type Family = 4 | 6;

/** An address that a name means. */
export interface HostAddress {
  readonly address: string;
  readonly family: Family;
}

/** Both families, the preferred one first (RFC 8305, section 4). */
export const FAMILIES: readonly Family[] = [6, 4];
