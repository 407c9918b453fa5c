// Writes build/home-assistant: a repository of one app for Home Assistant, with the one file in it. Copy its folder sockproxyd to /addons of Home
// Assistant, or publish the repository. --built takes build/sockproxyd.cjs as it is; --to FOLDER writes it there.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { manifest, root, run } from "./checkout.mjs";

const { built, to } = parseArgs({
  options: { built: { type: "boolean" }, to: { type: "string", default: `${root}/build/home-assistant` } },
}).values;
if (!built) run("npm", "run", "--silent", "bundle");

const app = `${to}/sockproxyd`;
rmSync(app, { recursive: true, force: true });
cpSync(`${root}/packaging/home-assistant`, app, { recursive: true });
cpSync(`${root}/build/sockproxyd.cjs`, `${app}/sockproxyd.cjs`);
cpSync(`${root}/CHANGELOG.md`, `${app}/CHANGELOG.md`);
cpSync(`${root}/LICENSE`, `${app}/LICENSE`);
const config = readFileSync(`${app}/config.yaml`, "utf8").replace(/^# .*\n/, "");
writeFileSync(`${app}/config.yaml`, config.replace("@VERSION@", manifest.version));
writeFileSync(`${to}/repository.yaml`, "name: sockproxyd\n");
console.log(app);
