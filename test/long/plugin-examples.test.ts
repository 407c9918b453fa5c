import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { type DaemonProcess, startDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { missing, missingLuaSocket } from "../support/peers.js";
import {
  EXAMPLES,
  eventually,
  LuupStandIn,
  type Program,
  run,
  runConnect,
  Server,
} from "../support/plugin/programs.js";

const SERVICE = "urn:example-com:serviceId:SockProxyExample1";
const DEVICE = 42;
const SEND = { id: "action", DeviceNum: DEVICE, serviceId: SERVICE, action: "Send" };
const CONCURRENCY = 4; // most of a test's time is waiting; more at once would only make the start of the daemons slow

async function server(t: TestContext, greet?: (socket: Socket) => void): Promise<Server> {
  const started = await Server.start(greet);
  t.after(() => started.stop());
  return started;
}

async function daemon(t: TestContext, ...args: string[]): Promise<DaemonProcess> {
  const started = await startDaemon("-a", "127.0.0.1", ...args);
  t.after(() => started.stop());
  return started;
}

function ending(t: TestContext, program: Program): Program {
  t.after(() => program.kill());
  return program;
}

/** A device that answers the line it is sent and closes. */
function echoDevice(t: TestContext): Promise<Server> {
  return server(t, (socket) => socket.once("data", (text: string) => socket.end(`you said ${text}`)));
}

/** An HTTP server in place of Luup that takes every notification. */
async function anyLuup(t: TestContext): Promise<{ url: string; queries: URLSearchParams[] }> {
  const queries: URLSearchParams[] = [];
  const http = createServer((request, response) => {
    queries.push(new URL(request.url ?? "", "http://luup").searchParams);
    response.end("OK");
  });
  const port = await freePort();
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { url: `http://127.0.0.1:${port}`, queries };
}

/** What `connect.lua` prints: how it connected, what came, how it ended. */
async function outcome(program: Program): Promise<string[]> {
  assert.equal(await program.ended(), 0, program.stderr());
  return program.stdout().trimEnd().split("\n");
}

describe("sockproxy.lua", { skip: missingLuaSocket(), concurrency: CONCURRENCY }, () => {
  test("connects through the proxy and is notified", async (t) => {
    const luup = await anyLuup(t);
    const { port } = await daemon(t, "-N", luup.url);
    const device = await echoDevice(t);
    const program = ending(
      t,
      runConnect("127.0.0.1", device.port, {
        proxyPort: port,
        device: 7,
        service: "urn:a-b:serviceId:C1",
        action: "Read",
        pid: "mine",
        say: "hello",
      }),
    );
    assert.deepEqual(await outcome(program), ["connected\ttrue\tmine\t", "you said hello", "end\tclosed"]);
    const query = await eventually("a notification", () => luup.queries[0]);
    assert.deepEqual(
      ["id", "DeviceNum", "serviceId", "action", "Pid"].map((name) => query.get(name)),
      ["action", "7", "urn:a-b:serviceId:C1", "Read", "mine"],
    );
  });

  test("tells the pid the proxy has chosen; without a device nobody is notified", async (t) => {
    const luup = await anyLuup(t);
    const proxy = await daemon(t, "-N", luup.url);
    const device = await echoDevice(t);
    const program = ending(t, runConnect("127.0.0.1", device.port, { proxyPort: proxy.port, say: "x" }));
    const [connected = ""] = await outcome(program);
    assert.match(connected, /^connected\ttrue\t[0-9a-f]+\t$/);
    await eventually("the connection's end in the log", () => proxy.log().includes(" closed: "));
    assert.deepEqual(luup.queries, []);
  });

  test("receives a megabyte whole", async (t) => {
    const { port } = await daemon(t);
    const text = "0123456789abcde\n".repeat(65_536);
    const device = await server(t, (socket) => socket.end(text));
    const program = ending(t, runConnect("127.0.0.1", device.port, { proxyPort: port }));
    const [, ...rest] = await outcome(program);
    assert.equal(rest.join("\n"), `${text}end\tclosed`);
  });

  test("connects directly where no proxy listens", async (t) => {
    const device = await echoDevice(t);
    const program = ending(t, runConnect("127.0.0.1", device.port, { proxyPort: await freePort(), say: "hello" }));
    const [connected = "", ...rest] = await outcome(program);
    assert.match(connected, /^connected\tfalse\t\tno proxy: connection refused$/);
    assert.deepEqual(rest, ["you said hello", "end\tclosed"]);
  });

  const STRANGERS: readonly [name: string, greet: (socket: Socket) => void, reason: string][] = [
    ["greets otherwise", (socket) => socket.write("SSH-2.0-x\r\n"), "not a proxy: SSH-2.0-x"],
    ["does not greet", () => {}, "no greeting: timeout"],
    ["closes at once", (socket) => socket.end(), "no greeting: closed"],
  ];
  for (const [name, greet, reason] of STRANGERS) {
    test(`connects directly where another program listens that ${name}, and sends it nothing`, async (t) => {
      const stranger = await server(t, greet);
      const device = await echoDevice(t);
      const program = ending(t, runConnect("127.0.0.1", device.port, { proxyPort: stranger.port, say: "hello" }));
      assert.deepEqual(await outcome(program), [`connected\tfalse\t\t${reason}`, "you said hello", "end\tclosed"]);
      assert.equal(stranger.received(stranger.sockets[0]), "");
    });
  }

  test("connects directly where another program trickles bytes", async (t) => {
    const stranger = await server(t, (socket) => {
      const timer = setInterval(() => socket.write("."), 200);
      socket.once("close", () => clearInterval(timer));
    });
    const device = await echoDevice(t);
    const program = ending(t, runConnect("127.0.0.1", device.port, { proxyPort: stranger.port, say: "hello" }));
    assert.equal((await outcome(program))[0], "connected\tfalse\t\tno greeting: timeout");
  });

  test("connects directly where the proxy refuses the command", async (t) => {
    const { port } = await daemon(t);
    const device = await echoDevice(t);
    const program = ending(
      t,
      runConnect("127.0.0.1", device.port, { proxyPort: port, options: "XYZ=1", say: "hello" }),
    );
    const [connected = "", ...rest] = await outcome(program);
    assert.match(connected, /^connected\tfalse\t\tproxy: ERR CONN /);
    assert.deepEqual(rest, ["you said hello", "end\tclosed"]);
  });

  test("waits for a proxy that dials for its full four seconds", async (t) => {
    const slow = await server(t, (socket) => {
      socket.write("OK TOGGLEDBITS-SOCKPROXY 1 a\n");
      socket.once("data", () => setTimeout(() => socket.end("OK CONN a\nlate\n"), 4200));
    });
    const program = ending(t, runConnect("127.0.0.1", await freePort(), { proxyPort: slow.port }));
    assert.deepEqual(await outcome(program), ["connected\ttrue\ta\t", "late", "end\tclosed"]);
  });

  test("fails with both reasons where the device cannot be reached", async (t) => {
    const { port } = await daemon(t);
    const program = ending(t, runConnect("127.0.0.1", await freePort(), { proxyPort: port }));
    const [line = "", ...rest] = await outcome(program);
    assert.match(line, /^failed\tconnection refused \(proxy: ERR CONN .*connection refused\)$/);
    assert.deepEqual(rest, []);
  });
});

/** The plugin in the Luup stand-in, with a device and, unless `proxy` is false, the daemon. */
async function plugin(t: TestContext, settings: Record<string, string | number> = {}, proxy = true) {
  const luupPort = await freePort();
  const device = await server(t);
  const proxied = proxy ? await daemon(t, "-N", `http://127.0.0.1:${luupPort}`) : undefined;
  const luup = await LuupStandIn.start(luupPort, DEVICE, {
    ip: `127.0.0.1:${device.port}`,
    ProxyPort: proxied?.port ?? (await freePort()),
    ...settings,
  });
  t.after(() => luup.stop());
  assert.deepEqual(await luup.event("started"), ["true", "", "SockProxyExample1"]);
  return { luup, device, proxied };
}

function lines(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);
}

