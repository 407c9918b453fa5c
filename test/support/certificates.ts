import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before } from "node:test";

/** The PEM files of a certificate and its key. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Makes certificates for a test, in a temporary folder. */
export class Certificates {
  readonly folder = mkdtempSync(`${tmpdir()}/sockproxyd-certificates-`);

  /**
   * Makes a certificate.
   *
   * @param name the name of the files, and the host name of the certificate
   * @param by the signer; without one the certificate signs itself, as an authority
   */
  make(name: string, by?: Pair): Pair {
    const made = { certificate: `${this.folder}/${name}.pem`, key: `${this.folder}/${name}.key` };
    const { status, stderr } = spawnSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", `/CN=${name}`, "-keyout", made.key, "-out", made.certificate],
      ...(by ? ["-CA", by.certificate, "-CAkey", by.key, "-addext", `subjectAltName=DNS:${name}`] : []),
      ...(by ? ["-addext", "basicConstraints=CA:FALSE"] : []),
    ]);
    assert.equal(status, 0, stderr.toString());
    return made;
  }

  /** Replaces the files of one certificate by those of another. */
  replace(old: Pair, by: Pair): void {
    copyFileSync(by.certificate, old.certificate);
    copyFileSync(by.key, old.key);
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** An authority, and a certificate that it has signed for `localhost`. */
export interface LocalhostPairs {
  authority: Pair;
  own: Pair;
}

/** Makes {@link LocalhostPairs} before the tests of the suite that calls this, and removes them afterwards. */
export function localhostPairs(): LocalhostPairs {
  const pairs = {} as LocalhostPairs;
  let files: Certificates;
  before(() => {
    files = new Certificates();
    pairs.authority = files.make("authority");
    pairs.own = files.make("localhost", pairs.authority);
  });
  after(() => files.remove());
  return pairs;
}
