// What npm runs before it packs, and behind `npm ci`: compiles, and writes the one file that the package holds. A package without it cannot
// be made: where the compiler is not installed, this installs it, or fails.
import "./check-node.mjs";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { env, exit } from "node:process";
import { root } from "./checkout.mjs";

const COMPILER = `${root}/node_modules/typescript/package.json`;

// npm tells the scripts its own options, such as --dry-run, --global and --prefix: they are not meant for the npm that runs here.
const plain = Object.fromEntries(
  Object.entries(env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
);

function npm(...args) {
  const { status, error } = spawnSync("npm", args, { cwd: root, env: plain, stdio: ["ignore", 2, 2] }); // stdout is npm's answer
  if (error) console.error(`npm: ${error.message}`);
  if (status !== 0) exit(status ?? 1);
}

/** Whether `npm ci` or `npm install` is at work in this folder itself. */
function installsHere() {
  return (
    ["ci", "install"].includes(env.npm_command) &&
    env.npm_config_local_prefix === root &&
    env.npm_config_global !== "true"
  );
}

if (!existsSync(COMPILER)) {
  if (installsHere()) {
    console.error(
      "sockproxyd: not compiled, as the packages for that are not installed (NODE_ENV=production or --omit=dev); npm ci --include=dev installs them",
    );
    exit();
  }
  npm("ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund");
}
npm("run", "--silent", "build");
npm("run", "--silent", "bundle");
