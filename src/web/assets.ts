import { pageFile } from "./page-file.js";

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

/** The files of the page by their endings. */
const FILES = {
  html: ["page"],
  css: ["colors", "controls", "dark", "page", "parts", "tables", "tiles"],
  svg: ["icon"],
  js: [
    "chart",
    "client-table",
    "confirm",
    "connection",
    "connection-list",
    "daemon",
    "format",
    "history",
    "line",
    "line-list",
    "lists",
    "log-lines",
    "overview",
    "page",
    "parts",
    "places",
    "problems",
    "receivers",
    "routes",
    "search",
    "stream",
    "theme",
    "things",
    "tiles",
    "tree",
    "value-table",
    "world",
  ],
};
const TYPES = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  js: "text/javascript; charset=utf-8",
};

/**
 * Reads the files of the page.
 *
 * @returns the files by their paths; the page itself is `/`
 * @throws when a file is missing
 */
export function loadAssets(): ReadonlyMap<string, Asset> {
  return new Map(
    Object.entries(FILES).flatMap(([ending, names]) =>
      names.map((name): [string, Asset] => {
        const file = `${name}.${ending}`;
        return [
          file === "page.html" ? "/" : `/${file}`,
          { type: TYPES[ending as keyof typeof TYPES], body: pageFile(file) },
        ];
      }),
    ),
  );
}
