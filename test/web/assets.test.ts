import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { loadAssets } from "#src/web/assets.js";

const FOLDER = new URL("../../../web/", import.meta.url);

test("every file of the page is served by its name, and the page itself is /", () => {
  const files = readdirSync(FOLDER).filter((name) => name !== "tsconfig.json");
  const paths = files.map((name) => (name === "page.html" ? "/" : `/${name}`));
  assert.deepEqual([...loadAssets().keys()].sort(), paths.sort());
});

test("types are those of the files; none is empty", () => {
  const types = new Map([...loadAssets()].map(([path, { type }]) => [path, type]));
  assert.equal(types.get("/"), "text/html; charset=utf-8");
  assert.equal(types.get("/page.css"), "text/css; charset=utf-8");
  assert.equal(types.get("/page.js"), "text/javascript; charset=utf-8");
  assert.equal(types.get("/icon.svg"), "image/svg+xml");
  for (const [path, { body }] of loadAssets()) assert.ok(body.length > 0, path);
});

test("each file that the page loads is there", () => {
  const assets = loadAssets();
  for (const [path, { body }] of assets) {
    const loaded = [...String(body).matchAll(/(?:src|href)="([\w.-]+\.(?:js|css|svg))"|from "\.\/([\w.-]+)"/g)];
    for (const [, tag, module] of loaded) assert.ok(assets.has(`/${tag ?? module}`), `${path} loads ${tag ?? module}`);
  }
});
