/** Where a side of a tunnel has its TLS from. */
export type TunnelTls =
  | { readonly kind: "none" }
  /** The files that are named beside it. */
  | { readonly kind: "files" }
  /** A section `[tls NAME]`. */
  | { readonly kind: "identity"; readonly name: string };

export const NO_TLS: TunnelTls = { kind: "none" };
export const TLS_OF_FILES: TunnelTls = { kind: "files" };

/** The choice that a value means: yes, no, or the name of a section. */
export function tunnelTls(value: boolean | string): TunnelTls {
  if (typeof value === "string") return { kind: "identity", name: value };
  return value ? TLS_OF_FILES : NO_TLS;
}

/** The value as the configuration file has it. */
export function formatTunnelTls(tls: TunnelTls): string {
  return identityIn(tls) ?? String(tls.kind === "files");
}

/** The section that it names; undefined where it names none. */
export function identityIn(tls: TunnelTls): string | undefined {
  return tls.kind === "identity" ? tls.name : undefined;
}
