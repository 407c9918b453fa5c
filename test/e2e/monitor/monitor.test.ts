// MONI, MONF and MONL: messages show, and pass as they would without the monitor.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { after, before, describe, type TestContext, test } from "node:test";
import { ConbusServer, DISCOVERY, read, telegram } from "../../support/conbus.js";
import { ConfigFile } from "../../support/config.js";
import { startDaemon } from "../../support/daemon.js";
import { roundTrip, startEcho } from "../../support/echo.js";
import { freePort } from "../../support/free-port.js";
import { connectionIds, startMonitored } from "../../support/monitored.js";
import { Client, Device, greet, relayed } from "../../support/net.js";
import { runToEnd } from "../../support/proxy-process.js";
import { downward, messages, Output, upward } from "../../support/shown.js";
import { until } from "../../support/wait.js";

let echo: Awaited<ReturnType<typeof startEcho>>;
const folder = mkdtempSync(`${tmpdir()}/sockproxyd-monitor-`);
before(async () => {
  echo = await startEcho();
});
after(() => {
  echo.stop();
  rmSync(folder, { recursive: true });
});

const TELEGRAMS = [
  DISCOVERY,
  read("0020030837", "02"),
  telegram("R0020030837F01D"),
  telegram("E14L00I02M"),
  telegram("S0020044966F27D00AA"),
];

/** The lines of one connection, without its id; those of one way. */
function ofConnection(lines: readonly string[], id: string, labels: readonly string[]): string[] {
  return lines
    .filter((line) => labels.some((label) => line.startsWith(`[${label}] ${id} `)))
    .map((line) => line.replace(` ${id} `, " "));
}

