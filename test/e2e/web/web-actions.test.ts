import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Device, relayed } from "../../support/net.js";
import { faults } from "../../support/process.js";
import { until } from "../../support/wait.js";
import { ask, startWeb } from "../../support/web.js";

let device: Device;
before(async () => {
  device = await Device.open();
});
after(() => device.close());

test("the page closes a connection, switches debug lines and reads the configuration again; the log tells who did it", async (t) => {
  const { web, daemon, config } = await startWeb(t);
  const { token } = JSON.parse((await ask(web, "/actions")).body);
  const post = async (path: string, value: object) => {
    const headers = { "Content-Type": "application/json", "X-Token": token };
    const { status, body } = await ask(web, path, { method: "POST", headers, body: JSON.stringify(value) });
    return `${status} ${body.trimEnd()}`;
  };
  const { pid, client, remote } = await relayed(daemon.port, device);
  assert.equal(await post("/close", { connection: pid }), `200 {"text":"connection ${pid} is closed"}`);
  await Promise.all([client.rest(), remote.rest()]);
  client.destroy();
  remote.destroy();
  await until(async () => (await post("/close", { connection: pid })).startsWith("404"), "the connection to be gone");
  assert.match(await post("/debug", { on: true }), /^200/);
  assert.equal(JSON.parse((await ask(web, "/actions")).body).debug, true);
  assert.match(await post("/reload", {}), /^200/);
  assert.equal(JSON.parse((await ask(web, "/actions")).body).debug, false, "a reload takes it back");
  config.write(`[web]\nport=${web}\nuser=me\n`);
  assert.equal(await post("/reload", {}), "409 [web] user and password: one needs the other");
  config.write(`[web]\nport=${web}\nuser=me\npassword=x\nnames=hub.lan\n`);
  assert.match(await post("/reload", {}), /^200/);
  const status = async (headers: Record<string, string>) => (await ask(web, "/", { headers })).status;
  const proxy = { "X-Forwarded-For": "192.0.2.7" };
  assert.deepEqual(
    [await status({ Host: "hub.lan" }), await status({ Host: "x.lan" }), await status(proxy)],
    [200, 403, 401],
  );
  assert.equal(await status({ ...proxy, Authorization: `Basic ${btoa("me:y")}` }), 401);
  assert.equal(await status({ ...proxy, Authorization: `Basic ${btoa("me:x")}` }), 200);
  const head = async (headers: Record<string, string>) =>
    (await ask(web, "/log", { method: "HEAD", headers: { ...headers, Authorization: `Basic ${btoa("me:x")}` } }))
      .status;
  assert.deepEqual([await head({}), await head(proxy)], [200, 403], "[access] watch does not name the proxy");
  const log = daemon.log();
  assert.match(log, new RegExp(`\\[${pid} [^\\n]*closed on the web page by 127\\.0\\.0\\.1`));
  assert.match(log, /web page: debug lines are switched on by 127\.0\.0\.1/);
  assert.match(log, /configuration read again \(web page, 127\.0\.0\.1\)/);
  assert.match(log, /rejected by web port \d+: wrong login/);
  assert.ok(!log.includes("password=x"));
  assert.deepEqual(
    faults(log).filter((line) => !line.includes("configuration not taken")),
    [],
  );
});

test("[web] clients: of those who may connect, these may read the page", async (t) => {
  const { web, daemon } = await startWeb(t, "", "address=*\nclients=127.0.0.2\n");
  assert.equal((await ask(web, "/status", { localAddress: "127.0.0.2" })).status, 200);
  await assert.rejects(ask(web, "/status", { localAddress: "127.0.0.3" }));
  await until(() => /127\.0\.0\.3 may not read the page \(\[web\] clients\)/.test(daemon.log()), "the log to tell");
  const session = await relayed(daemon.port, device);
  session.client.reset();
});
