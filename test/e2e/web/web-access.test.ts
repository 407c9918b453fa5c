import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { insideNamespace, runInside } from "../../support/namespace.js";
import { missing } from "../../support/peers.js";
import { ask, EventStream, startWeb } from "../../support/web.js";

const ADDRESS = "10.99.0.1"; // of this machine, inside; what comes from there is not the loopback

if (!insideNamespace) {
  test("who may read what", { skip: missing("unshare", "ip") }, (context) => runInside(import.meta.url, context));
} else {
  test("messages are for the loopback only, unless [access] watch has the reader; all else is for everybody", async (t) => {
    assert.equal(spawnSync("ip", ["addr", "add", `${ADDRESS}/24`, "dev", "lo"]).status, 0);
    for (const [sections, status] of [
      ["", 403],
      ["[access]\nwatch=10.98.0.0/16\n", 403],
      ["[access]\nwatch=10.99.0.0/24\n", 200],
    ] as const) {
      const { web, daemon } = await startWeb(t, sections, "address=*\n");
      const from = { host: ADDRESS, localAddress: ADDRESS };
      assert.equal((await ask(web, "/messages", { ...from, method: "HEAD" })).status, status, sections);
      if (status === 403) assert.match((await ask(web, "/messages", from)).body, /\[access\] watch/);
      for (const path of ["/", "/status", "/metrics"]) assert.equal((await ask(web, path, from)).status, 200, path);
      await EventStream.open(t, web); // the loopback may in any case
      await daemon.stop();
    }
  });

  test("without address= the page is for this machine only", async (t) => {
    const { web } = await startWeb(t);
    await assert.rejects(ask(web, "/", { host: ADDRESS }), { code: "ECONNREFUSED" });
  });
}