/** The pid of the connection that exists now, as the plugin has named it. */
function presentPid(luup: LuupStandIn): string {
  return `g${luup.values("Generation").at(-1)}`;
}

describe("the example plugin in a Luup stand-in", { skip: missingLuaSocket(), concurrency: CONCURRENCY }, () => {
  test("gets every line by notifications, none by polling", async (t) => {
    const { luup, device } = await plugin(t);
    const socket = await device.connection(0);
    await luup.event("variable", ["Connection", "proxy"]);
    const sent = lines(1, 500);
    socket.write("line 1\r\nli");
    await luup.event("variable", ["LastLine", "line 1"]);
    socket.write("ne 2\r\nline 3\r\n");
    await luup.event("variable", ["LastLine", "line 3"]);
    socket.write(`${sent.slice(3).join("\n")}\n`);
    await luup.event("variable", ["LastLine", "line 500"]);

    assert.deepEqual(luup.values("LastLine"), sent);
    assert.equal(luup.values("LineCount").at(-1), "500");
    assert.deepEqual(luup.all("call", ["SockProxyExample1_poll"]), [], "it has polled");
    const notified = luup.all("action", ["HandleReceive"]);
    assert.notEqual(notified.length, 0);
    assert.ok(notified.every(([, pid]) => pid === presentPid(luup)));
    await eventually("all jobs done", () => luup.all("job", ["HandleReceive", "4", "0"]).length >= notified.length);
    assert.deepEqual(luup.values("Connection"), ["none", "proxy"]);
    assert.deepEqual(luup.all("failure"), [["0"]]);
  });

  test("sends a line by its action", async (t) => {
    const { luup, device } = await plugin(t);
    await luup.event("variable", ["Connection", "proxy"]);
    await luup.request({ ...SEND, Line: "power on & off" });
    await luup.event("job", ["Send", "4", "0"]);
    await eventually("the line at the device", () => device.received(device.sockets[0]) === "power on & off\r\n");
  });

  test("says that it cannot send while it is not connected, and why it is not", async (t) => {
    const { luup } = await plugin(t, { ip: "" });
    await luup.event("log", [`SockProxyExample1 #${DEVICE}: cannot connect: attribute ip is not host:port`]);
    await luup.event("failure", ["1"]);
    assert.match(await luup.request({ ...SEND, Line: "x" }), /JobID/);
    await luup.event("job", ["Send", "2", "0"]);
  });

  test("learns of the device's end by a notification, reads what came before it, and reconnects", async (t) => {
    const { luup, device } = await plugin(t);
    const first = await device.connection(0);
    await luup.event("variable", ["Connection", "proxy"]);
    const former = presentPid(luup);
    first.end("line 1\nline 2\n");
    await luup.event("variable", ["LastLine", "line 2"]);
    await luup.event("failure", ["1"]);
    const second = await device.connection(1);
    await eventually("the second connection", () => luup.values("Connection").length === 4);
    second.write("line 3\n");
    await luup.event("variable", ["LastLine", "line 3"]);

    assert.deepEqual(luup.values("Connection"), ["none", "proxy", "none", "proxy"]);
    assert.deepEqual(luup.values("LastLine"), lines(1, 3));
    assert.notEqual(presentPid(luup), former);
    assert.deepEqual(luup.all("call", ["SockProxyExample1_poll"]), [], "it has polled");
  });

  test("waits longer from attempt to attempt while the device cannot be reached", async (t) => {
    const { luup } = await plugin(t, { ip: `127.0.0.1:${await freePort()}` }, false);
    const waits = await eventually("three attempts", () => {
      const delays = luup.all("delay", ["SockProxyExample1_connect"]).map(([, , seconds]) => seconds);
      return delays.length >= 4 && delays;
    });
    assert.deepEqual(waits.slice(0, 4), ["1", "1", "2", "4"]);
    assert.equal(luup.all("failure", ["1"]).length, 3);
  });

  test("makes a fresh connection after a reload; a former connection's notification and calls do no harm", async (t) => {
    const { luup, device } = await plugin(t, { WatchInterval: 3 });
    const first = await device.connection(0);
    await luup.event("variable", ["Connection", "proxy"]);
    const former = presentPid(luup);
    first.write("line 1\n");
    await luup.event("variable", ["LastLine", "line 1"]);

    const before = luup.events().length;
    assert.equal(await luup.request({ id: "reload" }), "OK");
    await luup.event("action", ["HandleReceive", former], before); // its final notification
    const second = await device.connection(1);
    await luup.event("variable", ["Connection", "proxy"], before);
    await eventually("the former connection is gone", () => first.closed);

    const notify = { id: "action", DeviceNum: DEVICE, serviceId: SERVICE, action: "HandleReceive", Pid: former };
    const done = luup.all("job", ["HandleReceive", "4", "0"]).length;
    await luup.request(notify);
    await eventually("the job", () => luup.all("job", ["HandleReceive", "4", "0"]).length > done);
    await luup.event("log", [`SockProxyExample1 #${DEVICE}: notification of an earlier connection: ${former}`], before);
    second.write("line 2\n");
    await luup.event("variable", ["LastLine", "line 2"]);
    assert.deepEqual(luup.values("LastLine"), lines(1, 2));
    assert.equal(luup.values("LineCount").at(-1), "2");
    assert.deepEqual(luup.values("Connection", before), ["none", "proxy"]);
    assert.equal(device.sockets.length, 2);

    // a poll that comes before the reload is in order
    const begun = luup
      .events()
      .findIndex((event, at) => at >= before && event.slice(0, 3).join(" ") === "variable Connection none");
    const stale = ["SockProxyExample1_poll", `${DEVICE}:${former.slice(1)}`];
    await luup.event("call", stale, begun);
    const present = ["SockProxyExample1_poll", `${DEVICE}:${presentPid(luup).slice(1)}`];
    await luup.event("call", present, before);
    const calls = luup.events().map((event) => event.slice(0, 3).join(" "));
    const effect = luup.events()[calls.indexOf(["call", ...stale].join(" "), begun) + 1];
    assert.notEqual(effect?.[0], "delay", "the former poll goes on");
  });

  test("connects once when it is reloaded while a connection is due", async (t) => {
    const { luup, device } = await plugin(t, { reload: 1 });
    await luup.event("variable", ["Connection", "proxy"]);
    await eventually("both calls", () => luup.all("call", ["SockProxyExample1_connect"]).length === 2);
    device.sockets[0]?.write("line 1\n");
    await luup.event("variable", ["LastLine", "line 1"]);
    assert.equal(device.sockets.length, 1);
    assert.deepEqual(luup.values("Connection"), ["none", "none", "proxy"]);
  });

  test("works without the proxy, by polling", async (t) => {
    const { luup, device } = await plugin(t, {}, false);
    const first = await device.connection(0);
    await luup.event("variable", ["Connection", "direct"]);
    const sent = lines(1, 300);
    first.write(`${sent.slice(0, 299).join("\r\n")}\r\nline 3`);
    await luup.event("variable", ["LastLine", "line 299"]);
    first.end("00\r\n");
    await device.connection(1);
    await eventually("the second connection", () => luup.values("Connection").length === 4);

    assert.deepEqual(luup.values("LastLine"), sent);
    assert.deepEqual(luup.values("Connection"), ["none", "direct", "none", "direct"]);
    assert.ok(luup.all("call", ["SockProxyExample1_poll"]).length > 0);
    assert.deepEqual(luup.all("action"), []);
  });

  test("notices that the proxy has died, and goes on without it", async (t) => {
    const { luup, device, proxied } = await plugin(t, { WatchInterval: 1 });
    await luup.event("variable", ["Connection", "proxy"]);
    await eventually("two reads", () => luup.all("call", ["SockProxyExample1_poll"]).length === 2);
    await proxied?.stop("SIGKILL");
    await luup.event("variable", ["Connection", "direct"]);
    const second = await device.connection(1);
    second.write("line 1\n");
    await luup.event("variable", ["LastLine", "line 1"]);
  });

  test("takes host and port from variables where the attribute is empty", async (t) => {
    const { port } = await echoDevice(t);
    const { luup } = await plugin(t, { ip: "", Host: "127.0.0.1", Port: port });
    await luup.event("variable", ["Connection", "proxy"]);
    await luup.request({ ...SEND, Line: "x" });
    await luup.event("variable", ["LastLine", "you said x"]);
  });

  test("is rejected by the stand-in as by Luup when the action is not the plugin's", async (t) => {
    const { luup } = await plugin(t, {}, false);
    const wrong = { id: "action", DeviceNum: DEVICE, serviceId: SERVICE, action: "Nonsense", Pid: "x" };
    assert.match(await luup.request(wrong), /^ERROR: /);
    assert.match(await luup.request({ ...wrong, action: "Send", DeviceNum: 1 }), /^ERROR: /);
  });
});