describe("messages, not reads", { concurrency: 3 }, () => {
  test("a stream cut at every byte: the same lines, the same bytes, half telegrams forwarded at once", async (t) => {
    const { daemon, port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus MONF=id`);
    const stream = TELEGRAMS.join("");
    const clients = await Promise.all(Array.from({ length: stream.length }, () => Client.open(port)));
    let ids = new Map<string, string>();
    await until(async () => {
      ids = await connectionIds(daemon);
      return ids.size === clients.length;
    }, "all to be taken in");
    await Promise.all(
      clients.map(async (client, at) => {
        // 0: the whole in one; the others in two, the second of which waits for the first to come back
        if (at > 0) await roundTrip(client, stream.slice(0, at));
        await roundTrip(client, stream.slice(at));
      }),
    );
    const lines = await output.received(clients.length * TELEGRAMS.length * 4);
    assert.equal(lines.length, clients.length * TELEGRAMS.length * 4);
    clients.forEach((client, at) => {
      const id = ids.get(`127.0.0.1:${client.socket.localPort}`) ?? assert.fail("no id");
      const up = ofConnection(lines, id, ["CLIENT→PROXY", "PROXY→SERVER"]);
      const down = ofConnection(lines, id, ["SERVER→PROXY", "PROXY→CLIENT"]);
      assert.deepEqual(up, upward(...TELEGRAMS), `cut at ${at}`);
      assert.deepEqual(down, downward(...TELEGRAMS), `cut at ${at}`);
      client.destroy();
    });
  });

  test("byte by byte", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    for (const byte of TELEGRAMS.join("")) await roundTrip(client, byte);
    const lines = await output.received(TELEGRAMS.length * 4);
    assert.deepEqual(
      lines,
      TELEGRAMS.flatMap((each) => [...upward(each), ...downward(each)]),
    );
    client.destroy();
  });

  test("several in one read are several lines, each beside its other one", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    await roundTrip(client, TELEGRAMS.join(""));
    assert.deepEqual(await output.received(TELEGRAMS.length * 4), [...upward(...TELEGRAMS), ...downward(...TELEGRAMS)]);
    client.destroy();
  });

  test("white space and half a telegram are forwarded at once, and never held back", async (t) => {
    const { port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    for (const piece of [" ", "\r\n", "\t  \n", "<", "S00", "\0", "00<", ">", ">>", "<<", "x".repeat(5000)]) {
      await roundTrip(client, piece);
    }
    client.destroy();
  });

  test("bytes outside of telegrams are shown, escaped; the telegrams among them as ever", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    const [first = "", second = ""] = TELEGRAMS;
    await roundTrip(client, `before${first}b\0e\x1b[31mt\x85w\u00e9en\r\n<unfinished${second}`);
    await until(() => output.messages.includes(`[PROXY→CLIENT] ${second}`), "the last one");
    const up = output.messages.filter((line) => line.startsWith("[CLIENT→PROXY]"));
    const all = (word: string): string[] => up.filter((line) => line.includes(word));
    assert.deepEqual(all(first), [`[CLIENT→PROXY] ${first}`]);
    assert.deepEqual(all(second), [`[CLIENT→PROXY] ${second}`]);
    assert.equal(all("before").length, 1);
    assert.equal(all("<unfinished").length, 1);
    assert.ok(up.indexOf(all("before")[0] ?? "") < up.indexOf(all(first)[0] ?? ""), "in their order");
    const [between = ""] = all("wéen"); // latin-1
    assert.match(between, /b\S*e\S*\[31mt\S*wéen/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    assert.doesNotMatch(output.text.replaceAll("\n", ""), /[\x00-\x1f\x7f-\x9f]/);
    client.destroy();
  });

  test("a telegram that never ends shows in pieces", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    await roundTrip(client, `<${"S".repeat(100_000)}`);
    await roundTrip(client, DISCOVERY);
    await until(() => output.messages.includes(`[PROXY→CLIENT] ${DISCOVERY}`), "the telegram after it");
    client.destroy();
  });

  test("the rest at the end shows", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    await roundTrip(client, "<S0020");
    client.end();
    await client.rest();
    await output.says(/\[CLIENT→PROXY\] .*<S0020/);
    await output.says(/\[SERVER→PROXY\] .*<S0020/);
  });

  test("a wrong checksum is marked, a right one is not", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus`);
    const client = await Client.open(port);
    await roundTrip(client, "<S0000000000F01D00FA><S0000000000F01D00FB><S0000000000F01D00fa>");
    const lines = (await output.received(6)).filter((line) => line.startsWith("[CLIENT→PROXY]"));
    const [right, wrong, small] = lines;
    assert.equal(right, "[CLIENT→PROXY] <S0000000000F01D00FA>");
    assert.match(wrong ?? "", /<S0000000000F01D00FB>.*checksum/);
    assert.match(small ?? "", /<S0000000000F01D00fa>.*checksum/);
    client.destroy();
  });
});

describe("where MONI is allowed", { concurrency: 3 }, () => {
  test("on CONN: from then on, with the connection's id", async (t) => {
    const { daemon, output } = await startMonitored(t);
    const device = await Device.open();
    t.after(() => device.close());
    const { client, pid, remote } = await relayed(daemon.port, device, "MONI=conbus MONF=id");
    client.write(DISCOVERY);
    await remote.take(DISCOVERY.length);
    remote.write(telegram("R0020030837F01D"));
    assert.deepEqual(await output.received(4), [
      ...upward(`${pid} ${DISCOVERY}`),
      ...downward(`${pid} <R0020030837F01DFM>`),
    ]);
    const plain = await relayed(daemon.port, device); // beside it, one that is not monitored
    client.write(DISCOVERY);
    plain.client.write("nobody sees this");
    await plain.remote.take(16);
    await output.received(6);
    assert.ok(!output.text.includes("nobody sees this") && !output.text.includes(plain.pid));
    client.destroy();
    plain.client.destroy();
  });

  test("what was sent along with CONN is shown, and what comes after the client's FIN", async (t) => {
    const { daemon, output } = await startMonitored(t);
    const device = await Device.open();
    t.after(() => device.close());
    const { client } = await greet(daemon.port);
    client.write(`CONN 127.0.0.1:${device.port} MONI=conbus\n${DISCOVERY}`);
    client.end();
    const remote = await device.client();
    assert.equal(await remote.rest(), DISCOVERY);
    remote.write(telegram("R0020030837F01D"));
    remote.end();
    assert.match(await client.rest(), /^OK CONN \w+\n<R0020030837F01DFM>$/);
    assert.deepEqual(await output.received(4), [...upward(DISCOVERY), ...downward("<R0020030837F01DFM>")]);
  });

  test("connects, disconnects and errors, in the same time format", async (t) => {
    const nobody = await freePort();
    const lines = [`CONN 127.0.0.1:${echo.port} MONI=conbus`, `CONN 127.0.0.1:${nobody} MONI=conbus CTIM=1000`];
    const { ports, output } = await startMonitored(t, lines);
    const client = await Client.open(ports[0] ?? 0);
    const address = `127.0.0.1:${client.socket.localPort}`;
    await roundTrip(client, DISCOVERY);
    client.end();
    await until(() => output.shown.some(({ label }) => label === "DISCONNECT"), "the end");
    const labels = output.shown.map(({ label }) => label);
    assert.deepEqual([labels[0], labels.at(-1), labels.length], ["CONNECT", "DISCONNECT", 6]);
    for (const { label, text } of output.shown) if (!label.includes("→")) assert.ok(text.startsWith(address), text);
    const refused = await Client.open(ports[1] ?? 0);
    await until(() => refused.closed || refused.ended, "the refusal");
    await until(() => output.shown.some(({ label }) => label === "ERROR"), "the error");
    const [error] = output.shown.filter(({ label }) => label === "ERROR");
    assert.ok(error?.text.includes(`127.0.0.1:${refused.socket.localPort}`), error?.text);
  });

  test("on [mux]: both ways, each client", async (t) => {
    const server = await ConbusServer.open();
    t.after(() => server.stop());
    const line = `127.0.0.1:${server.port} PROT=conbus MONI=conbus`;
    const { port, output } = await startMonitored(t, line, { section: "mux" });
    const clients = [await Client.open(port), await Client.open(port)];
    const serials = ["0020030837", "0020044966"];
    for (const [index, client] of clients.entries()) {
      const serial = serials[index] ?? "";
      client.write(read(serial, "99"));
      const answer = telegram(`R${serial}F02D99`);
      assert.equal(await client.take(answer.length), answer);
      const lines = (await output.received(4 * (index + 1))).slice(4 * index);
      assert.deepEqual(lines, [...upward(read(serial, "99")), ...downward(answer)]);
    }
    assert.equal(server.links.length, 1);
    for (const client of clients) client.destroy();
  });

  test("without MONI there is nothing on the standard output", async (t) => {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port}`);
    const client = await Client.open(port);
    await roundTrip(client, DISCOVERY);
    client.destroy();
    assert.equal(output.text, "");
  });

  for (const options of ["MONI=nonsense", "MONI=", "MONI=conbus MONF=nonsense", `MONI=conbus MONL=${folder}/no`]) {
    test(`CONN … ${options}: ERR`, async (t) => {
      const { daemon } = await startMonitored(t);
      const { client } = await greet(daemon.port);
      client.write(`CONN 127.0.0.1:${echo.port} ${options}\n`);
      assert.match(await client.line(), /^ERR CONN /);
      client.destroy();
      assert.equal(existsSync(`${folder}/no`), false);
    });
  }

  for (const line of ["MONI=nonsense", "MONI=conbus MONF=id,nonsense"]) {
    test(`[direct] … ${line}: a mistake`, async (t) => {
      const config = new ConfigFile(`[direct]\n10001=CONN 127.0.0.1:1 ${line}\n`);
      const ran = await runToEnd(t, folder, "-c", config.path, "--check");
      assert.equal(ran.status, 1);
      assert.match(ran.stdout + ran.stderr, /nonsense/);
    });
  }
});

describe("views", { concurrency: 3 }, () => {
  /** What is shown of this, going up. */
  async function shownOf(t: TestContext, options: string, bytes: Buffer, count: number): Promise<string[]> {
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} ${options}`);
    const client = await Client.open(port);
    await roundTrip(client, bytes.toString("latin1"));
    client.end();
    await client.rest();
    const up = (): string[] => output.messages.filter((line) => line.startsWith("[CLIENT→PROXY] "));
    await until(() => up().length >= count, `${count} messages: ${output.text}`).catch(() => {});
    assert.equal(up().length, count, output.text);
    return up().map((line) => line.slice("[CLIENT→PROXY] ".length));
  }

  test("line", async (t) => {
    assert.deepEqual(await shownOf(t, "MONI=line", Buffer.from("one\ntwo\n"), 2), ["one", "two"]);
  });

  test("hex", async (t) => {
    const [first = ""] = await shownOf(t, "MONI=hex", Buffer.from("\x01\x7fA\xff", "latin1"), 1);
    assert.match(first, /01 ?7f ?41 ?ff/i);
  });

  test("http", async (t) => {
    const request = "POST /path HTTP/1.1\r\nHost: device\r\nContent-Length: 4\r\n\r\nbody";
    const [head = "", body = ""] = await shownOf(t, "MONI=http", Buffer.from(request + request), 4);
    assert.match(head, /POST \/path HTTP\/1\.1.*Host: device/);
    assert.match(body, /4 bytes.*body$/);
  });

  test("modbus, with its parts", async (t) => {
    const request = Buffer.from("000100000006110300050002", "hex");
    const refusal = Buffer.from("000100000003118302", "hex");
    const [asked = ""] = await shownOf(t, "MONI=modbus MONF=decode", request, 1);
    assert.match(asked, /unit 17\b/);
    assert.match(asked, /read holding registers/i);
    assert.match(asked, /address 5\b/);
    assert.match(asked, /count 2\b/);
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=modbus MONF=decode`);
    const client = await Client.open(port);
    await roundTrip(client, refusal.toString("latin1"));
    await output.says(/\[PROXY→CLIENT\] .*illegal data address/i);
    client.destroy();
  });

  test("conbus, with its parts, behind the text", async (t) => {
    const event = telegram("E14L00I02M");
    const texts = [read("0020030837", "18"), telegram("R0020030837F02D18+26,0§C"), event];
    const shown = await shownOf(t, "MONI=conbus MONF=decode", Buffer.from(texts.join(""), "latin1"), 3);
    shown.forEach((line, index) => {
      assert.ok(line.startsWith(`${texts[index]} `), line);
    });
    assert.match(shown[0] ?? "", /system.*0020030837.*02.*18/i);
    assert.match(shown[1] ?? "", /reply.*0020030837.*02.*18.*\+26,0§C/i);
    assert.match(shown[2] ?? "", /event/i);
  });

  test("json: one object per line, events too", async (t) => {
    const line = `CONN 127.0.0.1:${echo.port} MONI=conbus MONF=json,decode`;
    const { daemon, port, output } = await startMonitored(t, line);
    const client = await Client.open(port);
    const address = `127.0.0.1:${client.socket.localPort}`;
    const id = (await connectionIds(daemon)).get(address);
    await roundTrip(client, `${DISCOVERY}<S0000000000F01D00FB>`);
    client.end();
    await until(() => output.lines.length >= 10, "the lines");
    const all = output.lines.map((each) => JSON.parse(each) as Record<string, unknown>);
    const [right, , wrong] = all.filter(({ message }) => String(message).startsWith("<S"));
    assert.equal(right?.["message"], DISCOVERY);
    assert.equal(right?.["connection"], id);
    assert.equal(right?.["listener"] === port || String(right?.["listener"]).includes(String(port)), true);
    assert.equal(right?.["client"], address);
    assert.equal(right?.["server"], `127.0.0.1:${echo.port}`);
    assert.equal(right?.["protocol"], "conbus");
    assert.equal(typeof right?.["direction"], "string");
    assert.ok(Math.abs(Date.parse(String(right?.["time"])) - Date.now()) < 60_000, String(right?.["time"]));
    assert.equal("fault" in (right ?? {}), false);
    assert.ok(Object.values(right?.["parts"] ?? {}).includes("0000000000"), JSON.stringify(right));
    assert.match(String(wrong?.["fault"]), /checksum/);
  });

  test("id and decode together", async (t) => {
    const [first = ""] = await shownOf(t, "MONI=conbus MONF=id,decode", Buffer.from(DISCOVERY), 1);
    assert.match(first, /^[0-9a-f]+ <S0000000000F01D00FA> .*discovery/i);
  });
});

describe("the output", { concurrency: 3 }, () => {
  test("MONL: the same lines in a file, too, with the date, the connection and the client", async (t) => {
    const file = `${folder}/audit.log`;
    const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus MONL=${file}`);
    const client = await Client.open(port);
    for (const each of TELEGRAMS) await roundTrip(client, each);
    client.end();
    await output.says(/\[DISCONNECT\]/);
    await until(() => existsSync(file) && readFileSync(file, "utf8").includes("[DISCONNECT]"), "the file");
    assert.equal(messages(output.shown).length, TELEGRAMS.length * 4);
    const who = /^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.(\d{3})[+-]\d\d:\d\d (\[\S+\]) [0-9a-f]+ (127\.0\.0\.1:\d+) /;
    const shown = readFileSync(file, "utf8")
      .split("\n")
      .map((line) =>
        line.replace(who, (_all, time, ms, hop, client) => {
          const isEvent = /\[(DIS)?CONNECT\]/.test(hop);
          return `${time},${ms} ${hop} ${isEvent ? `${client} ` : ""}`;
        }),
      );
    assert.equal(shown.join("\n"), output.text);
  });

  for (const file of ["/dev/full", `${folder}/no/such/folder/audit.log`]) {
    test(`MONL=${file.replace(folder, "…")}: an unwritable file is reported and affects nobody`, async (t) => {
      const { daemon, port, output } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=conbus MONL=${file}`);
      const client = await Client.open(port);
      for (let count = 0; count < 3; count += 1) await roundTrip(client, DISCOVERY);
      if (file === "/dev/full") await until(() => daemon.log().includes("/dev/full"), "a word about it");
      await output.received(12);
      client.destroy();
      assert.equal(await daemon.stop(), 0);
    });
  }

  test("the reader of the output closes: connections go on", async () => {
    const port = await freePort();
    const daemon = await startDaemon(
      "-c",
      new ConfigFile(`[direct]\n${port}=CONN 127.0.0.1:${echo.port} MONI=conbus\n`).path,
    );
    const output = new Output(daemon.child.stdout as Readable);
    const client = await Client.open(port);
    await roundTrip(client, DISCOVERY);
    await output.received(4);
    daemon.child.stdout?.destroy();
    for (let count = 0; count < 100; count += 1) await roundTrip(client, DISCOVERY);
    const another = await Client.open(port);
    await roundTrip(another, DISCOVERY);
    client.destroy();
    another.destroy();
    assert.equal(await daemon.stop(), 0);
  });
});
