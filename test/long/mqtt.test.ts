// MQTT with Debian's mosquitto: logins, TLS, brokers that know less, outages, discovery.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { localhostPairs } from "../support/certificates.js";
import { ConfigFile } from "../support/config.js";
import { Network } from "../support/cut.js";
import type { RunningDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { startHere } from "../support/in-process.js";
import { Mosquitto, Subscriber } from "../support/mosquitto.js";
import { Client, Device, reload } from "../support/net.js";
import { statJson } from "../support/stat-json.js";
import { until } from "../support/wait.js";

async function startWith(t: TestContext, ...lines: string[]): Promise<{ daemon: RunningDaemon; config: ConfigFile }> {
  const config = new ConfigFile(`${lines.join("\n")}\n`);
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.discard());
  return { daemon, config };
}

/** The status, once it says that the broker is away, and why: until the first attempt has ended, that is "not connected yet". */
async function problem(daemon: RunningDaemon, why: RegExp): Promise<DaemonStatus> {
  let status = await statJson(daemon.port);
  await until(async () => {
    status = await statJson(daemon.port);
    const [first] = status.problems;
    return first?.kind === "mqtt-down" && why.test(first.why);
  }, `the problem ${why}`);
  return status;
}

test("the daemon is online, and offline when it stops; its line has a status, and Home Assistant a device", async (t) => {
  const broker = await Mosquitto.start(t);
  const subscriber = await Subscriber.open(t, broker.url);
  const [direct, gone] = [await freePort(), await freePort()];
  const line = (port: number, name: string) => `[direct ${name}]\nlisten=${port}\ntarget=127.0.0.1:${gone}\n`;
  const own = `[mqtt]\nurl=${broker.url}\nprefix=house/a\ndiscovery=homeassistant\nevents=all\ncounters=1s`;
  const { daemon, config } = await startWith(t, own, line(direct, "heat pump"), line(await freePort(), "plug"));
  await subscriber.last("house/a/status", "online");
  await subscriber.last("house/a/line/heat_pump/status", /"connected":true/);
  const client = await Client.open(direct);
  await subscriber.last("house/a/line/heat_pump/status", /"connected":false,"reason":"connection refused/);
  assert.match(await subscriber.last("house/a/event/server-down", /./), /"name":"heat pump"/);
  client.destroy();

  const discovery = (name: string): string => subscriber.heard.find(({ topic }) => topic.includes(name))?.topic ?? "";
  await until(() => discovery("/heat_pump_") !== "" && discovery("/plug/config") !== "", "discovery of both lines");
  const [heat, plug] = [discovery("/heat_pump_"), discovery("/plug/config")];
  assert.match(plug, /^homeassistant\/device\/sockproxyd_house_a_\w+\/plug\/config$/);
  const { components, availability } = JSON.parse(await subscriber.last(plug, /./));
  assert.deepEqual(availability, [{ topic: "house/a/status" }]);
  assert.equal(components.connectivity.device_class, "connectivity");
  assert.equal(components.received.state_topic, "house/a/line/plug/status");

  config.write(`${own}\n${line(direct, "heat pump")}`);
  assert.equal(await reload(daemon.port), "OK RELD");
  await subscriber.last(plug, "");
  await subscriber.last("house/a/line/plug/status", "");

  const before = subscriber.heard.length;
  await subscriber.publish("homeassistant/status", "online");
  await until(
    () => subscriber.heard.slice(before).some(({ topic }) => topic.endsWith("/config")),
    "discovery once more, when Home Assistant starts",
  );
  await daemon.stop();
  await subscriber.last("house/a/status", "offline");
  assert.equal(subscriber.of("house/a/status").filter((text) => text === "offline").length, 1, "no last will");

  // an earlier run's devices are taken away, and its entities
  const [old, kept] = ["house/a/plug/old", "house/a/line/heat_pump/status"];
  const { components: heatNow } = JSON.parse(await subscriber.last(heat, /./));
  const stale = JSON.stringify({
    components: {
      ...heatNow,
      old: { platform: "sensor", state_topic: old, availability: [{ topic: `${old}/available` }] },
    },
  });
  for (const topic of [old, `${old}/available`]) await subscriber.publish(topic, "4711", true);
  await subscriber.publish(plug, stale, true);
  await subscriber.publish(heat, stale, true);
  await startWith(t, own, line(direct, "heat pump"));
  await subscriber.last(plug, "");
  await subscriber.last(heat, /"old":\{"platform":"sensor"\}.*"connectivity"/);
  for (const topic of [old, `${old}/available`]) await subscriber.last(topic, "");
  assert.ok(!subscriber.of(kept).includes(""), "what is still there keeps its topic");
  assert.ok(!subscriber.of(heat).includes(""), "a device that is still there is not taken away for a moment");
});

test("a login that is wrong is a problem, and no password is told", async (t) => {
  const broker = await Mosquitto.start(t, "password_file FOLDER/passwords");
  const mqtt = (password: string) => `[mqtt]\nurl=${broker.url}\nuser=hub\npassword=${password}\nclient-id=own`;
  const { daemon, config } = await startWith(t, mqtt("wr0ng-secret"));
  const { mqtt: link } = await problem(daemon, /[Nn]ot authorized/);
  assert.equal(link?.connected, false);
  config.write(mqtt("s3cret"));
  assert.equal(await reload(daemon.port), "OK RELD");
  await until(async () => (await statJson(daemon.port)).mqtt?.connected === true, "the connection");
  assert.deepEqual((await statJson(daemon.port)).problems, []);
  assert.doesNotMatch(daemon.log() + JSON.stringify(await statJson(daemon.port)), /s3cret|wr0ng-secret/);
  config.write("");
  assert.equal(await reload(daemon.port), "OK RELD");
  assert.equal((await statJson(daemon.port)).mqtt, undefined);
});

test("a broker without QoS 1 and without retained messages gets neither", async (t) => {
  const broker = await Mosquitto.start(t, "max_qos 0", "retain_available false");
  const subscriber = await Subscriber.open(t, broker.url);
  const device = await Device.open();
  t.after(() => device.close());
  const { daemon } = await startWith(t, `[mqtt]\nurl=${broker.url}\nqos=1`);
  await subscriber.last("sockproxyd/status", "online");
  assert.deepEqual((await statJson(daemon.port)).mqtt?.lacks, ["qos", "retain"]);
  const client = await Client.open(daemon.port);
  await client.line();
  client.write(`CONN 127.0.0.1:${device.port} NMQT=plug\n`);
  await subscriber.last("sockproxyd/plug", /"event":"connected"/);
  client.reset();
  await subscriber.last("sockproxyd/plug", /"event":"closed"/);
});

describe("TLS", () => {
  const pairs = localhostPairs();
  test("the broker's certificate is checked", async (t) => {
    const { own, authority } = pairs;
    const broker = await Mosquitto.start(t, `certfile ${own.certificate}`, `keyfile ${own.key}`);
    const url = `mqtts://localhost:${broker.port}`;
    const { daemon, config } = await startWith(t, `[mqtt]\nurl=${url}`);
    await problem(daemon, /^TLS: .*ca= of a \[tls NAME\]/);
    config.write(`[tls broker]\nca=${authority.certificate}\n[mqtt]\nurl=${url}\ntls=broker`);
    assert.equal(await reload(daemon.port), "OK RELD");
    await until(async () => (await statJson(daemon.port)).mqtt?.connected === true, "the connection");
  });
});

for (const qos of [0, 1]) {
  test(`QoS ${qos}: the broker is killed and started again while a device talks`, async (t) => {
    const broker = await Mosquitto.start(t);
    const subscriber = await Subscriber.open(t, broker.url, { clientId: "sub", clean: false });
    const device = await Device.open();
    t.after(() => device.close());
    const port = await freePort();
    let way = await Network.open(broker.port, undefined, port);
    t.after(() => way.close());
    const { daemon } = await startWith(
      t,
      `[mqtt]\nurl=mqtt://127.0.0.1:${port}\nqos=${qos}\n[direct box]\nlisten=${await freePort()}\ntarget=127.0.0.1:${device.port}\nmqtt=box\ndial=always`,
    );
    const remote = await device.client(0);
    let said = 0;
    const talk = setInterval(() => {
      for (let count = 0; count < 5; count += 1) remote.write(`<${said}:${said++}>`);
    }, 5);
    t.after(() => clearInterval(talk));
    const heard = (): number[] =>
      [
        ...subscriber
          .of("sockproxyd/box")
          .join("")
          .matchAll(/<(\d+):\1>/g),
      ].map(([, number]) => Number(number));
    await until(() => heard().length > 200, "messages");
    await broker.kill();
    way.close();
    await until(async () => (await statJson(daemon.port)).mqtt?.connected === false, "the daemon to see that");
    const away = said;
    await until(async () => ((await statJson(daemon.port)).mqtt?.waiting ?? 0) > 50, "messages that wait");
    await broker.restart();
    await until(async () => {
      await subscriber.publish("here", "");
      return subscriber.of("here").length > 0;
    }, "the subscriber, which the broker has forgotten");
    way = await Network.open(broker.port, undefined, port);
    const back = said;
    await until(() => (heard().at(-1) ?? 0) > back + 200, "messages behind the outage");
    clearInterval(talk);
    await until(() => heard().at(-1) === said - 1, "all that was said");
    const numbers = heard();
    const known = new Set(numbers);
    if (qos === 0) assert.equal(known.size, numbers.length, "nothing comes twice");
    const missing = Array.from({ length: said }, (_, at) => at).filter((number) => !known.has(number));
    t.diagnostic(`${numbers.length} heard, ${numbers.length - known.size} twice, ${missing.length} missing of ${said}`);
    // what the broker had, and not the subscriber, the broker forgot
    assert.ok(
      missing.every((number) => number < away),
      `${missing.length} of ${said} are missing`,
    );
  });
}

test("dial=always: the device is found again, and what is set meanwhile is dropped", async (t) => {
  const broker = await Mosquitto.start(t);
  const subscriber = await Subscriber.open(t, broker.url);
  const device = await Device.open();
  const { port } = device;
  await subscriber.publish("sockproxyd/box/set", "RETAINED", true);
  const { daemon } = await startWith(
    t,
    `[mqtt]\nurl=${broker.url}\n[direct box]\nlisten=${await freePort()}\ntarget=127.0.0.1:${port}\nmqtt=box\ndial=always`,
  );
  const first = await device.client(0);
  first.write("hello\n");
  await subscriber.last("sockproxyd/box", "hello\n");
  await subscriber.publish("sockproxyd/box/set", "on\n");
  assert.equal(await first.line(), "on", "what the broker has retained is not written");
  await subscriber.last("sockproxyd/line/box/status", /"connected":true/);
  device.close();
  first.destroy();
  await subscriber.last("sockproxyd/line/box/status", /"connected":false/);
  await subscriber.publish("sockproxyd/box/set", "lost\n");
  const standing = async () => (await statJson(daemon.port)).directs[0]?.standing;
  await until(async () => (await standing())?.refused === 1, "the message to be dropped");
  const again = await Device.open("127.0.0.1", port);
  t.after(() => again.close());
  const second = await again.client(0);
  await until(async () => (await standing())?.connected === true, "the connection");
  await subscriber.publish("sockproxyd/box/set", "off\n");
  assert.equal(await second.line(), "off");
});

test("two daemons with one prefix leave each other's devices alone, and tell their owners", async (t) => {
  const broker = await Mosquitto.start(t);
  const subscriber = await Subscriber.open(t, broker.url);
  const gone = await freePort();
  const prefixed = (prefix: string) => `[mqtt]\nurl=${broker.url}\nprefix=${prefix}\ndiscovery=homeassistant`;
  const own = prefixed("house");
  const line = async (name: string) => `[direct ${name}]\nlisten=${await freePort()}\ntarget=127.0.0.1:${gone}\n`;
  const config = (name: string) => `homeassistant/device/sockproxyd_house/${name}/config`;
  const isShared = async ({ port }: RunningDaemon) =>
    (await statJson(port)).problems.some(({ kind }) => kind === "mqtt-prefix-shared");

  const before = await startWith(t, own, await line("old"));
  await subscriber.last(config("old"), /./);
  await before.daemon.stop();
  const first = await startWith(t, own, await line("first"), await line("both"));
  await subscriber.last(config("old"), "");
  await subscriber.last(config("both"), /./);
  const lines = [await line("second"), await line("both")];
  const second = await startWith(t, own, ...lines);
  for (const { daemon } of [first, second]) await until(() => isShared(daemon), "the problem to be told");
  assert.match(first.daemon.log(), /another daemon, on .*, publishes below "house", too/);
  await subscriber.last(config("second"), /./);

  second.config.write([prefixed("other"), ...lines].join("\n"));
  assert.equal(await reload(second.daemon.port), "OK RELD");
  await subscriber.last(config("second"), "");
  await subscriber.last("other/status", "online");
  await until(async () => !(await isShared(first.daemon)), "the other one to be gone");
  await subscriber.last("house/status", "online");
  for (const topic of [config("first"), config("both"), "house/line/first/status", "house/line/both/status"])
    assert.ok(!subscriber.of(topic).includes(""), `${topic} is never taken away`);
});