/** Reads the plugin's XML files with a real parser and prints what they declare. */
const READ_XML = `
import json, sys
from xml.dom.minidom import parse

def texts(node, name):
    return [e.firstChild.data.strip() if e.firstChild else "" for e in node.getElementsByTagName(name)]

def names(node, list_name, name):
    children = [c for l in node.getElementsByTagName(list_name) for c in l.getElementsByTagName(name)]
    return [texts(c, "name")[0] for c in children]

folder = sys.argv[1]
d, s, i = (parse(f"{folder}/{p}_SockProxyExample1.xml") for p in "DSI")
print(json.dumps({
    "scpd": texts(d, "SCPDURL"), "implementation": texts(d, "implementationFile"), "deviceService": texts(d, "serviceId"),
    "declared": names(s, "actionList", "action"), "variables": names(s, "serviceStateTable", "stateVariable"),
    "related": texts(s, "relatedStateVariable"), "arguments": names(s, "argumentList", "argument"),
    "implemented": names(i, "actionList", "action"), "services": texts(i, "serviceId"),
    "jobs": texts(i, "job"), "functions": texts(i, "functions")[0], "startup": texts(i, "startup"),
}))
`;

interface PluginXml {
  readonly [name: string]: readonly string[];
  readonly jobs: readonly string[];
}

