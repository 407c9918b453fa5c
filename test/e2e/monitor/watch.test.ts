// WTCH and `sockproxyd watch`: messages, seen from another process.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { ConbusServer, DISCOVERY, read, telegram } from "../../support/conbus.js";
import { ConfigFile } from "../../support/config.js";
import { MAIN, portAnswers } from "../../support/daemon.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { connectionIds, startMonitored, startMonitoredProcess } from "../../support/monitored.js";
import { Client, Device, greet, relayed } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { descriptorsAtRest, resident } from "../../support/process.js";
import { downward, upward } from "../../support/shown.js";
import { otherConnections } from "../../support/stat-json.js";
import { until } from "../../support/wait.js";
import { WatchCommand, Watcher } from "../../support/watcher.js";

let echo: Awaited<ReturnType<typeof startEcho>>;
before(async () => {
  echo = await startEcho();
});
after(() => echo.stop());

const BOTH = [...upward(DISCOVERY), ...downward(DISCOVERY)];

/** The connections in STAT JSON, without the one that asks. */
async function others(port: number): Promise<string[]> {
  return (await otherConnections(port)).map(({ id }) => id);
}

describe("WTCH", { concurrency: 3 }, () => {
  test("all: the messages of every port, as on the console", async (t) => {
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus`;
    const { daemon, ports, output } = await startMonitored(t, [line, line]);
    const watcher = await Watcher.open(daemon.port);
    for (const port of ports) {
      const client = await Client.open(port);
      await roundTrip(client, DISCOVERY);
      client.end();
      await client.rest();
    }
    assert.deepEqual(await watcher.received(8), [...BOTH, ...BOTH]);
    await output.received(8);
    const shown = output.lines.filter((each) => each.includes("→"));
    assert.deepEqual(
      watcher.lines.filter((each) => each.includes("→")),
      shown,
      "the same times",
    );
    watcher.client.destroy();
  });

  test("one listener, by its port", async (t) => {
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus`;
    const { daemon, ports } = await startMonitored(t, [line, line]);
    const [first = 0, second = 0] = ports;
    const watcher = await Watcher.open(daemon.port, String(second));
    const clients = [await Client.open(first), await Client.open(second)];
    const texts = [DISCOVERY, read("0020030837", "02")];
    for (const [index, client] of clients.entries()) await roundTrip(client, texts[index] ?? "");
    assert.deepEqual(await watcher.received(4), [...upward(texts[1] ?? ""), ...downward(texts[1] ?? "")]);
    for (const client of clients) client.destroy();
    watcher.client.destroy();
  });

  test("one connection, by its id; the connection has no MONI", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port}`);
    const clients = [await Client.open(port), await Client.open(port)];
    const ids = await connectionIds(daemon);
    const id = ids.get(`127.0.0.1:${clients[1]?.socket.localPort}`);
    const watcher = await Watcher.open(daemon.port, `${id} MONI=conbus MONF=id`);
    const texts = [DISCOVERY, read("0020030837", "02")];
    for (const [index, client] of clients.entries()) await roundTrip(client, texts[index] ?? "");
    const text = `${id} ${texts[1]}`;
    assert.deepEqual(await watcher.received(4), [...upward(text), ...downward(text)]);
    for (const client of clients) client.destroy();
    watcher.client.destroy();
  });

  test("a plugin's connection, without MONI, in the middle of it: hex", async (t) => {
    const { daemon } = await startMonitored(t);
    const device = await Device.open();
    t.after(() => device.close());
    const { client, pid, remote } = await relayed(daemon.port, device);
    client.write("before");
    await remote.take(6);
    const watcher = await Watcher.open(daemon.port, pid);
    client.write("\x01\x02\xfe".slice(0, 2));
    await remote.take(2);
    const [first = ""] = await watcher.received(2);
    assert.match(first, /^\[CLIENT→PROXY\] .*01 ?02/);
    assert.ok(!watcher.lines.join("\n").includes("before"));
    client.destroy();
    watcher.client.destroy();
  });

  test("a shared device: by its protocol", async (t) => {
    const server = await ConbusServer.open();
    t.after(() => server.stop());
    const { daemon, port } = await startMonitored(t, `127.0.0.1:${server.port} PROT=conbus`, { section: "mux" });
    const watcher = await Watcher.open(daemon.port, String(port));
    const client = await Client.open(port);
    client.write(read("0020030837", "99"));
    const answer = telegram("R0020030837F02D99");
    await client.take(answer.length);
    assert.deepEqual(await watcher.received(4), [...upward(read("0020030837", "99")), ...downward(answer)]);
    client.destroy();
    watcher.client.destroy();
  });

  test("a shared device: MONF=client shows who asked, on both sides", async (t) => {
    const server = await ConbusServer.open();
    t.after(() => server.stop());
    const { daemon, port } = await startMonitored(t, `127.0.0.1:${server.port} PROT=conbus`, { section: "mux" });
    const watcher = await Watcher.open(daemon.port, `${port} MONF=client`);
    const json = await Watcher.open(daemon.port, `${port} MONF=json`);
    const clients = [await Client.open(port), await Client.open(port)];
    const serials = ["0020030837", "0020044966"];
    for (const [index, client] of clients.entries()) {
      const serial = serials[index] ?? "";
      client.write(read(serial, "99"));
      const answer = telegram(`R${serial}F02D99`);
      await client.take(answer.length);
      const who = `127.0.0.1:${client.socket.localPort}`;
      const lines = (await watcher.received(4 * (index + 1))).slice(4 * index);
      assert.deepEqual(lines, [...upward(`${who} ${read(serial, "99")}`), ...downward(`${who} ${answer}`)]);
      const objects = (): Record<string, unknown>[] =>
        json.lines.map((each) => JSON.parse(each) as Record<string, unknown>).filter(({ direction }) => direction);
      await until(() => objects().length >= 4 * (index + 1), "the objects");
      for (const object of objects().slice(4 * index)) {
        assert.deepEqual([object["client"], "isShared" in object], [who, false]);
      }
    }
    for (const each of [...clients, watcher.client, json.client]) each.destroy();
  });

  test("different watchers, different views; json", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port}`);
    const hex = await Watcher.open(daemon.port, "MONI=hex");
    const json = await Watcher.open(daemon.port, `${port} MONI=conbus MONF=json,decode`);
    const client = await Client.open(port);
    await roundTrip(client, DISCOVERY);
    assert.match((await hex.received(1))[0] ?? "", /3c ?53 ?30 ?30/i);
    await until(() => json.lines.length >= 4, "the objects");
    const objects = json.lines.map((each) => JSON.parse(each) as Record<string, unknown>);
    const telegrams = objects.filter(({ message }) => message === DISCOVERY);
    await until(() => json.lines.filter((each) => each.includes(DISCOVERY)).length === 4, "all four");
    assert.equal(telegrams[0]?.["protocol"], "conbus");
    assert.ok("parts" in (telegrams[0] ?? {}));
    for (const each of [client, hex.client, json.client]) each.destroy();
  });

  test("commands in any case", async (t) => {
    const { daemon } = await startMonitored(t);
    const { client } = await greet(daemon.port);
    client.write("wtch moni=conbus\n");
    assert.match(await client.line(), /^OK WTCH/);
    client.destroy();
  });

  for (const words of ["MONI=nonsense", "MONF=nonsense", "not/an/id", "8125 8126", "MONL=/tmp/x", "NTFY=1/s/a"]) {
    test(`WTCH ${words}: ERR`, async (t) => {
      const { daemon } = await startMonitored(t);
      const { client } = await greet(daemon.port);
      client.write(`WTCH ${words}\n`);
      assert.match(await client.line(), /^ERR WTCH /);
      client.destroy();
    });
  }

  test("HELP and CAPA name it", async (t) => {
    const { daemon } = await startMonitored(t);
    const { client } = await greet(daemon.port);
    client.write("CAPA\nHELP\nQUIT\n");
    const text = await client.rest();
    assert.match(text, /^WTCH .*/m);
    assert.match(text, /\bMONI\b/);
    client.destroy();
  });

  test("a watcher that does not read delays nobody, and gets a count of what it misses", async (t) => {
    const { daemon, port } = await startMonitoredProcess(t, `CONN 127.0.0.1:${echo.port}`);
    const watcher = await Watcher.open(daemon.port, "MONI=conbus");
    watcher.client.socket.pause();
    const before = resident(daemon);
    const client = await Client.open(port);
    const count = 200_000;
    const piece = Buffer.from(DISCOVERY.repeat(1000));
    let back = 0;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (chunk: Buffer) => {
      back += chunk.length;
    });
    for (let sent = 0; sent < count; sent += 1000) client.write(piece);
    await until(() => back === count * DISCOVERY.length, "all to come back", 15_000);
    const grown = (resident(daemon) - before) / 1_048_576;
    assert.ok(grown < 100, `memory grew by ${grown} MiB`);
    watcher.client.socket.resume();
    await until(() => / messages? not shown/.test(watcher.client.bytes.toString()), "a word about it");
    client.destroy();
    watcher.client.destroy();
  });

  for (const leave of ["destroy", "reset"] as const) {
    test(`a watcher that leaves (${leave}) leaves nothing behind`, async (t) => {
      const { daemon, port } = await startMonitoredProcess(t, `CONN 127.0.0.1:${echo.port}`);
      const client = await Client.open(port);
      await roundTrip(client, DISCOVERY);
      const files = await descriptorsAtRest(daemon);
      const here = await others(daemon.port);
      for (let count = 0; count < 20; count += 1) {
        const watcher = await Watcher.open(daemon.port, "MONI=conbus");
        await roundTrip(client, DISCOVERY);
        await watcher.received(4);
        watcher.client[leave]();
      }
      await until(async () => (await others(daemon.port)).length === here.length, "the watchers to be gone");
      assert.deepEqual(await others(daemon.port), here);
      assert.equal(await descriptorsAtRest(daemon), files);
      client.destroy();
      assert.equal(await daemon.stop(), 0);
    });
  }

  test("a watcher's bytes are ignored, and it ends with the daemon", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const watcher = await Watcher.open(daemon.port);
    watcher.client.write("STOP\n");
    const client = await Client.open(port).catch(() => assert.fail("it has stopped"));
    await roundTrip(client, DISCOVERY);
    assert.equal(await daemon.stop(), 0);
    await until(() => watcher.client.ended || watcher.client.closed, "the end");
    watcher.client.destroy();
    client.destroy();
  });
});

