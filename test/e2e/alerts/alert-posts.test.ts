import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { Alerts } from "#src/alerts/alerts.js";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { Times } from "#src/log/times.js";
import { ManualClock } from "../../support/clock.js";
import { ConfigFile } from "../../support/config.js";
import { MAIN } from "../../support/daemon.js";
import { Named, reach, startDirect } from "../../support/direct.js";
import { freePort } from "../../support/free-port.js";
import { Hook, silence } from "../../support/hook.js";
import { MemoryLog, startHere } from "../../support/in-process.js";
import { localNames } from "../../support/names.js";
import { Client, Device } from "../../support/net.js";
import { pause, until } from "../../support/wait.js";

const alertTo = (url: string): string => `[alert]\nurl=${url}\n`;

describe("alerts", { concurrency: 4 }, () => {
  test("tell of each server that goes down and comes back, once each", async (t) => {
    const [hook, a, b] = [await Hook.open(t), await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${a.address},${b.address} HLTH=0.1`, alertTo(hook.url));
    a.close();
    await direct.shows("down", "up");
    await Promise.all(Array.from({ length: 5 }, () => reach(direct.port, [b])));
    const checked = async (): Promise<number> => (await direct.servers())[0]?.failures ?? 0;
    await until(async () => (await checked()) > 5, "it to be checked some times");
    await a.reopen();
    await direct.shows("up", "up");
    const alerts = await hook.received(2);
    assert.deepEqual(
      alerts.map(({ event, listener, server }) => [event, listener, server]),
      [
        ["server-down", direct.port, a.address],
        ["server-back", direct.port, a.address],
      ],
    );
    assert.equal(alerts[0]?.reason, "connection refused");
    assert.ok((alerts[1]?.downMs ?? 0) > 300, `${alerts[1]?.downMs}`);
    b.close();
    await hook.received(3);
    assert.deepEqual(hook.events, ["server-down", "server-back", "server-down"]);
  });

  test("tell of the only server of a line, which a client finds down and a check finds back", async (t) => {
    const [hook, only] = [await Hook.open(t), await Named.open(t, "only")];
    only.close();
    const direct = await startDirect(t, `${only.address} HLTH=0.1`, alertTo(hook.url));
    const client = await Client.open(direct.port);
    await client.rest();
    assert.equal((await hook.received(1))[0]?.event, "server-down");
    await only.reopen();
    assert.equal((await hook.received(2))[1]?.event, "server-back");
  });

  test("tell of the link of a tunnel that is down and back, with the names of line and device", async (t) => {
    const hook = await Hook.open(t);
    const clock = new ManualClock();
    const alerts = new Alerts(clock, new MemoryLog(), localNames(clock));
    t.after(() => alerts.close());
    const { settings } = parseConfigFile("[tunnel farm]\nlisten=7000\nexpose=127.0.0.1:1 > h:1\n", "f");
    alerts.configure({ ...DEFAULT_SETTINGS, tunnel: settings.tunnel, alertUrl: hook.url });
    const link = alerts.linkAlerts(7000);
    link.lost({ device: "barn", server: "10.0.0.9:4000" }, "silent for 42 s");
    clock.advance(2000);
    const time = new Times().iso(clock.epochMs());
    await hook.received(1);
    link.found({ device: "barn", server: "10.0.0.9:4001" });
    const [down, back] = await hook.received(2);
    assert.deepEqual(down, {
      ...{ event: "link-down", time, listener: 7000, name: "farm", server: "10.0.0.9:4000" },
      ...{ text: "farm: the link of device barn (10.0.0.9:4000) is down: silent for 42 s", device: "barn" },
      reason: "silent for 42 s",
    });
    assert.equal(back?.text, "farm: the link of device barn (10.0.0.9:4001) is back after 2.0 s");
    const nameless = alerts.linkAlerts(7001);
    nameless.lost({ device: undefined, server: "10.0.0.8:4000" }, "by remote");
    clock.advance(2000);
    assert.equal((await hook.received(3))[2]?.text, "the link of device 10.0.0.8:4000 is down: by remote");
  });

  test("tell of a shared device that goes down and comes back, with its name", async (t) => {
    const [hook, device] = [await Hook.open(t), await Device.open()];
    const port = await freePort();
    const config = new ConfigFile(
      `[mux inverter]\nlisten=${port}\ntarget=127.0.0.1:${device.port}\nprotocol=echo\n${alertTo(hook.url)}`,
    );
    const daemon = await startHere("-c", config.path);
    t.after(() => daemon.discard());
    const client = await Client.open(port);
    client.write("a\n");
    const link = await device.client();
    await link.line();
    link.write("A\n");
    assert.equal(await client.line(), "A");
    device.close();
    client.write("b\n");
    const [down] = await hook.received(1);
    assert.deepEqual(
      [down?.event, down?.listener, down?.name, down?.server, down?.reason],
      ["device-down", port, "inverter", `127.0.0.1:${device.port}`, "connection refused"],
    );
    const again = await Device.open("127.0.0.1", device.port);
    t.after(() => again.close());
    await until(async () => {
      const other = await Client.open(port); // a client that is refused is closed
      t.after(() => other.destroy());
      other.write("c\n");
      await pause(100);
      return again.clients.length > 0;
    }, "somebody to find it back");
    const [, back] = await hook.received(2);
    assert.deepEqual([back?.event, back?.name], ["device-back", "inverter"]);
    assert.match(back?.text ?? "", /^inverter: device 127\.0\.0\.1:\d+ is back after \d+\.\d s$/);
    assert.ok((back?.downMs ?? 0) > 0);
  });

  test("come when their server is there only later, and to another one after a reload", async (t) => {
    const port = await freePort();
    const [a, b, second] = [await Named.open(t, "a"), await Named.open(t, "b"), await Hook.open(t)];
    const line = `${a.address},${b.address} HLTH=0.1`;
    const direct = await startDirect(t, line, alertTo(`http://me:secret@127.0.0.1:${port}/x?token=secret`));
    a.close();
    await until(() => direct.daemon.log().includes("does not accept alerts"), "a failure");
    const first = await Hook.open(t, port);
    await first.received(1, 20_000);
    await direct.reload(line, alertTo(second.url));
    b.close();
    await second.received(1);
    assert.deepEqual([first.posts.length, second.posts[0]?.alert.server], [1, b.address]);
    assert.doesNotMatch(direct.daemon.log(), /secret/);
    assert.equal(await direct.daemon.stop(), 0);
  });

  test("delay nothing: not a client, nor the end by more than the time there is for it", async (t) => {
    const [hook, a, b] = [await Hook.open(t), await Named.open(t, "a"), await Named.open(t, "b")];
    hook.answer = silence;
    const direct = await startDirect(t, `${a.address},${b.address} HLTH=0.1`, alertTo(hook.url));
    a.close();
    await hook.received(1);
    const since = performance.now();
    assert.equal((await reach(direct.port, [b])).server, b);
    await direct.daemon.stop();
    const ms = performance.now() - since;
    assert.ok(ms < 4800, `${ms} ms`); // 2 s are for it; the request waits 5 s
  });

  test("that wait at the end still go out", async (t) => {
    const [hook, a, b] = [await Hook.open(t), await Named.open(t, "a"), await Named.open(t, "b")];
    hook.answer = (response) => setTimeout(() => response.writeHead(200).end(), 300);
    const direct = await startDirect(t, `${a.address},${b.address} HLTH=0.1`, alertTo(hook.url));
    a.close();
    b.close();
    await hook.received(1);
    await direct.shows("down", "down");
    assert.equal(await direct.daemon.stop(), 0);
    assert.equal(hook.posts.length, 2);
  });

  test("--check shows where they go without the secrets of the URL", async () => {
    const config = new ConfigFile(alertTo("https://me:hidden@hub.example/x?token=hidden"));
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "-c", config.path, "--check"]);
    assert.match(stdout, /^url=https:\/\/me:\*\*\*@hub\.example\/x\?\*\*\*$/m);
    assert.doesNotMatch(stdout, /hidden/);
  });
});
