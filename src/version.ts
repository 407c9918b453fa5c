import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** The version of this program, as `major.minor.patch`. */
export const VERSION = manifest.version;

const [major = 0, minor = 0, patch = 0] = VERSION.split(".").map(Number);

/** The version as one growing number, which is what BILD answers. */
export const BUILD = major * 10_000 + minor * 100 + patch;
