const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "already in use",
  EADDRNOTAVAIL: "no such address on this machine",
  EACCES: "not permitted",
  EINVAL: "fe80:: and ff02:: need a network interface that is there, as in [ff02::5%eth0]",
  ENODEV: "no interface for this group on this machine",
  ENOTFOUND: "unknown address",
  ETIMEOUT: "unknown address (the name server does not answer)",
};

/** Errors of an address that may still come: the network is not up yet, or no name server is there yet. */
const NOT_THERE_YET = new Set(["EADDRNOTAVAIL", "EINVAL", "ENODEV", "ENOTFOUND", "ETIMEOUT"]);
/** Why the daemon cannot listen on a port, in words for people. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** The system's error code, such as `EADDRINUSE`. */
  readonly code: string;

  constructor(where: string, cause: NodeJS.ErrnoException) {
    const { code = "", message } = cause;
    super(`cannot listen on ${where}: ${LISTEN_ERRORS[code] ?? message}`, { cause });
    this.code = code;
  }

  /** Whether the address may still come: the port is to be tried again. */
  get isNotThereYet(): boolean {
    return NOT_THERE_YET.has(this.code);
  }
}
