import { packageFile } from "./system/package-file.js";

const manifest = JSON.parse(packageFile("package.json").toString()) as { version: string };

/** The version of this program, as `major.minor.patch`. */
export const VERSION = manifest.version;

const [major = 0, minor = 0, patch = 0] = VERSION.split(".").map(Number);

/** The version as one growing number, which is what BILD answers. */
export const BUILD = major * 10_000 + minor * 100 + patch;
