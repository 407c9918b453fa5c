// MONI with whatever the server is reached by, and on shared devices
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createServer } from "node:tls";
import { ConbusServer, DISCOVERY, read, telegram } from "../../support/conbus.js";
import { roundTrip } from "../../support/echo.js";
import { startMonitored } from "../../support/monitored.js";
import { Client } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { ownFolder } from "../../support/proxy-process.js";
import { downward, upward } from "../../support/shown.js";
import { until } from "../../support/wait.js";

test("PRTO=tls: what passes, not what is encrypted", { skip: missing("openssl") }, async (t) => {
  const folder = ownFolder();
  const [key, certificate] = [`${folder}/key.pem`, `${folder}/certificate.pem`];
  const arguments_ = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=device -days 2`;
  const made = spawnSync("openssl", [...arguments_.split(" "), "-keyout", key, "-out", certificate]);
  assert.equal(made.status, 0, String(made.stderr));
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port: target } = server.address() as AddressInfo;
  const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${target} PRTO=tls TLSV=0 MONI=conbus`);
  const client = await Client.open(port);
  for (const piece of [DISCOVERY.slice(0, 5), DISCOVERY.slice(5)]) await roundTrip(client, piece);
  assert.deepEqual(await output.received(4), [...upward(DISCOVERY), ...downward(DISCOVERY)]);
  client.destroy();
});

test("PRTO=udp", async (t) => {
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  server.on("message", (message, { port }) => server.send(message, port, "127.0.0.1"));
  await once(server, "listening");
  t.after(() => server.close());
  const { port, output } = await startMonitored(t, `CONN 127.0.0.1:${server.address().port} PRTO=udp MONI=conbus`);
  const client = await Client.open(port);
  await roundTrip(client, DISCOVERY);
  assert.deepEqual(await output.received(4), [...upward(DISCOVERY), ...downward(DISCOVERY)]);
  client.destroy();
});

test("[mux] MODE=broadcast: what the server says is seen once from there, and once for each client", async (t) => {
  const server = await ConbusServer.open();
  t.after(() => server.stop());
  const line = `127.0.0.1:${server.port} PROT=conbus MODE=broadcast MONI=conbus`;
  const { port, output } = await startMonitored(t, line, { section: "mux" });
  const clients = [await Client.open(port), await Client.open(port), await Client.open(port)];
  await until(() => server.open.length === 1, "the link");
  const first = read("0020030837", "99");
  const answer = telegram("R0020030837F02D99");
  clients[0]?.write(first); // then all are there
  for (const client of clients) assert.equal(await client.take(answer.length), answer);
  await output.received(6);
  const before = output.messages.length;
  const event = "E14L00I02M";
  server.event(event);
  for (const client of clients) await client.take(telegram(event).length);
  await output.received(before + 4);
  assert.deepEqual(output.messages, [
    ...upward(first),
    `[SERVER→PROXY] ${answer}`,
    ...clients.map(() => `[PROXY→CLIENT] ${answer}`),
    `[SERVER→PROXY] ${telegram(event)}`,
    ...clients.map(() => `[PROXY→CLIENT] ${telegram(event)}`),
  ]);
  for (const client of clients) client.destroy();
});

test("[mux]: a request that waits is shown when it comes, and when it leaves", async (t) => {
  const server = await ConbusServer.open({ replyMode: { delayMs: 50 } });
  t.after(() => server.stop());
  const line = `127.0.0.1:${server.port} PROT=conbus MONI=conbus`;
  const { port, output } = await startMonitored(t, line, { section: "mux" });
  const client = await Client.open(port);
  const requests = ["0020030837", "0020044966"].map((serial) => read(serial, "99"));
  const answers = ["0020030837", "0020044966"].map((serial) => telegram(`R${serial}F02D99`));
  client.write(requests.join("")); // the second waits for the answer to the first
  assert.equal(await client.take(answers.join("").length), answers.join(""));
  const lines = await output.received(8);
  const of = (label: string): string[] =>
    lines.filter((each) => each.startsWith(`[${label}]`)).map((each) => each.split(" ")[1] ?? "");
  assert.deepEqual(of("CLIENT→PROXY"), requests);
  assert.deepEqual(of("PROXY→SERVER"), requests);
  assert.deepEqual(of("SERVER→PROXY"), answers);
  assert.deepEqual(of("PROXY→CLIENT"), answers);
  const at = (text: string): number => lines.indexOf(text);
  assert.ok(at(`[SERVER→PROXY] ${answers[0]}`) < at(`[PROXY→SERVER] ${requests[1]}`), "each when it happened");
  client.destroy();
});
