import { readFileSync } from "node:fs";

/**
 * Reads a file of the package. `scripts/bundle.mjs` puts another function in the place of this one: the bundle holds the files itself.
 *
 * @param path from the root of the package
 * @throws when the file is missing
 */
export function packageFile(path: string): Buffer {
  return readFileSync(new URL(`../../${path}`, import.meta.url));
}
