import { packageFile } from "../system/package-file.js";

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const SCRIPTS = ["page.js", "elements.js", "messages.js", "devices.js", "tunnels.js", "status.js"];
const FILES = ["page.html", "page.css", ...SCRIPTS];
const TYPES: Readonly<Record<string, string>> = { html: "text/html", css: "text/css", js: "text/javascript" };

/**
 * Reads the files of the page.
 *
 * @returns the files by their paths; the page itself is `/`
 * @throws when a file is missing
 */
export function loadAssets(): ReadonlyMap<string, Asset> {
  return new Map(
    FILES.map((file) => {
      const type = `${TYPES[file.split(".")[1] ?? ""]}; charset=utf-8`;
      return [file === "page.html" ? "/" : `/${file}`, { type, body: packageFile(`web/${file}`) }];
    }),
  );
}
