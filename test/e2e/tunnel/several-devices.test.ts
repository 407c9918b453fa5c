// Several devices on one port, each with a name and a secret; both sides are daemons of this process.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { localhostPairs } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, greet, reload } from "../../support/net.js";
import { statJson } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";

const NAMES = ["barn", "mill"] as const;
type Name = (typeof NAMES)[number];

describe("several devices on one port", () => {
  const pairs = localhostPairs();

  async function start(t: TestContext, text: string): Promise<{ config: ConfigFile; daemon: RunningDaemon }> {
    const config = new ConfigFile(text);
    const daemon = await startHere("-c", config.path);
    t.after(() => daemon.discard());
    return { config, daemon };
  }

  /** A server with two devices: each has a port, which leads to a service of its own. */
  async function farm(t: TestContext) {
    const port = await freePort();
    const [services, exposed] = [new Map<Name, Device>(), new Map<Name, number>()];
    for (const name of NAMES) {
      const service = await Device.open();
      t.after(() => service.close());
      services.set(name, service);
      exposed.set(name, await freePort());
    }
    const placeOf = (name: Name) => `${name} 127.0.0.1:${exposed.get(name)} > 127.0.0.1:${services.get(name)?.port}`;
    const text = (names: readonly Name[], secretOf: (name: Name) => string) =>
      [
        ...["[tunnel farm]", `listen=${port}`, "tls=1"],
        ...[`certificate=${pairs.own.certificate}`, `private-key=${pairs.own.key}`],
        ...names.flatMap((name) => [`device=${name}:${secretOf(name)}`, `expose=${placeOf(name)}`]),
      ].join("\n");
    const server = await start(
      t,
      text(NAMES, (name) => `${name}+secret`),
    );
    const device = async (name: string, secret: string, service: Name = "barn") => {
      const allow = `127.0.0.1:${services.get(service)?.port}`;
      const said = [...(secret === "" ? [] : [`secret=${secret}`]), ...(name === "" ? [] : [`name=${name}`])];
      const credentials = ["tls=1", `ca=${pairs.authority.certificate}`, ...said].join("\n");
      return (await start(t, `[device]\nserver=localhost:${port}\nallow=${allow}\n${credentials}\n`)).daemon;
    };
    const status = async () => {
      const [tunnel] = (await statJson(server.daemon.port)).tunnels;
      assert.ok(tunnel);
      return tunnel;
    };
    const listening = async () =>
      ((await status()).devices ?? []).filter((each) => each.listening).map((each) => each.device);
    const open = async (name: Name): Promise<Client> => {
      const service = services.get(name);
      assert.ok(service);
      const before = service.clients.length;
      const client = await Client.open(exposed.get(name) ?? 0);
      client.write("hello");
      assert.equal(await (await service.client(before)).take(5), "hello");
      return client;
    };
    return { port, server, text, device, status, listening, open };
  }

  test("each has its own link, and its own ports", async (t) => {
    const { server, device, status, listening, open } = await farm(t);
    await device("mill", "mill+secret", "mill");
    await until(async () => (await listening()).join() === "mill", "the mill");
    (await open("mill")).reset();
    await device("barn", "barn+secret");
    await until(async () => (await listening()).length === 2, "the barn");
    const clients = [await open("barn"), await open("mill")];
    await until(async () => (await status()).devices?.[1]?.link?.clients === 1, "the first client to be gone");
    const { devices = [], links, link, clients: sum } = await status();
    assert.deepEqual([links, link, sum], [2, undefined, 3]);
    assert.deepEqual(
      devices.map((each) => [each.device, each.links, each.link?.clients, each.exposed.length]),
      [
        ["barn", 1, 1, 1],
        ["mill", 1, 1, 1],
      ],
    );
    for (const client of clients) client.destroy();
    const { client } = await greet(server.daemon.port);
    client.write("STAT\n");
    await until(() => / device mill .*sent/.test(client.bytes.toString()), "STAT to show the mill");
    assert.match(
      client.bytes.toString(),
      / tunnel farm \d+ device barn \S+: device 127\.0\.0\.1:\d+ for \d+ s, [01] clients;/,
    );
    client.destroy();
    assert.doesNotMatch(server.daemon.log(), /secret/);
  });

  test("an unknown name and a wrong secret get the same refusal; the device logs it once, and no one is replaced", async (t) => {
    const { server, device, status, listening } = await farm(t);
    await device("barn", "barn+secret");
    await until(async () => (await listening()).length === 1, "the barn");
    const wrong = [
      ...[await device("bran", "barn+secret"), await device("barn", "mill+secret"), await device("mill", "x")],
      ...[await device("", "barn+secret"), await device("", "")],
    ];
    for (const each of wrong) await until(() => each.log().includes("refused: secret"), "the refusal");
    const said = wrong.map((each) => /refused: secret \((.*?)\)/.exec(each.log())?.[1]);
    assert.equal(new Set(said).size, 1, said.join());
    assert.equal(wrong[0]?.log().match(/refused: secret/g)?.length, 1);
    const [told] = (await statJson((wrong[0] as RunningDaemon).port)).devices;
    assert.match(told?.problem ?? "", /^link lost: refused: secret/);
    const { devices = [], turnedAway } = await status();
    assert.deepEqual([turnedAway, devices[0]?.links, devices[0]?.listening], [5, 1, true]);
    for (const reason of ['its name "bran" is unknown', "it did not send a name", "it did not send the secret"]) {
      assert.ok(server.daemon.log().includes(`rejected: ${reason}`), reason);
    }
    for (const each of [server.daemon, ...wrong]) assert.doesNotMatch(each.log(), /barn\+secret|mill\+secret/);
  });

  test("a reload keeps the links of devices that stay, and closes those of others", async (t) => {
    const { server, text, device, listening, open } = await farm(t);
    await device("barn", "barn+secret");
    await device("mill", "mill+secret", "mill");
    await until(async () => (await listening()).length === 2, "both");
    const [barn, mill] = [await open("barn"), await open("mill")];
    server.config.write(text(["barn"], (name) => `${name}+secret`));
    assert.match(await reload(server.daemon.port), /^OK/);
    await until(() => mill.ended || mill.closed, "the client of the mill to be closed");
    barn.write("still here");
    assert.ok(!barn.ended && !barn.closed);
    server.config.write(text(NAMES, (name) => (name === "barn" ? "another" : "mill+secret")));
    assert.match(await reload(server.daemon.port), /^OK/);
    await until(() => barn.ended || barn.closed, "a new secret to end the old link");
    await until(async () => (await listening()).join() === "mill", "the mill to come back");
  });
});
