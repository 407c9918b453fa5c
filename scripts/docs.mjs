// Writes the generated blocks of the documents anew, from the tables of the built program: `npm run docs`.
import { writeFileSync } from "node:fs";
import { refreshed } from "../dist/test/support/document-blocks.js";
import { readPages } from "../dist/test/support/documents.js";

for (const { name, text } of readPages()) {
  const fresh = refreshed(text);
  if (fresh === text) continue;
  writeFileSync(name, fresh);
  console.log(`${name}: written`);
}
