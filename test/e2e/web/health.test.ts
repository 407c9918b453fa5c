import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { freePort } from "../../support/free-port.js";
import { Device } from "../../support/net.js";
import { until } from "../../support/wait.js";
import { ask, startWeb } from "../../support/web.js";

test("/healthz says which lines cannot do their work, and why", async (t) => {
  const occupied = await Device.open();
  t.after(() => occupied.close());
  const [shared, nobody] = [await freePort(), await freePort()];
  const bus = `[direct bus]\nlisten=127.0.0.1:${occupied.port}\ntarget=127.0.0.1:1\n`;
  const inverter = `[mux inverter]\nlisten=127.0.0.1:${shared}\ntarget=127.0.0.1:${nobody}\nprotocol=modbus\n`;
  const { web, daemon } = await startWeb(t, bus + inverter);
  const health = async (line = "", options = {}) => {
    const { status, body, headers } = await ask(web, `/healthz${line && `?line=${line}`}`, options);
    assert.equal(headers["content-type"], "application/json");
    return { status, body, ...(body !== "" && JSON.parse(body)) };
  };

  const bad = await health();
  assert.equal(bad.status, "failing");
  assert.deepEqual(
    bad.reasons.map(({ kind, line, why }: Record<string, string>) => [kind, line, /already in use/.test(why ?? "")]),
    [["listener-down", "bus", true]],
  );
  assert.ok(Date.parse(bad.reasons[0].since) <= Date.now());
  assert.equal((await ask(web, "/healthz")).status, 503);
  assert.equal((await ask(web, "/healthz?line=inverter")).status, 200, "nobody has asked yet");

  const client = connect(shared, "127.0.0.1").on("error", () => {});
  t.after(() => client.destroy());
  await once(client, "connect");
  client.write(Buffer.from("000100000006010300000001", "hex"));
  await until(async () => (await ask(web, "/healthz?line=inverter")).status === 503, "the outage");
  const down = await health("inverter");
  assert.deepEqual([down.reasons.length, down.reasons[0].kind, down.reasons[0].name], [1, "device-down", "inverter"]);
  assert.match(down.reasons[0].why, /ECONNREFUSED|refused/);
  assert.equal((await health()).reasons.length, 2);
  const { problems } = JSON.parse((await ask(web, "/status")).body);
  assert.deepEqual(problems.slice(0, 2).length, 2);

  const head = await ask(web, "/healthz", { method: "HEAD" });
  assert.deepEqual([head.status, head.body], [503, ""]);
  assert.equal((await ask(web, "/healthz?line=nobody")).status, 404);
  assert.equal((await ask(web, `/healthz?line=${daemon.port}`)).status, 200);
});