test("the plugin's files are well-formed XML and agree with one another", { skip: missing("python3") }, () => {
  const parsed = spawnSync("python3", ["-c", READ_XML, EXAMPLES], { encoding: "utf8" });
  assert.equal(parsed.status, 0, parsed.stderr);
  const { functions, ...xml } = JSON.parse(parsed.stdout) as PluginXml & { functions: string };
  const code = readFileSync(`${EXAMPLES}/L_SockProxyExample1.lua`, "utf8");
  const constant = (name: string) => new RegExp(`^local ${name} = "(.*?)"`, "m").exec(code)?.[1] ?? "";

  assert.deepEqual(xml["scpd"], ["S_SockProxyExample1.xml"]);
  assert.deepEqual(xml["implementation"], ["I_SockProxyExample1.xml"]);
  assert.deepEqual(xml["deviceService"], [SERVICE]);
  assert.deepEqual(new Set(xml["services"]), new Set([SERVICE]));
  assert.equal(constant("SERVICE"), SERVICE);
  assert.deepEqual(xml["declared"], ["HandleReceive", "Send"]);
  assert.deepEqual(xml["implemented"], xml["declared"]);
  assert.equal(constant("ACTION"), "HandleReceive");
  for (const related of xml["related"] ?? []) assert.ok(xml["variables"]?.includes(related), related);
  for (const job of xml.jobs) assert.match(job, /return [24],0$/);
  const taken = xml.jobs.flatMap((job) => [...job.matchAll(/lul_settings\.(\w+)/g)].map(([, name]) => name));
  assert.deepEqual(taken, xml["arguments"]);

  const used = [...code.matchAll(/\b(?:[gs]et|setting)\((?:state\.)?device, "(\w+)"/g)].map(([, name = ""]) => name);
  assert.ok(used.length > 5);
  for (const name of used) assert.ok(xml["variables"]?.includes(name), `no state variable ${name}`);
  const delayed = [...code.matchAll(/\bafter\(state, .*, "(\w+)"\)/g)].map(([, name]) => `${constant("NAME")}_${name}`);
  assert.ok(delayed.length > 1);
  for (const name of [...delayed, ...(xml["startup"] ?? [])]) assert.ok(functions.includes(`function ${name}(`), name);
});

describe("the clients in Python and Node", { concurrency: CONCURRENCY }, () => {
  const CLIENTS: readonly [command: string, file: string, skip: string | false][] = [
    ["python3", "client.py", missing("python3")],
    [process.execPath, "client.mjs", false],
  ];
  for (const [command, file, skip] of CLIENTS) {
    const start = (...args: readonly (string | number)[]) => run(command, `${EXAMPLES}/${file}`, ...args.map(String));

    test(`${file} prints everything the device sends until it closes`, { skip }, async (t) => {
      const { port } = await daemon(t);
      const device = await server(t);
      const client = ending(t, start(`127.0.0.1:${device.port}`, port));
      const socket = await device.connection(0);
      socket.write("at once\n");
      await eventually("the first line, while the device is still connected", () => client.stdout() === "at once\n");
      const rest = "more, and no end of line: ".repeat(10_000);
      socket.end(rest);
      assert.equal(await client.ended(), 0, client.stderr());
      assert.equal(client.stdout(), `at once\n${rest}`);
    });

    test(`${file} fails with the reply of the proxy when the proxy cannot connect`, { skip }, async (t) => {
      const { port } = await daemon(t);
      const client = ending(t, start(`127.0.0.1:${await freePort()}`, port));
      assert.equal(await client.ended(), 1);
      assert.match(client.stderr(), /ERR CONN .*connection refused/);
      assert.equal(client.stdout(), "");
    });

    test(`${file} fails where another program greets`, { skip }, async (t) => {
      const stranger = await server(t, (socket) => socket.end("SSH-2.0-x\r\n"));
      const client = ending(t, start("127.0.0.1:1", stranger.port));
      assert.equal(await client.ended(), 1);
      assert.equal(stranger.received(stranger.sockets[0]), "");
    });
  }
});
