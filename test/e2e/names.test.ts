import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { freePort, MAIN, portAnswers } from "../support/daemon.js";
import { Device, greet } from "../support/net.js";
import { until } from "../support/wait.js";

/** Whether this process may give a program a name server of its own. */
function mayMount(): boolean {
  return spawnSync("unshare", ["--mount", "true"]).status === 0;
}

/** Answers a DNS query for one address with 127.0.0.1 (RFC 1035, section 4). */
function reply(query: Buffer): Buffer {
  const answer = Buffer.concat([
    query.subarray(0, query.indexOf(0, 12) + 5),
    Buffer.from("c00c000100010000003c00047f000001", "hex"),
  ]);
  answer.writeUInt16BE(0x8180, 2);
  answer.fill(0, 6, 12).writeUInt16BE(1, 6);
  return answer;
}

test("names whose server does not answer hold up neither other names nor the end", {
  skip: !mayMount() && "not permitted to mount",
}, async () => {
  const server = createSocket("udp4");
  server.on("message", (query, from) => {
    const isAddressQuery = query.readUInt16BE(query.indexOf(0, 12) + 1) === 1;
    if (query.includes("good") && isAddressQuery) server.send(reply(query), from.port, from.address);
    else if (query.includes("good"))
      server.send(
        Buffer.concat([query.subarray(0, 2), Buffer.from("8183", "hex"), query.subarray(4)]),
        from.port,
        from.address,
      );
  });
  server.bind(53, "127.0.0.53");
  await once(server, "listening");
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-dns-`);
  writeFileSync(`${folder}/resolv.conf`, "nameserver 127.0.0.53\n");
  const device = await Device.open();
  const port = await freePort();
  const command = `mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec ${process.execPath} ${MAIN} -p ${port} -L /dev/null`;
  const child = spawn("unshare", ["--mount", "sh", "-c", command], { stdio: "inherit" });
  try {
    await portAnswers(port);
    const dead: Awaited<ReturnType<typeof greet>>[] = [];
    for (const name of ["dead1", "dead2", "dead3", "dead4", "dead5"]) {
      const each = await greet(port);
      each.client.write(`CONN ${name}.test:5\n`);
      dead.push(each);
    }
    const { client } = await greet(port);
    client.write(`CONN good.test:${device.port}\n`);
    assert.match(await client.line(3000), /^OK CONN /);
    for (const each of dead) assert.match(await each.client.rest(), /^ERR CONN [^\n]*(timed out|unknown host)/);
    const last = await greet(port);
    last.client.write("CONN dead6.test:5\n");
    await until(() => last.client.socket.writableLength === 0, "the command to leave");
    const since = performance.now();
    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    assert.equal(status, 0);
    assert.ok(performance.now() - since < 3500);
  } finally {
    child.kill("SIGKILL");
    device.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
