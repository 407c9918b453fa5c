import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const INSIDE = "SOCKPROXYD_TEST_INSIDE";

/** Whether this process runs in a network namespace of its own, where tests can cut the network. */
export const insideNamespace = process.env[INSIDE] === "1";

/**
 * Runs a test file again in a network namespace of its own, with only a loopback interface.
 *
 * @param url the file's `import.meta.url`
 * @throws with the output, when the file fails there
 */
export async function runInside(url: string, context: TestContext): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env, [INSIDE]: "1" };
  delete env["NODE_TEST_CONTEXT"]; // the child is a test run of its own
  const command = ["--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$0" "$@"'];
  const child = spawn("unshare", [...command, process.execPath, "--test", "--test-force-exit", fileURLToPath(url)], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Error(`inside the namespace: ${text}`);
  for (const line of text.match(/^# Subtest: .*$/gm) ?? []) context.diagnostic(line);
}

/** Drops every packet to or from these addresses from now on. */
export function blackHole(...addresses: readonly string[]): void {
  const set = `{ ${addresses.join(", ")} }`;
  drop(`ip daddr ${set}`, `ip saddr ${set}`);
}

function drop(...packets: readonly string[]): void {
  const rules = [
    "add table ip sockproxyd",
    "add chain ip sockproxyd input { type filter hook input priority 0; }",
    ...packets.map((each) => `add rule ip sockproxyd input ${each} drop`),
  ];
  const done = spawnSync("nft", ["-f", "-"], { input: rules.join("\n"), encoding: "utf8" });
  if (done.status !== 0) throw new Error(`nft: ${done.stderr}`);
}

/** Drops every packet of TCP connections with these ports, on either side, from now on. */
export function dropConnections(...ports: readonly number[]): void {
  const set = `{ ${ports.join(", ")} }`;
  drop(`tcp sport ${set}`, `tcp dport ${set}`);
}

/** Ends every {@link blackHole}. */
export function noBlackHole(): void {
  const done = spawnSync("nft", ["delete", "table", "ip", "sockproxyd"], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`nft: ${done.stderr}`);
}
