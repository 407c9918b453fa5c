import { readdirSync, readFileSync } from "node:fs";

/** A page of the documentation. */
export interface Page {
  /** The path from the root of the repository. */
  readonly name: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Block {
  /** Page and line, for messages. */
  readonly at: string;
  /** The text behind the opening fence: language and role. */
  readonly info: string;
  readonly text: string;
}

/** All pages of the documentation, in the order of their names. */
export function readPages(): Page[] {
  const docs = readdirSync("docs", { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`);
  const others = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "plugin-examples/README.md"];
  return [...others, ...docs.sort()]
    .filter((name) => name.endsWith(".md"))
    .map((name) => ({ name, text: readFileSync(name, "utf8") }));
}

/** The fenced blocks of a page. */
export function blocksOf({ name, text }: Page): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let begun: { readonly line: number; readonly info: string } | undefined;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith("```")) continue;
    if (begun === undefined) begun = { line: index, info: line.slice(3).trim() };
    else {
      const body = lines.slice(begun.line + 1, index).join("\n");
      blocks.push({ at: `${name}:${begun.line + 1}`, info: begun.info, text: body });
      begun = undefined;
    }
  }
  if (begun !== undefined) throw new Error(`${name}:${begun.line + 1}: this block has no end`);
  return blocks;
}

/** The text of a page without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```/gm, "");
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const [, title = ""] of proseOf(page).matchAll(/^#+ (.+)$/gm)) {
    const bare = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = bare.replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
    let name = slug;
    for (let count = 1; anchors.has(name); count += 1) name = `${slug}-${count}`;
    anchors.add(name);
  }
  return anchors;
}

/** Whether a text matches a document: `…` matches any text within a line; a line that is only `…` matches any number of lines. */
export function matchesShown(text: string, shown: string): boolean {
  const lines = shown.split("\n").map((line) => {
    if (line === "…") return "(?:[^\\n]*\\n)*?";
    return `${line.split("…").map(literal).join("[^\\n]*?")}\\n`;
  });
  return new RegExp(`^${lines.join("")}$`).test(text.endsWith("\n") || text === "" ? text : `${text}\n`);
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
