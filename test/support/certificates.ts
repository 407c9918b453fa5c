import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** A certificate and its key, as files in PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Certificates made for a test, in a folder of its own. */
export class Certificates {
  readonly folder = mkdtempSync(`${tmpdir()}/sockproxyd-certificates-`);

  /**
   * Makes one.
   *
   * @param name of the files, and the host name that it is for
   * @param by who signs it; without, it does so itself, as an authority
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

  /** Puts one in the place of another. */
  replace(old: Pair, by: Pair): void {
    copyFileSync(by.certificate, old.certificate);
    copyFileSync(by.key, old.key);
  }

  /** Has done with them. */
  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
