import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_TLS_OPTIONS } from "#src/core/options/tls-options.js";
import { type Asked, explainTlsFailure, type TlsError } from "#src/dial/tls-failure.js";

const ALERT = "ERR_SSL_TLSV1_ALERT_";
const ASKED: Asked = { ...DEFAULT_TLS_OPTIONS, name: "192.0.2.7", hasCertificate: false };
const SHOWN = { tlsIdentity: "boiler", hasCertificate: true };

/** Code and reason of the error, what was asked for, and the words. */
const CASES: readonly [code: string, reason: string, asked: Partial<Asked>, words: string | undefined][] = [
  [
    "ERR_SSL_UNSUPPORTED_PROTOCOL",
    "unsupported protocol",
    {},
    "no TLS 1.2: tls-min=1.0 (TLSM) allows an older version",
  ],
  [`${ALERT}PROTOCOL_VERSION`, "tlsv1 alert protocol version", { tlsMin: "1.3" }, "no TLS 1.3: tls-min=1.2 (TLSM)"],
  [`${ALERT}PROTOCOL_VERSION`, "tlsv1 alert protocol version", { tlsMin: "1.1" }, "no TLS 1.1: tls-min=1.0 (TLSM)"],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "unsupported protocol", { tlsMin: "1.0" }, "the server speaks no TLS 1.0"],
  ["ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "unsafe legacy renegotiation disabled", {}, "tls-legacy=1 (TLSL)"],
  ["ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "unsafe legacy", { tlsLegacy: true }, "TLS: unsafe legacy ("],
  [
    `${ALERT}DECODE_ERROR`,
    "tlsv1 alert decode error",
    {},
    "refuses the handshake (tlsv1 alert decode error): tls-min=1.0",
  ],
  ["UNSPECIFIED", "CA signature digest algorithm too weak", {}, "too weak: tls-min=1.0 (TLSM) takes it"],
  ["ERR_SSL_DH_KEY_TOO_SMALL", "dh key too small", {}, "dh key too small: tls-min=1.0 (TLSM) takes it"],
  ["ERR_TLS_DH_PARAM_SIZE", "DH parameter size 512 is less than 1024", {}, "less than 1024: tls-min=1.0 (TLSM)"],
  ["ERR_SSL_EE_KEY_TOO_SMALL", "ee key too small", { tlsMin: "1.3" }, "ee key too small: tls-min=1.0 (TLSM) takes it"],
  ["ERR_SSL_EE_KEY_TOO_SMALL", "ee key too small", { tlsMin: "1.1" }, "ee key too small"],
  ["UNSPECIFIED", "EE certificate key too weak", {}, "key too weak: tls-min=1.0 (TLSM) takes it"],
  ["ERR_SSL_WRONG_SIGNATURE_TYPE", "wrong signature type", {}, "wrong signature type: tls-min=1.0 (TLSM)"],
  [
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    "sslv3 alert handshake failure",
    {},
    "tls-min=1.0 (TLSM) takes older ciphers, tls=NAME (TLSI) sends a certificate",
  ],
  [
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    "sslv3 alert handshake failure",
    { tlsMin: "1.0", ...SHOWN },
    "the server refuses the handshake (sslv3 alert handshake failure)",
  ],
  [
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    "sslv3 alert handshake failure",
    { tlsMin: "1.0", tlsIdentity: "boiler" },
    "handshake failure): [tls boiler] with cert= and key= sends a certificate",
  ],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", {}, "ca= of a [tls NAME] (tls=NAME, TLSI) names its"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify", {}, "tls-verify=0 (TLSV) takes any certificate"],
  ["CERT_NOT_YET_VALID", "certificate is not yet valid", {}, "tls-verify=0 (TLSV) takes any certificate"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tlsv13 alert certificate required", {}, "tls=NAME (TLSI)"],
  [`${ALERT}UNKNOWN_CA`, "tlsv1 alert unknown ca", SHOWN, "refuses our certificate (tlsv1 alert"],
  ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "x", SHOWN, "refuses our certificate (x)"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number", {}, "what the server sends is no TLS"],
  ["CERT_HAS_EXPIRED", "certificate has expired", {}, "TLS: certificate has expired (CERT_HAS_EXPIRED)"],
  ["ECONNRESET", "Client network socket disconnected", {}, "in the handshake: tls-min=1.0 (TLSM)"],
  ["INVALID_CA", "invalid CA certificate", {}, "TLS: invalid CA certificate (INVALID_CA)"],
  ["EPROTO", "write EPROTO", {}, "TLS: write EPROTO (EPROTO)"],
  ["ECONNREFUSED", "connect ECONNREFUSED", {}, undefined],
  ["ENOTFOUND", "getaddrinfo", {}, undefined],
];

test("a failed handshake is told with the option that helps, if one does", () => {
  for (const [code, reason, asked, words] of CASES) {
    const error: TlsError = Object.assign(new Error(`0A00042E:SSL routines:${reason}`), { code, reason });
    const told = explainTlsFailure(error, { ...ASKED, ...asked });
    if (words === undefined) assert.equal(told, undefined, code);
    else assert.ok(told?.startsWith("TLS: ") && told.includes(words) && !told.includes("0A00042E"), `${code}: ${told}`);
    const isExhausted = words?.includes("tls-") === false && asked.tlsMin !== undefined;
    if (isExhausted) assert.doesNotMatch(told ?? "", /tls-/, code);
  }
});

test("a connection that is reset before the handshake is no matter of TLS", () => {
  const error = Object.assign(new Error("connect ECONNRESET"), { code: "ECONNRESET", syscall: "connect" });
  assert.equal(explainTlsFailure(error, ASKED), undefined);
});

test("a certificate for another name is told with the names that it has, and the one that was looked for", () => {
  const told = (cert: TlsError["cert"]) => {
    const error: TlsError = Object.assign(new Error("x"), { code: "ERR_TLS_CERT_ALTNAME_INVALID", reason: "x", cert });
    return explainTlsFailure(error, ASKED)?.split(" (ERR_TLS_CERT_ALTNAME_INVALID): tls-name=NAME (TLSN) ")[0];
  };
  assert.equal(
    told({ subjectaltname: "DNS:boiler.lan", subject: { CN: "x" } }),
    "TLS: the certificate (for DNS:boiler.lan) does not match 192.0.2.7",
  );
  assert.equal(told({ subject: { CN: "old" } }), "TLS: the certificate (for old) does not match 192.0.2.7");
  assert.equal(told({ subject: {} }), "TLS: the certificate does not match 192.0.2.7");
});
