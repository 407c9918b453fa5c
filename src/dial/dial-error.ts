/** Codes that a later attempt meets again: what the system forbids, and TLS that does not agree. */
const FINAL = /^(EACCES|EPERM|EPROTO|ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|UNSPECIFIED)/;

/** Why a remote could not be reached, in words for the client; the cause is kept. */
export class DialError extends Error {
  override readonly name = "DialError";
  /** Whether to dial again is of no use: nothing that a device does by itself changes the outcome. */
  readonly isFinal: boolean;

  /** @param isFinal left out: the cause tells */
  constructor(message: string, options?: ErrorOptions, isFinal = isFinalCause(options?.cause)) {
    super(message, options);
    this.isFinal = isFinal;
  }
}

function isFinalCause(cause: unknown): boolean {
  if (cause instanceof DialError) return cause.isFinal;
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.every(isFinalCause);
  return FINAL.test((cause as NodeJS.ErrnoException | undefined)?.code ?? "");
}

/** The message where nobody wants the remote any more. */
export const GIVEN_UP = "given up";

/** The message where no descriptor is left for a remote. */
export const NO_MORE_FILES = "no more files can be opened (ulimit -n)";

/** The words of docs/protocol.md for error codes of the system and of the resolver. */
const MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  EADDRNOTAVAIL: "address not available",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "unknown host (the name server does not answer)",
  ETIMEOUT: "unknown host (the name server does not answer)",
  ECANCELLED: "unknown host (the name server does not answer)",
  ECONNRESET: "connection reset",
  ETIMEDOUT: "timed out",
  EACCES: "not permitted",
  EINVAL: "not an address to connect to: fe80:: and ff02:: need a network interface, as in [fe80::1%eth0]",
  EMFILE: NO_MORE_FILES,
  ENFILE: NO_MORE_FILES,
};

/** An error of an attempt to connect, in words. Of several addresses of a name, the last one counts. */
export function explainDialFailure(error: NodeJS.ErrnoException): string {
  if (error instanceof AggregateError && error.errors.length > 0) return explainDialFailure(error.errors.at(-1));
  return MESSAGES[error.code ?? ""] ?? error.message;
}
