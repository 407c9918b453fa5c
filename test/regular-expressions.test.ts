import assert from "node:assert/strict";
import { relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { isIdentifier, isRegularExpressionLiteral } from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";
import { worstInput } from "./support/regexp-cost.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The source files of the daemon and of its page. */
function withSources(look: (file: SourceFile, name: string) => void): void {
  const api = new API({ cwd: ROOT });
  try {
    for (const folder of ["src", "web"]) {
      const config = folder === "src" ? `${ROOT}tsconfig.json` : `${ROOT}web/tsconfig.json`;
      const project = api.updateSnapshot({ openProject: config }).getProject(config);
      for (const path of project?.program.getSourceFileNames() ?? []) {
        const file = path.startsWith(`${ROOT}${folder}/`) ? project?.program.getSourceFile(path) : undefined;
        if (file !== undefined) look(file, relative(ROOT, path));
      }
    }
  } finally {
    api.close();
  }
}

function walk(node: Node, look: (node: Node) => void): void {
  look(node);
  node.forEachChild((child) => walk(child, look));
}

const files = new Set<string>();
/** Regular expressions of the source, each with the first file that has it. */
const literals = new Map<string, string>();
/** Files that put one together. */
const makers: string[] = [];

withSources((file, name) => {
  files.add(name.split("/")[0] ?? "");
  walk(file, (node) => {
    if (isRegularExpressionLiteral(node) && !literals.has(node.text)) literals.set(node.text, name);
    if (isIdentifier(node) && node.text === "RegExp" && node.parent?.kind !== SyntaxKind.TypeReference)
      makers.push(name);
  });
});

for (const steep of [
  /\s*,\s*/,
  /(a+)+b/,
  /\/+$/,
  /(\d+)\.(\d+)$/,
  /^key:\s+\s*x/,
  /(?:\w+\s?)*!/,
  /^[a-m]*[m-z]*$/,
  /"(.*)"(.*)"$/,
]) {
  test(`${steep} is found out`, () => assert.notEqual(worstInput(steep), undefined));
}

for (const plain of [/^\d+$/, /\s+/, /[\s,]+/, /^(["']).*\1$/, /^([^=]*)=(.*)$/s, /^(?:[^\\]|\\.)*/]) {
  test(`${plain} is not`, () => assert.equal(worstInput(plain), undefined));
}

test("no regular expression of the source needs time that grows faster than its input", () => {
  const steep: string[] = [];
  for (const [text, name] of literals) {
    const [, source = "", flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
    const input = worstInput(new RegExp(source, flags));
    if (input !== undefined) steep.push(`${name}: ${text} for ${input}`);
  }
  assert.deepEqual([...files].sort(), ["src", "web"]);
  assert.ok(literals.size > 60, `only ${literals.size} found`);
  assert.deepEqual(steep, []);
});

/** Where a user gives a regular expression, on a command line of this user. */
const GIVEN = ["core/record/mask-patterns.ts"];

test("every regular expression is a literal: one that is put together could not be looked at", () => {
  assert.deepEqual(
    makers.map((name) => name.replace("src/", "")),
    GIVEN,
  );
});
