import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

/** Files in PEM by which one side of a TLS connection proves who it is, and checks who the other is. */
export interface CredentialFiles {
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly authority?: string | undefined;
}

/** What stands in them, by the names that Node has for it. */
export interface Credentials {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

/**
 * Reads the files that are named.
 *
 * @throws when one of them cannot be read, is not what it should be, or does not go with the others
 */
export function readCredentials({ certificate, key, authority }: CredentialFiles): Credentials {
  const cert = certificate && readCertificate(certificate);
  const ca = authority && readCertificate(authority); // Node would take anything for it, and then trust nobody
  const secret = key && naming(key, () => readFileSync(key));
  if (cert && secret) naming(`${certificate} and ${key}`, () => createSecureContext({ cert, key: secret }));
  return { ...(cert && { cert }), ...(secret && { key: secret }), ...(ca && { ca }) };
}

function readCertificate(path: string): Buffer {
  return naming(path, () => {
    const text = readFileSync(path);
    new X509Certificate(text);
    return text;
  });
}

/** Has the error of `read` say which file it is about. */
function naming<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`TLS: ${file} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
