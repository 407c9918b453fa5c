import { isOldTls, type TlsOptions, type TlsVersion } from "../core/options/tls-options.js";

/** An error of Node's TLS; `reason` is what OpenSSL says, without the names of its functions. */
export interface TlsError extends NodeJS.ErrnoException {
  readonly reason?: string;
}

type Asked = Pick<TlsOptions, "tlsMin" | "tlsLegacy" | "tlsIdentity">;

/** Codes of Node and OpenSSL (err.h, ssl/ssl_err.c; alerts: RFC 8446, 6.2), by what helps against them. */
const TOO_OLD = /_(UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|WRONG_SSL_VERSION|VERSION_TOO_LOW)$/;
const TOO_WEAK = /_(KEY_TOO_SMALL|DH_PARAM_SIZE|MD_TOO_WEAK|WRONG_SIGNATURE_TYPE|SIGNATURE_ALGORITHMS?|SIGALG_\w+)$/;
const NO_RENEGOTIATION = /_UNSAFE_LEGACY_RENEGOTIATION_DISABLED$/;
/** Old servers say any of these to a hello that is too new for them. */
const NOTHING_IN_COMMON =
  /_ALERT_(HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY|ILLEGAL_PARAMETER|DECODE_ERROR|UNEXPECTED_MESSAGE|INTERNAL_ERROR)$/;
const CERTIFICATE_WANTED = /_ALERT_(CERTIFICATE_REQUIRED|NO_CERTIFICATE)$/;
const CERTIFICATE_REFUSED = /_ALERT_(BAD_CERTIFICATE|\w*CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED)$/;
const NO_TLS = /_(WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE)$/;
/** Codes of the system and of its resolver, such as EHOSTUNREACH and EAI_AGAIN; Node has EPROTO for TLS. */
const SYSTEM = /^(?!EPROTO$)E(AI_)?[A-Z]+$/;
const BROKEN_OFF = ["ECONNRESET", "EPIPE"];

/**
 * Why TLS with a remote has failed, in words for people, with the option that helps where there is one. Undefined: TLS is not the reason.
 *
 * @param asked how TLS was asked for
 */
export function explainTlsFailure(error: TlsError, asked: Asked): string | undefined {
  const { code = "", syscall, message } = error;
  if (BROKEN_OFF.includes(code)) return syscall === "connect" ? undefined : `TLS: ${brokenOff(asked)}`;
  if (SYSTEM.test(code)) return undefined;
  const says = error.reason ?? message;
  return `TLS: ${advice(code, says, asked) ?? `${says} (${code})`}`;
}

function advice(code: string, says: string, { tlsMin, tlsLegacy, tlsIdentity }: Asked): string | undefined {
  if (TOO_OLD.test(code)) return `the server speaks no TLS ${tlsMin}${allowing(tlsMin, "allows an older version")}`;
  if (NO_RENEGOTIATION.test(code) && !tlsLegacy)
    return `${says}: tls-legacy=1 (TLSL) takes a server without secure renegotiation`;
  if (TOO_WEAK.test(code) || says.endsWith("too weak")) return `${says}${allowing(tlsMin, "takes it", isOldTls)}`;
  if (CERTIFICATE_WANTED.test(code)) return `${says}${identityHint(tlsIdentity, "is what the server wants")}`;
  if (CERTIFICATE_REFUSED.test(code)) {
    return `the server refuses our certificate (${says})${identityHint(tlsIdentity, "sends one")}`;
  }
  if (NOTHING_IN_COMMON.test(code)) {
    const older = allowing(tlsMin, "takes older ciphers", isOldTls);
    return `the server refuses the handshake (${says})${older}${identityHint(tlsIdentity, "sends a certificate", older)}`;
  }
  return NO_TLS.test(code) ? `what the server sends is no TLS (${says})` : undefined;
}

function brokenOff({ tlsMin }: Asked): string {
  return `the server has closed the connection in the handshake${allowing(tlsMin, "is for servers that are too old", isOldTls)}`;
}

/** The lower value of tls-min that helps. Below 1.2, ciphers and keys are no matter of the version any more. */
function allowing(tlsMin: TlsVersion, what: string, isEnough: (version: TlsVersion) => boolean = isOldest): string {
  if (isEnough(tlsMin)) return "";
  return `: tls-min=${tlsMin === "1.3" && isEnough === isOldest ? "1.2" : "1.0"} (TLSM) ${what}`;
}

function isOldest(version: TlsVersion): boolean {
  return version === "1.0";
}

function identityHint(tlsIdentity: string | undefined, what: string, before = ""): string {
  if (tlsIdentity !== undefined) return "";
  return `${before === "" ? ":" : ","} tls=NAME (TLSI) ${what}`;
}
