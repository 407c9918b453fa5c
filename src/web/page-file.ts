import { readFileSync } from "node:fs";

/**
 * Reads a file of the page. `scripts/bundle.mjs` puts another function in the place of this one: the bundle holds the files itself, in the part
 * that the page is in.
 *
 * @param name in the folder `web`
 * @throws when the file is missing
 */
export function pageFile(name: string): Buffer {
  return readFileSync(new URL(`../../web/${name}`, import.meta.url));
}
