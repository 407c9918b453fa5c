import assert from "node:assert/strict";
import { test } from "node:test";
import { startNginx } from "../support/mux-programs/programs.js";
import { Device, relayed } from "../support/net.js";
import { missing } from "../support/peers.js";
import { until } from "../support/wait.js";
import { ask, EventStream, startWeb } from "../support/web.js";

const HOST = "hub.test";
const LOGIN = { Authorization: `Basic ${btoa("me:x")}` };

test("behind nginx, at a path of its own: the page, its streams and its actions", {
  skip: missing("nginx"),
}, async (t) => {
  const device = await Device.open();
  t.after(() => device.close());
  const { web, daemon } = await startWeb(t, "[access]\nwatch=127.0.0.1\n", `names=${HOST}\nuser=me\npassword=x\n`);
  const nginx = await startNginx(
    t,
    {},
    {
      // as docs/web-and-metrics.md has it
      more: `location /hub/ {
      proxy_pass http://127.0.0.1:${web}/;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_http_version 1.1;
    }`,
    },
  );
  const through = (path: string, headers: object = LOGIN, more: object = {}) =>
    ask(nginx.port, `/hub/${path}`, { headers: { Host: HOST, ...headers }, ...more });
  assert.equal((await through("", {})).status, 401, "nginx is on this machine, its reader need not be");
  assert.equal((await ask(nginx.port, "/hub", { headers: { Host: HOST } })).status, 301);
  const page = await through("");
  assert.equal(page.status, 200);
  const files = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file]) => file);
  assert.ok(files.length >= 3);
  for (const file of files) assert.equal((await through(String(file))).status, 200, file);
  for (const path of ["status", "history", "metrics", "healthz"]) assert.equal((await through(path)).status, 200, path);

  const log = await EventStream.openPath(t, nginx.port, "/hub/log", undefined, { Host: HOST, ...LOGIN });
  const { pid, client } = await relayed(daemon.port, device);
  await until(() => log.text.includes(`[${pid} `), "a line of the log, though nginx gathers replies");
  const { token } = JSON.parse((await through("actions")).body);
  const body = JSON.stringify({ connection: pid });
  const headers = { ...LOGIN, Origin: `https://${HOST}`, "Content-Type": "application/json", "X-Token": token };
  const post = (all: object) => through("close", all, { method: "POST", body });
  assert.equal((await post({ ...headers, Origin: "https://evil.example" })).status, 403);
  assert.equal((await post(headers)).status, 200);
  await client.rest();
  assert.match(daemon.log(), /is closed by me from 127\.0\.0\.1 \(through a proxy\)/);
});
