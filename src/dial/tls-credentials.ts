import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { TlsIdentity } from "../core/config/settings.js";
import { readRegularFile } from "../system/regular-file.js";

/** Paths of the PEM files of one side of TLS: its own certificate with the private key, and the authority that the peer's must be of. */
export interface CredentialFiles {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly authority?: string | undefined;
}

/** The contents of {@link CredentialFiles}, under Node's names. */
export interface Credentials {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

/** What the sections `[tls NAME]` come to, by their names. */
export type TlsIdentities = ReadonlyMap<string, Credentials>;

/** Ciphers with which OpenSSL takes keys and signatures of any strength. */
export const ANY_STRENGTH = "DEFAULT:@SECLEVEL=0";

const MISMATCH = "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
const NO_PEM = "ERR_OSSL_PEM_NO_START_LINE";

/** What the codes of OpenSSL mean for a file of TLS; its own messages name its functions. */
const MESSAGES: Readonly<Record<string, string>> = {
  [NO_PEM]: "it holds no certificate in PEM",
  ERR_OSSL_UNSUPPORTED: "the latter holds no private key in PEM",
  ERR_SSL_EE_KEY_TOO_SMALL: "its key is too short for clients",
  ERR_SSL_CA_MD_TOO_WEAK: "its signature is too weak for clients",
  ERR_OSSL_BAD_DECRYPT: "the latter wants a password: store the key without one",
  [MISMATCH]: "the private key does not belong to the certificate",
};

/**
 * Reads the files that are named. Whether a key is long enough, the handshake tells: a device of 2012 may want a short one.
 *
 * @throws {Error} naming the file that cannot be read or has other contents, or the two that do not belong together
 */
export function readCredentials({ certificate, key, authority }: CredentialFiles): Credentials {
  const cert = certificate && readCertificate(certificate);
  const ca = authority && readCertificate(authority); // Node would take anything for it, and then trust nobody
  const secret = key && naming(key, () => readRegularFile(key));
  if (cert && secret)
    naming(`${certificate} and ${key}`, () => {
      createSecureContext({ cert, key: secret, ciphers: ANY_STRENGTH });
      // which takes a key of another kind, such as one of an elliptic curve with an RSA certificate
      if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(secret))) throw coded(MISMATCH);
    });
  return { ...(cert && { cert }), ...(secret && { key: secret }), ...(ca && { ca }) };
}

/**
 * Reads the files of identities.
 *
 * @throws {Error} naming the section and the file that cannot be used
 */
export function readIdentities(identities: readonly TlsIdentity[]): TlsIdentities {
  return new Map(identities.map((identity) => [identity.name, readIdentity(identity)]));
}

/**
 * Reads the files of one identity.
 *
 * @param isServer its certificate is for clients, who take none that is weak
 * @throws as {@link readIdentities} does
 */
export function readIdentity(identity: TlsIdentity, isServer = false): Credentials {
  try {
    const credentials = readCredentials(identity);
    if (isServer) naming(`${identity.certificate}`, () => createSecureContext(credentials));
    return credentials;
  } catch (error) {
    throw new Error(`[tls ${identity.name}]: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * What is wrong with the time of the certificate in a file; undefined: nothing, or the file cannot be used.
 *
 * @param epochMs now
 */
export function validityProblem(file: string, epochMs: number): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readRegularFile(file));
  } catch {
    return undefined;
  }
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (epochMs < from) return `the certificate in ${file} is not valid before ${new Date(from).toISOString()}`;
  return epochMs > to ? `the certificate in ${file} has expired on ${new Date(to).toISOString()}` : undefined;
}

function readCertificate(path: string): Buffer {
  return naming(path, () => {
    const text = readRegularFile(path);
    new X509Certificate(text);
    if (!text.includes("-----BEGIN")) throw coded(NO_PEM); // it is in DER, which TLS does not take
    return text;
  });
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Puts the name of the file into the error of `read`. */
function naming<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new Error(`TLS: ${file} cannot be used: ${MESSAGES[code] ?? message}`, { cause: error });
  }
}