describe("sockproxyd watch", { concurrency: 3 }, () => {
  /** Sends telegrams until the watcher has seen one: it may not have attached yet. */
  async function attached(client: Client, watch: WatchCommand, sign = DISCOVERY): Promise<void> {
    const lines = watch.output.lines.length;
    await until(async () => {
      assert.equal(watch.child.exitCode, null, watch.errors.text);
      await roundTrip(client, DISCOVERY);
      return watch.output.lines.slice(lines).some((line) => line.includes(sign));
    }, "the watcher to see something").catch((error) => {
      throw new Error(`${error}: ${watch.output.text}${watch.errors.text}`);
    });
  }

  test("all, as it passes, without colours where there is no terminal", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const watch = new WatchCommand(t, `127.0.0.1:${daemon.port}`);
    const client = await Client.open(port);
    await attached(client, watch);
    const text = read("0020030837", "02");
    await roundTrip(client, text);
    await watch.output.says(new RegExp(`^\\d\\d:\\d\\d:\\d\\d,\\d{3} \\[PROXY→CLIENT\\] ${text}$`, "m"));
    const seen = watch.output.messages.filter((line) => line.includes(text));
    assert.deepEqual(seen, [...upward(text), ...downward(text)]);
    assert.ok(!watch.output.text.includes("\x1b"));
    client.destroy();
    watch.child.kill("SIGINT");
    await until(() => watch.child.exitCode !== null || watch.child.signalCode !== null, "its end");
  });

  test("one listener, and one connection", async (t) => {
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus`;
    const { daemon, ports } = await startMonitored(t, [line, line]);
    const clients = [await Client.open(ports[0] ?? 0), await Client.open(ports[1] ?? 0)];
    const [one, two] = clients as [Client, Client];
    const id = (await connectionIds(daemon)).get(`127.0.0.1:${one.socket.localPort}`) ?? "";
    const byPort = new WatchCommand(t, `127.0.0.1:${daemon.port}`, `${ports[1]}`);
    const byId = new WatchCommand(t, `127.0.0.1:${daemon.port}`, id, "--id");
    await attached(two, byPort);
    await attached(one, byId);
    const [first, second] = [read("0020030837", "02"), read("0020044966", "02")];
    await roundTrip(one, first);
    await roundTrip(two, second);
    const of = (watch: WatchCommand): string[] => watch.output.messages.filter((text) => !text.includes(DISCOVERY));
    await until(() => of(byPort).length >= 4 && of(byId).length >= 4, "both");
    assert.deepEqual(of(byPort), [...upward(second), ...downward(second)]);
    assert.deepEqual(of(byId), [...upward(`${id} ${first}`), ...downward(`${id} ${first}`)]);
    for (const client of clients) client.destroy();
  });

  test("a shared device: with the clients; a daemon that is older shows the messages without", async (t) => {
    const server = await ConbusServer.open();
    t.after(() => server.stop());
    const { daemon, port } = await startMonitored(t, `127.0.0.1:${server.port} PROT=conbus`, { section: "mux" });
    const watch = new WatchCommand(t, `127.0.0.1:${daemon.port}`, String(port));
    const client = await Client.open(port);
    const answer = telegram("R0020030837F02D99");
    await until(async () => {
      client.write(read("0020030837", "99"));
      await client.take(answer.length);
      return watch.output.messages.some((line) => line.startsWith("[PROXY→SERVER]"));
    }, "the watcher to see something");
    for (const line of watch.output.messages)
      assert.ok(line.includes(`] 127.0.0.1:${client.socket.localPort} <`), line);
    client.destroy();

    const said: string[] = [];
    const older = createServer((socket) => {
      socket.on("error", () => {});
      socket.write("OK TOGGLEDBITS-SOCKPROXY 1 18c\n");
      socket.on("data", (chunk) => {
        said.push(String(chunk));
        const isKnown = !String(chunk).includes("client");
        socket.write(
          isKnown
            ? "OK WTCH\na message\n"
            : 'ERR WTCH bad MONF "client,id": id, decode, json are known, separated by commas\n',
        );
        if (!isKnown) socket.end();
      });
    }).listen(0, "127.0.0.1");
    t.after(() => older.close());
    await once(older, "listening");
    const second = new WatchCommand(t, `127.0.0.1:${(older.address() as AddressInfo).port}`, "5020", "--id");
    await until(() => second.output.text === "a message\n", "the message");
    assert.deepEqual(said, ["WTCH 5020 MONF=client,id\n", "WTCH 5020 MONF=id\n"]);
    second.child.kill("SIGKILL");
  });

  test("--json: an object per line, with these members; --decode adds the parts", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const watch = new WatchCommand(t, `127.0.0.1:${daemon.port}`, "--json", "--decode");
    const client = await Client.open(port);
    const id = (await connectionIds(daemon)).get(`127.0.0.1:${client.socket.localPort}`);
    await attached(client, watch);
    const objects = watch.output.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const first = objects.find(({ message }) => message === DISCOVERY) ?? assert.fail();
    for (const member of ["time", "direction", "listener", "protocol"]) assert.ok(member in first, member);
    assert.equal(first["connection"], id);
    assert.equal(first["client"], `127.0.0.1:${client.socket.localPort}`);
    assert.equal(first["server"], `127.0.0.1:${echo.port}`);
    assert.ok(Object.values(first["parts"] ?? {}).includes("0000000000"), JSON.stringify(first));
    client.destroy();
  });

  test("--as another view", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port}`);
    const watch = new WatchCommand(t, `127.0.0.1:${daemon.port}`, "--as", "conbus");
    const client = await Client.open(port);
    await attached(client, watch);
    client.destroy();
  });

  test("the daemon stops and comes back: the command reports it on stderr and goes on", async (t) => {
    const setup = await freePort();
    const run = async (): Promise<{ daemon: ChildProcess; port: number }> => {
      const port = await freePort(); // another one each time: somebody may have taken it meanwhile
      const file = new ConfigFile(`[direct]\n${port}=CONN 127.0.0.1:${echo.port} MONI=conbus\n`);
      const args = [MAIN, "-c", file.path, "-p", String(setup), "-L", "/dev/null"];
      const daemon = spawn(process.execPath, args, { stdio: "ignore" });
      t.after(() => daemon.kill("SIGKILL"));
      await portAnswers(setup);
      await portAnswers(port);
      return { daemon, port };
    };
    const first = await run();
    const watch = new WatchCommand(t, `127.0.0.1:${setup}`);
    const client = await Client.open(first.port);
    await attached(client, watch);
    client.destroy();
    first.daemon.kill("SIGKILL");
    await watch.errors.says(/\S/);
    assert.equal(watch.child.exitCode, null);
    const again = await Client.open((await run()).port);
    await attached(again, watch);
    again.destroy();
  });

  const WRONG = [["127.0.0.1:1", "not/an/id"], ["--as", "nonsense"], ["--no-such-flag"], ["nohost:x"]];
  for (const words of WRONG) {
    test(`watch ${words.join(" ")}: refused`, async (t) => {
      const watch = new WatchCommand(t, ...words);
      await until(() => watch.child.exitCode !== null, "its end");
      assert.notEqual(watch.child.exitCode, 0);
      await watch.errors.says(/\S/);
    });
  }

  test("its reader closes: the command ends without a stack trace", async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const watch = new WatchCommand(t, `127.0.0.1:${daemon.port}`);
    const client = await Client.open(port);
    await attached(client, watch);
    watch.child.stdout?.destroy();
    await until(async () => {
      await roundTrip(client, DISCOVERY);
      return watch.child.exitCode !== null || watch.child.signalCode !== null;
    }, "its end");
    assert.doesNotMatch(watch.errors.text, /^ {4}at /m);
    client.destroy();
  });

  test("coloured on a terminal", { skip: missing("script") }, async (t) => {
    const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const command = `${process.execPath} ${MAIN} watch 127.0.0.1:${daemon.port}`;
    const child = spawn("script", ["-qfec", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NO_COLOR: "" },
    });
    t.after(() => child.kill("SIGKILL"));
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    const client = await Client.open(port);
    await until(async () => {
      await roundTrip(client, DISCOVERY);
      return text.includes(DISCOVERY);
    }, "the telegram");
    assert.ok(text.includes("\x1b["), text);
    client.destroy();
  });
});
