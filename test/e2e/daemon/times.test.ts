// One time zone for everything that the daemon writes. A process of its own: TZ holds for all of it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, reload } from "../../support/net.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";

process.env["TZ"] = "America/St_Johns";
const folder = mkdtempSync(`${tmpdir()}/sockproxyd-times-`);
after(() => rmSync(folder, { recursive: true }));

const LOCAL = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[23]:30`;
const UTC = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test("log, monitor file and STAT JSON have local time with its offset, or UTC, and a reload changes that", async () => {
  const device = await Device.open();
  const port = await freePort();
  const audit = `${folder}/audit.log`;
  const config = (time: string): string =>
    `[host]\n${time}\n[direct]\n${port}=CONN 127.0.0.1:${device.port} MONI=line MONL=${audit}\n`;
  const file = new ConfigFile(config(""));
  const daemon = await startHere("-c", file.path);
  const times = async (): Promise<string[]> => {
    const { startedAt, connections } = await statJson(daemon.port);
    return [startedAt, ...connections.map(({ openedAt }) => openedAt)];
  };
  const written = (): string => (existsSync(audit) ? readFileSync(audit, "utf8") : "");
  const client = await Client.open(port);
  const remote = await device.client();
  const say = async (text: string): Promise<string> => {
    client.write(`${text}\n`);
    await remote.line();
    await until(() => written().includes(`${text}\n`), "the file");
    return written()
      .split("\n")
      .filter((line) => line.endsWith(text))
      .join("\n");
  };
  assert.match(await say("one"), new RegExp(`^${LOCAL} \\[CLIENT→PROXY\\] [0-9a-f]+ 127\\.0\\.0\\.1:\\d+ one$`, "m"));
  for (const time of await times()) {
    assert.match(time, new RegExp(`^${LOCAL}$`));
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
  }
  for (const line of daemon.log().trim().split("\n")) assert.match(line, new RegExp(`^${LOCAL} `));

  file.write(config("time=utc"));
  assert.equal(await reload(daemon.port), "OK RELD");
  assert.match(await say("two"), new RegExp(`^${UTC} \\[CLIENT→PROXY\\] [0-9a-f]+ 127\\.0\\.0\\.1:\\d+ two$`, "m"));
  for (const time of await times()) assert.match(time, new RegExp(`^${UTC}$`));
  const lines = daemon.log().trim().split("\n");
  const read = lines.findIndex((line) => line.includes("configuration read again"));
  assert.ok(read > 0);
  for (const line of lines.slice(read)) assert.match(line, new RegExp(`^${UTC} `));
  client.destroy();
  device.close();
  await daemon.discard();
});
