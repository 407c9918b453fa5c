import type { TlsIdentities } from "../dial/tls-credentials.js";
import type { Listener } from "./listener.js";

/** The contents of the sections `[tls NAME]`, as the makers of listeners get them. */
export interface ListenTlsParts {
  readonly tlsIdentities: TlsIdentities;
}

/**
 * What makes a listener take TLS from its clients.
 *
 * @param name of a section `[tls NAME]`; empty or undefined: clients do not speak TLS
 * @throws when there is no such section; the settings have been checked before
 */
export function listenTls(
  name: string | undefined,
  { tlsIdentities }: ListenTlsParts,
): Pick<Listener, "tls" | "tlsIdentity"> {
  if (name === undefined || name === "") return {};
  const tls = tlsIdentities.get(name);
  if (tls === undefined) throw new Error(`unknown TLS identity "${name}"`);
  return { tls, tlsIdentity: name };
}
