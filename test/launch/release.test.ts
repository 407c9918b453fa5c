import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";

const MANIFEST = JSON.parse(readFileSync("package.json", "utf8"));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}

test("the workflow of a release calls what there is, and lets nobody put words into its shell", () => {
  const workflow = parse(readFileSync(".github/workflows/release.yml", "utf8"));
  assert.deepEqual(Object.keys(workflow.on), ["push"]);
  assert.deepEqual(workflow.on.push, { tags: ["v[0-9]*"] });
  assert.deepEqual(workflow.permissions, { contents: "write", "id-token": "write" });
  const steps: readonly Step[] = workflow.jobs.release.steps;
  assert.ok(steps.length > 3);
  for (const { uses, run = "" } of steps) {
    if (uses !== undefined) assert.match(uses, /^actions\/[\w-]+@v\d+$/);
    assert.doesNotMatch(run, /\$\{\{/, "an expression in a script is put in as it is");
    for (const [, script = ""] of run.matchAll(/npm run ([\w:-]+)/g)) {
      const command = MANIFEST.scripts[script];
      assert.ok(existsSync(/^node (\S+)/.exec(command)?.[1] ?? ""), `npm run ${script}: ${command}`);
    }
  }
  const publish = steps.find(({ run }) => run?.includes("npm publish"));
  assert.equal(publish?.if, "env.NPM_TOKEN != ''");
  assert.match(publish?.run ?? "", /--provenance/);
});

test("whatever makes a package builds it first", () => {
  for (const name of ["prepare", "prepack"]) assert.equal(MANIFEST.scripts[name], "node scripts/prepare.mjs");
});
