import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after } from "node:test";

/** A configuration file in a temporary folder, which is removed after the tests. */
export class ConfigFile {
  readonly folder: string;
  readonly path: string;

  constructor(text = "") {
    this.folder = mkdtempSync(`${tmpdir()}/sockproxyd-config-`);
    this.path = `${this.folder}/sockproxyd.conf`;
    this.write(text);
    after(() => rmSync(this.folder, { recursive: true }));
  }

  /** Replaces the text of the file. */
  write(text: string): void {
    writeFileSync(this.path, text);
  }
}
