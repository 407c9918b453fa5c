import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { after, describe, test } from "node:test";
import { askControlSocket } from "#src/cli/control-socket.js";
import { controlPaths } from "#src/control/socket-folder.js";
import { ManualClock } from "../support/clock.js";
import { daemonHere } from "../support/in-process.js";
import { Client, Device, greet } from "../support/net.js";
import { pause, quietFor, until } from "../support/wait.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-control-`);
after(() => rmSync(folder, { recursive: true }));
const control = `${folder}/private/control.sock`;

test("max-connections, max-per-client and the list of clients do not apply to the control socket", async () => {
  const network = { kind: "network", family: "ipv4", address: "192.0.2.1", prefix: 32 } as const;
  for (const limits of [{ maxConnections: 1 }, { maxPerClient: 1 }, { clients: [network] }]) {
    const { daemon, port } = await daemonHere({ control, ...limits });
    const client = await Client.open(port);
    if (!("clients" in limits)) await client.line();
    const answer = await askControlSocket([control], ["STAT JSON", "BILD"]);
    assert.equal(answer.kind, "told", JSON.stringify(limits));
    assert.match(JSON.stringify(await askControlSocket([control], ["STOP"])), /OK STOP/);
    await daemon.stopped;
    assert.ok(!existsSync(control), "it goes with the daemon");
    client.destroy();
  }
});

test("a client of the control socket does not count as gone while its remote reads nothing", async () => {
  const clock = new ManualClock();
  const device = await Device.open();
  const { daemon } = await daemonHere({ control }, clock);
  const client = new Client(connect({ path: control, allowHalfOpen: true }));
  await client.line();
  client.write(`CONN 127.0.0.1:${device.port}\n`);
  assert.match(await client.line(), /^OK CONN /);
  const remote = await device.client();
  remote.socket.pause();
  client.write(Buffer.alloc(30_000_000));
  await until(() => remote.socket.readableLength > 0, "some of it to pass");
  for (let step = 0; step < 12; step += 1) {
    await pause(20);
    clock.advance(5000);
  }
  await quietFor(50);
  assert.equal([...daemon.status.connections][0]?.phase, "echo");
  client.destroy();
  remote.destroy();
  device.close();
  await daemon.stop("test");
});

test("a path without a socket, with a stale socket, with another file", async () => {
  assert.equal((await askControlSocket([`${folder}/nowhere/x.sock`], ["STAT JSON"])).kind, "absent");
  const { daemon, port } = await daemonHere({ control });
  const { client } = await greet(port);
  client.destroy();
  assert.equal((await askControlSocket([`${folder}/nowhere/x.sock`, control], ["BILD"])).kind, "told");
  await daemon.stop("test");
  assert.equal((await askControlSocket([control], ["BILD"])).kind, "absent");
});

/** Calls a function with these environment variables set or unset. */
function withEnv<T>(variables: Readonly<Record<string, string>>, call: () => T): T {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return call();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

describe("the folder of the sockets", () => {
  const uid = process.geteuid?.() ?? -1;
  const root = uid === 0;
  const home = `${folder}/home`;
  mkdirSync(home, { mode: 0o755 });
  const open = `${folder}/open`;
  mkdirSync(open);
  chmodSync(open, 0o777);
  const temporary = `${tmpdir()}/sockproxyd-${uid}`;
  const rows: readonly (readonly [what: string, variables: Record<string, string>, expected: string])[] = [
    ["XDG_RUNTIME_DIR", { XDG_RUNTIME_DIR: "/run/user/5" }, "/run/user/5/sockproxyd"],
    ["one that is no path from the root", { XDG_RUNTIME_DIR: "run" }, `${home}/.local/state/sockproxyd`],
    ["none", { XDG_RUNTIME_DIR: "" }, `${home}/.local/state/sockproxyd`],
    ["XDG_STATE_HOME", { XDG_STATE_HOME: home }, `${home}/sockproxyd`],
    ["one that others write to", { XDG_STATE_HOME: open }, `${home}/.local/state/sockproxyd`],
    ["a home that others write to", { HOME: open }, temporary],
    ["a home that is not there", { HOME: "/nonexistent" }, temporary],
    ["a home with a long path", { HOME: longHome() }, temporary],
  ];

  function longHome(): string {
    const path = `${folder}/${"x".repeat(80)}`;
    mkdirSync(path);
    return path;
  }

  for (const [what, variables, expected] of rows) {
    test(what, () => {
      const env = { XDG_RUNTIME_DIR: "", XDG_STATE_HOME: "", HOME: home, ...variables };
      const paths = withEnv(env, () => controlPaths(7));
      const first = root && variables["XDG_RUNTIME_DIR"] !== "/run/user/5" ? "/run/sockproxyd" : expected;
      assert.equal(paths[0], `${first}/reverse-proxy-7.sock`);
      assert.ok(paths.includes(`${expected}/reverse-proxy-7.sock`), "it is looked for there, too");
      assert.ok(paths.includes(`${temporary}/reverse-proxy-7.sock`), "where earlier versions had it");
      assert.equal(new Set(paths).size, paths.length);
    });
  }

  test("a folder of another user is never used, whatever XDG_RUNTIME_DIR says", { skip: !root }, () => {
    chownSync(open, 65_534, 65_534);
    const paths = withEnv({ XDG_RUNTIME_DIR: open }, () => controlPaths(7));
    assert.ok(!paths.some((path) => path.startsWith(open)));
  });
});
