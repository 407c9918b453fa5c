import { constants } from "node:crypto";
import { type ConnectionOptions, checkServerIdentity, type SecureVersion } from "node:tls";
import { isAddress } from "../core/net/address.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { isOldTls, type TlsVersion } from "../core/options/tls-options.js";
import { ANY_STRENGTH, type Credentials } from "./tls-credentials.js";

const VERSIONS: Readonly<Record<TlsVersion, SecureVersion>> = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};

/**
 * What a device of 2012 needs besides its version. OpenSSL 3 forbids MD5 with SHA-1, which TLS 1.0 and 1.1 sign by, above security level 0
 * (SSL_CTX_set_security_level(3)); that level also takes RSA keys of 1024 bits, SHA-1 in certificates, and CBC ciphers without forward
 * secrecy. `DEFAULT` keeps ciphers without authentication or encryption out. Without the names of TLS 1.3, Node would not speak that any more.
 */
const OLD_TLS: ConnectionOptions = {
  ciphers: `TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:${ANY_STRENGTH}`,
  minDHSize: 512, // bits; Node's own limit is 1024
};

/** What Node needs to speak TLS to the target of a request: whom to trust, by which name, and how old the other side may be. */
export function tlsConnectOptions({ target, options }: ConnRequest, credentials: Credentials): ConnectionOptions {
  const { tlsName, tlsMin, tlsLegacy, verifyCertificate } = options;
  const name = tlsName ?? target.host;
  return {
    ...credentials,
    rejectUnauthorized: verifyCertificate,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    ...(!isAddress(name) && { servername: name }),
    minVersion: VERSIONS[tlsMin], // also where NODE_OPTIONS say something else
    ...(isOldTls(tlsMin) && OLD_TLS),
    ...(tlsLegacy && { secureOptions: constants.SSL_OP_LEGACY_SERVER_CONNECT }),
  };
}
