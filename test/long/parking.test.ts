import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { endpointKey } from "#src/core/net/proc-net-tcp.js";
import { CERTAIN_ROOM } from "#src/core/park/write-budget.js";
import { systemClock } from "#src/system/clock.js";
import { SocketTable } from "#src/system/socket-table.js";
import { startHere } from "../support/in-process.js";
import { LuaSocket } from "../support/luasocket.js";
import { FakeLuup } from "../support/luup.js";
import { type Client, Device } from "../support/net.js";
import { missing, missingLuaSocket } from "../support/peers.js";
import { until } from "../support/wait.js";

const RELOADS = Number(process.env["PARK_RELOADS"] ?? 100);
const WORKERS = 10;
const WORD = 4;

/** Ways in which a plugin goes: see reloaded.py; `k` is SIGKILL while it reads, `x` while it does not. */
const WAYS = ["s", "c", "k", "s", "c", "k", "x"] as const;

/** A plugin in a process of its own, and what it has read. */
class Plugin {
  readonly #child: ChildProcess;
  readonly #chunks: Buffer[] = [];
  #told = "";

  constructor(port: number, line: string) {
    this.#child = spawn("python3", ["test/support/plugin/reloaded.py", String(port), line]);
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#told += text.toString();
    });
  }

  get read(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** The reply to CONN, and the plugin's own port. */
  async connected(): Promise<{ reply: string; port: number }> {
    await until(() => this.#told.split("\n").length > 2, "the plugin to be connected");
    const [reply = "", port = ""] = this.#told.split("\n");
    return { reply, port: Number(port) };
  }

  async stopReading(): Promise<void> {
    this.#child.stdin?.write("x");
    await until(() => this.#told.includes("stopped"), "the plugin to read no more");
  }

  async leave(way: (typeof WAYS)[number]): Promise<void> {
    const closed = once(this.#child, "close");
    if (way === "k" || way === "x") this.#child.kill("SIGKILL");
    else this.#child.stdin?.write(way);
    await closed;
  }
}

/** A stream of numbers of four bytes, so that any eight bytes tell where they are in it. */
class Numbers {
  #next = 0;
  readonly #remote: Client;

  constructor(remote: Client) {
    this.#remote = remote;
  }

  say(count: number): void {
    const bytes = Buffer.alloc(count * WORD);
    for (let at = 0; at < bytes.length; at += WORD) bytes.writeUInt32LE(this.#next++, at);
    this.#remote.write(bytes);
  }
}

/** Where a part of the stream begins in it; also checks that it has no hole. */
function placeOf(part: Buffer): number {
  for (let at = 0; at < WORD; at += 1) {
    const first = part.readUInt32LE(at);
    if (part.readUInt32LE(at + WORD) !== first + 1) continue;
    for (let next = at; next + WORD <= part.length; next += WORD) {
      assert.equal(part.readUInt32LE(next), first + (next - at) / WORD, "a hole in what one plugin has read");
    }
    return first * WORD - at;
  }
  return assert.fail("no numbers");
}

/** Waits until the kernel of a plugin that does not read holds all that the daemon gives it. */
async function stalled(table: SocketTable, plugin: number, daemon: number): Promise<void> {
  const [own, peer] = [endpointKey("127.0.0.1", plugin), endpointKey("127.0.0.1", daemon)];
  await until(async () => (await table.row(own, peer))?.unread === CERTAIN_ROOM, "a stall");
}

test(`${RELOADS} reloads: the device sees one connection, and no byte is lost or comes twice`, {
  skip: missing("python3"),
}, async (t) => {
  const daemon = await startHere();
  t.after(() => daemon.discard());
  const table = new SocketTable(systemClock);
  const worker = async (name: number): Promise<void> => {
    const device = await Device.open();
    t.after(() => device.close());
    const line = `CONN 127.0.0.1:${device.port} PARK=600 NTFY=${name}/s/a/p${name}`;
    let [numbers, at, behind]: [Numbers | undefined, number, string] = [undefined, 0, "the start"];
    for (let reload = 0; reload < RELOADS / WORKERS; reload += 1) {
      const way = WAYS[(reload + name) % WAYS.length] ?? "s";
      const plugin = new Plugin(daemon.port, line);
      const { reply, port } = await plugin.connected();
      assert.match(reply, reload === 0 ? /^OK CONN p\d$/ : /^OK CONN p\d PARKED \d+$/);
      numbers ??= new Numbers(await device.client());
      const talk = setInterval(() => numbers?.say(50), 2);
      t.after(() => clearInterval(talk));
      let unread = 0;
      await until(() => plugin.read.length > 2000, "some numbers");
      if (way === "x") {
        await plugin.stopReading();
        numbers.say(40_000);
        await stalled(table, port, daemon.port);
        unread = CERTAIN_ROOM;
      }
      await plugin.leave(way);
      clearInterval(talk);
      const begins = placeOf(plugin.read);
      const gap = begins - at;
      assert.ok(gap >= 0, `${-gap} bytes come twice behind ${behind}`);
      if (behind === "s" || behind === "x" || reload === 0) assert.equal(gap, 0, `lost behind ${behind}`);
      assert.ok(gap <= CERTAIN_ROOM, `lost behind ${behind}`); // what the plugin's kernel had is lost with it
      // where it is known what the kernel had, that is all
      at = begins + plugin.read.length + unread;
      behind = way;
    }
    assert.equal(device.clients.length, 1);
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, name) => worker(name)));
});

test("an engine restarts: its LuaSocket plugin finds its device as it has left it", {
  skip: missingLuaSocket(),
}, async (t: TestContext) => {
  const luup = await new FakeLuup().start();
  const device = await Device.open();
  const daemon = await startHere("-N", luup.url);
  t.after(async () => {
    LuaSocket.killAll();
    daemon.discard();
    device.close();
    await luup.stop();
  });
  const begin = async (): Promise<[LuaSocket, string]> => {
    const lua = new LuaSocket();
    await lua.call(`connect 127.0.0.1 ${daemon.port}`);
    await lua.call("timeout 30");
    await lua.call("receive *l");
    await lua.call(`send CONN 127.0.0.1:${device.port} PARK=300 NTFY=659/urn:x/HandleReceive/panel-659\\n`);
    return [lua, await lua.call("receive *l")];
  };
  const [first, reply] = await begin();
  assert.equal(reply, '"OK CONN panel-659"');
  await first.call("send login\\n");
  const remote = await device.client();
  assert.equal(await remote.line(), "login");
  const { port } = luup;
  await luup.stop();
  LuaSocket.killAll();
  await until(() => daemon.log().includes("parked for 300"), "the parking");
  remote.write("alarm in zone 3\n");
  await luup.start(port);
  const [second, again] = await begin();
  assert.match(again, /^"OK CONN panel-659 PARKED (0|16)"$/);
  assert.equal(await second.call("receive *l"), '"alarm in zone 3"');
  await until(() => luup.arrivals.some(({ pid }) => pid === "panel-659"), "the notification");
  await second.call("send disarm\\n");
  assert.equal(await remote.line(), "disarm");
  assert.equal(device.clients.length, 1);
});
