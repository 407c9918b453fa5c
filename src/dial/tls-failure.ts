import { isOldTls, type TlsOptions, type TlsVersion } from "../core/options/tls-options.js";

/** An error of Node's TLS; `reason` is what OpenSSL says, without the names of its functions. */
export interface TlsError extends NodeJS.ErrnoException {
  readonly reason?: string;
  /** Where the certificate is for another name: what it is for (`DNS:boiler.lan, …`). */
  readonly cert?: { readonly subjectaltname?: string; readonly subject?: { readonly CN?: string } } | undefined;
}

/** How TLS was asked for. */
export interface Asked extends Pick<TlsOptions, "tlsMin" | "tlsLegacy" | "tlsIdentity"> {
  /** The name, or the address, that the server's certificate has to have. */
  readonly name: string;
  /** Whether the server is shown a certificate of ours when it asks for one. An identity may have an authority only. */
  readonly hasCertificate: boolean;
}

/** Codes of Node and OpenSSL (err.h, ssl/ssl_err.c; alerts: RFC 8446, 6.2), by what helps against them. */
const TOO_OLD = /_(UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|WRONG_SSL_VERSION|VERSION_TOO_LOW)$/;
const TOO_WEAK = /_(KEY_TOO_SMALL|DH_PARAM_SIZE|MD_TOO_WEAK|WRONG_SIGNATURE_TYPE|SIGNATURE_ALGORITHMS?|SIGALG_\w+)$/;
const NO_RENEGOTIATION = /_UNSAFE_LEGACY_RENEGOTIATION_DISABLED$/;
/** Old servers say any of these to a hello that is too new for them. */
const NOTHING_IN_COMMON =
  /_ALERT_(HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY|ILLEGAL_PARAMETER|DECODE_ERROR|UNEXPECTED_MESSAGE|INTERNAL_ERROR)$/;
const CERTIFICATE_WANTED = /_ALERT_(CERTIFICATE_REQUIRED|NO_CERTIFICATE)$/;
const CERTIFICATE_REFUSED = /_ALERT_(BAD_CERTIFICATE|\w*CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED)$/;
const UNKNOWN_AUTHORITY = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)_\w+)$/;
const WRONG_TIME = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/;
const OTHER_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";
const MAX_NAMES = 100; // characters of the names in a certificate
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
  return `TLS: ${ofTheirCertificate(error, says, asked) ?? advice(code, says, asked) ?? `${says} (${code})`}`;
}

/** What we have against the server's certificate. */
function ofTheirCertificate({ code = "", cert }: TlsError, says: string, { name }: Asked): string | undefined {
  if (code === OTHER_NAME) {
    const names = (cert?.subjectaltname ?? cert?.subject?.CN ?? "").slice(0, MAX_NAMES);
    const whose = names === "" ? "" : ` (for ${names})`;
    return `the certificate${whose} does not match ${name} (${code}): tls-name=NAME (TLSN) says which name to look for`;
  }
  const any = "tls-verify=0 (TLSV) takes any certificate";
  if (UNKNOWN_AUTHORITY.test(code)) {
    return `${says} (${code}): ca= of a [tls NAME] (tls=NAME, TLSI) names its authority, ${any}`;
  }
  return WRONG_TIME.test(code) ? `${says} (${code}): ${any}` : undefined;
}

function advice(code: string, says: string, asked: Asked): string | undefined {
  const { tlsMin, tlsLegacy } = asked;
  if (TOO_OLD.test(code)) return `the server speaks no TLS ${tlsMin}${allowing(tlsMin, "allows an older version")}`;
  if (NO_RENEGOTIATION.test(code) && !tlsLegacy)
    return `${says}: tls-legacy=1 (TLSL) takes a server without secure renegotiation`;
  if (TOO_WEAK.test(code) || says.endsWith("too weak")) return `${says}${allowing(tlsMin, "takes it", isOldTls)}`;
  if (CERTIFICATE_WANTED.test(code)) return `${says}${identityHint(asked, "is what the server wants")}`;
  if (CERTIFICATE_REFUSED.test(code)) {
    return `the server refuses our certificate (${says})${identityHint(asked, "sends one")}`;
  }
  if (NOTHING_IN_COMMON.test(code)) {
    const older = allowing(tlsMin, "takes older ciphers", isOldTls);
    return `the server refuses the handshake (${says})${older}${identityHint(asked, "sends a certificate", older)}`;
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

function identityHint({ tlsIdentity, hasCertificate }: Asked, what: string, before = ""): string {
  if (hasCertificate) return "";
  const identity = tlsIdentity === undefined ? "tls=NAME (TLSI)" : `[tls ${tlsIdentity}] with cert= and key=`;
  return `${before === "" ? ":" : ","} ${identity} ${what}`;
}
