// WTCH BYTE=hex: what captures and recordings are made of
import assert from "node:assert/strict";
import { test } from "node:test";
import { readByteLine } from "#src/core/monitor/byte-event.js";
import { ConbusServer, read, telegram } from "../../support/conbus.js";
import { startEcho } from "../../support/echo.js";
import { startMonitored } from "../../support/monitored.js";
import { Client } from "../../support/net.js";
import { until } from "../../support/wait.js";
import { Watcher } from "../../support/watcher.js";

/** What a watcher has been told of: `side open`, `side up hello`. */
function told(watcher: Watcher): string[] {
  return watcher.lines.flatMap((line) => {
    const found = readByteLine(line, Date.parse);
    if (found?.kind !== "event") return [];
    const { event, stream } = found;
    if (event.kind === "bytes") return [`${stream.side} ${event.direction} ${event.bytes.toString("latin1")}`];
    if (event.kind === "connection") return [event.event];
    return [
      `${stream.side} ${event.kind}${event.kind === "end" ? ` ${event.direction}` : event.joined ? " joined" : ""}`,
    ];
  });
}

test("a connection: its addresses, its bytes once, its ends; one that exists already is joined", async (t) => {
  const echo = await startEcho();
  t.after(() => echo.stop());
  const { daemon, port } = await startMonitored(t, `CONN 127.0.0.1:${echo.port} MONI=line`);
  const early = await Client.open(port);
  early.write("before\n");
  await early.take(7);
  const watcher = await Watcher.open(daemon.port, `${port} BYTE=hex`);
  const late = await Client.open(port);
  const { localPort } = late.socket;
  late.write("hello\n");
  await late.take(6);
  late.end();
  await late.rest();
  await until(() => told(watcher).includes("DISCONNECT"), "the end");
  assert.deepEqual(told(watcher), [
    ...["relay open joined", "CONNECT", "relay open", "relay up hello\n", "relay down hello\n"],
    ...["relay end up", "relay end down", "DISCONNECT"],
  ]);
  const open = watcher.lines
    .map((line) => JSON.parse(line.startsWith("{") ? line : "{}"))
    .find(({ joined }) => joined === false);
  assert.deepEqual(
    [open?.from, open?.to, open?.view, open?.transport],
    [`127.0.0.1:${localPort}`, `127.0.0.1:${echo.port}`, "line", "tcp"],
  );
  early.write("more\n");
  await until(() => told(watcher).includes("relay down more\n"), "the bytes of the one that was there");
  for (const client of [early, watcher.client]) client.destroy();
});

test("a shared device: both sides, each as it is there", async (t) => {
  const server = await ConbusServer.open();
  t.after(() => server.stop());
  const { daemon, port } = await startMonitored(t, `127.0.0.1:${server.port} PROT=conbus`, { section: "mux" });
  const watcher = await Watcher.open(daemon.port, "BYTE=hex");
  const client = await Client.open(port);
  const [asked, answer] = [read("0020030837", "99"), telegram("R0020030837F02D99")];
  client.write(asked);
  await client.take(answer.length);
  await until(() => told(watcher).includes(`client down ${answer}`), "the answer");
  const bytes = told(watcher).filter((line) => /up|down/.test(line));
  assert.deepEqual(bytes.toSorted(), [
    ...[`client down ${answer}`, `client up ${asked}`, `server down ${answer}`, `server up ${asked}`],
  ]);
  const opened = watcher.lines.filter((line) => line.includes('"open"')).map((line) => JSON.parse(line));
  assert.deepEqual(
    opened.map(({ protocol, to }) => [protocol, to]),
    [
      ["conbus", `127.0.0.1:${server.port}`],
      ["conbus", `127.0.0.1:${server.port}`],
    ],
  );
  for (const each of [client, watcher.client]) each.destroy();
});
