import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freePort } from "./free-port.js";
import { Client } from "./net.js";
import { until } from "./wait.js";

/** A mosquitto of the test, and what it is told. */
export interface MosquittoBroker {
  readonly port: number;
  /** Has a new client subscribe to everything. The messages that it gets from now on, as `topic payload`, retained ones first. */
  listen(): string[];
}

/** Starts Debian's mosquitto, without passwords, on a port of its own. The end of the test ends it. */
export async function mosquittoBroker(t: TestContext): Promise<MosquittoBroker> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "mosquitto-"));
  const file = join(folder, "mosquitto.conf");
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\n`);
  const broker = spawn("mosquitto", ["-c", file], { stdio: "ignore" });
  const listeners: ReturnType<typeof spawn>[] = [];
  t.after(() => {
    for (const child of [...listeners, broker]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const isUp = async (): Promise<boolean> => {
    const client = await Client.open(port).catch(() => undefined);
    client?.destroy();
    return client !== undefined;
  };
  await until(isUp, "mosquitto");
  return {
    port,
    listen() {
      const child = spawn("mosquitto_sub", ["-p", String(port), "-t", "#", "-F", "%t %p"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      listeners.push(child);
      const got: string[] = [];
      let rest = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        got.push(...lines);
      });
      return got;
    },
  };
}
