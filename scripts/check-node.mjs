// The first import of a script that people start: says in one sentence that Node.js is too old, as the program does, before anything is installed.
import { readFileSync } from "node:fs";

const check = readFileSync(new URL("../src/launch/node-check.ts", import.meta.url), "utf8"); // valid JavaScript, too
await import(`data:text/javascript,${encodeURIComponent(check)}`);
