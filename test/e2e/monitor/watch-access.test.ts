import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { startEcho } from "../../support/echo.js";
import { startMonitored } from "../../support/monitored.js";
import { insideNamespace, runInside } from "../../support/namespace.js";
import { greet } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { Watcher } from "../../support/watcher.js";

const COMMANDS = ["WTCH", "STOP", "RELD", "TCPR 127.0.0.1:1 127.0.0.1:2"];
const ADDRESS = "10.99.0.1"; // of this machine, inside; what comes from there is not the loopback

if (!insideNamespace) {
  test("who may watch", { skip: missing("unshare", "ip") }, (context) => runInside(import.meta.url, context));
} else {
  test("WTCH: the loopback only, unless [access] watch has the client", async (t) => {
    assert.equal(spawnSync("ip", ["addr", "add", `${ADDRESS}/24`, "dev", "lo"]).status, 0);
    const echo = await startEcho();
    t.after(() => echo.stop());
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus`;
    for (const [sections, allowed] of [
      ["", false],
      ["[access]\nwatch=10.98.0.0/16\n", false],
      ["[access]\nwatch=10.98.0.0/16,10.99.0.0/24\n", true],
    ] as const) {
      const { daemon } = await startMonitored(t, line, { sections });
      (await Watcher.open(daemon.port)).client.destroy();
      for (const command of allowed ? ["WTCH"] : COMMANDS) {
        const { client } = await greet(daemon.port, ADDRESS);
        client.write(`${command}\n`);
        const name = command.slice(0, 4);
        const expected = allowed ? "^OK WTCH" : `^ERR ${name} not from another machine`;
        assert.match(await client.line(), new RegExp(expected), sections);
        client.destroy();
      }
      await daemon.stop();
    }
  });
}
