// What Prometheus's own checker says of our metrics.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { metricsText } from "#src/core/web/metrics.js";
import { queriesOf, readDashboard } from "../support/dashboard.js";
import { freePort } from "../support/free-port.js";
import { FULL_REPORT, USAGE } from "../support/full-report.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";
import { ask, startWebProcess } from "../support/web.js";

/** The complaints of `promtool check metrics`; empty without any. It reports advice by its status only. */
function complaints(text: string): string {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  return status === 0 ? stdout + stderr : `status ${status}: ${stdout}${stderr}`;
}

const skip = missing("promtool");

test("the metrics of a daemon with something of every kind pass promtool without a warning", { skip }, () => {
  assert.equal(complaints([...metricsText(FULL_REPORT, USAGE)].join("")), "");
});

/** A daemon with a device that nobody reaches, and a client that asks for it. */
async function start(t: TestContext): Promise<number> {
  const port = await freePort();
  const { web } = await startWebProcess(
    t,
    `[mux inverter]\nlisten=127.0.0.1:${port}\ntarget=127.0.0.1:${await freePort()}\nprotocol=modbus\n`,
  );
  const client = connect(port, "127.0.0.1").on("error", () => {});
  t.after(() => client.destroy());
  await once(client, "connect");
  client.write(Buffer.from("000100000006010300000001", "hex"));
  return web;
}

test("so do those of one that runs, with its process", { skip }, async (t) => {
  const web = await start(t);
  const metrics = async (): Promise<string> => (await ask(web, "/metrics")).body;
  await until(
    async () => /^sockproxyd_problems\{severity="error",kind="device-down"\} 1$/m.test(await metrics()),
    "the outage",
  );
  const text = await metrics();
  assert.equal(complaints(text), "");
  for (const name of ["cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds"]) {
    assert.match(text, new RegExp(`^process_${name} \\d`, "m"));
  }
  assert.match(text, /^sockproxyd_mux_client_requests_total\{.*\} 1$/m);
});

test("promtool takes the queries of the dashboard", { skip }, (t) => {
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-rules-`);
  t.after(() => rmSync(folder, { recursive: true }));
  const queries = queriesOf(readDashboard());
  const rules = queries.map((expr, index) => ({ record: `query_${index}`, expr }));
  const path = `${folder}/rules.yml`;
  writeFileSync(path, JSON.stringify({ groups: [{ name: "dashboard", rules }] })); // JSON is YAML
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", path], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`SUCCESS: ${queries.length} rules found`));
});
