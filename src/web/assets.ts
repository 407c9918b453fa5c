import { readFileSync } from "node:fs";

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const FOLDER = new URL("../../web/", import.meta.url); // beside dist, as the package has it
const FILES: readonly [path: string, file: string, type: string][] = [
  ["/", "page.html", "text/html; charset=utf-8"],
  ["/page.js", "page.js", "text/javascript; charset=utf-8"],
  ["/page.css", "page.css", "text/css; charset=utf-8"],
];

/**
 * Reads the files of the page.
 *
 * @returns them by their paths
 * @throws when one is not there
 */
export function loadAssets(): ReadonlyMap<string, Asset> {
  return new Map(FILES.map(([path, file, type]) => [path, { type, body: readFileSync(new URL(file, FOLDER)) }]));
}
