import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { MAIN, portAnswers } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { Device, greet } from "../../support/net.js";
import { until } from "../../support/wait.js";

/** Whether this process may give a program a name server of its own. */
function mayMount(): boolean {
  return spawnSync("unshare", ["--mount", "true"]).status === 0;
}

const TYPES = { A: 1, AAAA: 28 } as const;

/** What the name server knows. */
const RECORDS: Readonly<Record<string, Partial<Record<keyof typeof TYPES, string>>>> = {
  good: { A: "7f000001" },
  both: { A: "7f000001", AAAA: "00000000000000000000000000000001" },
  smuggled: { A: "7f000063" },
};

/** The answer to a DNS query (RFC 1035, section 4), or nothing for names that begin with `dead`. */
function answer(query: Buffer): Buffer | undefined {
  const label = query.toString("latin1", 13, 13 + (query[12] ?? 0));
  if (label.startsWith("dead")) return undefined;
  const end = query.indexOf(0, 12) + 5;
  const type = query.readUInt16BE(end - 4);
  const name = type === TYPES.A ? "A" : type === TYPES.AAAA ? "AAAA" : undefined;
  const address = Buffer.from((name && RECORDS[label]?.[name]) ?? "", "hex");
  const header = Buffer.from(query.subarray(0, end));
  header.writeUInt16BE(0x8180, 2); // an answer, no error
  header.fill(0, 6, 12);
  if (address.length === 0) return header;
  header.writeUInt16BE(1, 6);
  const record = Buffer.from("c00c000000010000003c0000", "hex");
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(address.length, 10);
  return Buffer.concat([header, record, address]);
}

const SKIP = { skip: !mayMount() && "not permitted to mount" };

/** A daemon whose names come from the stand-in for a name server, with this configuration file, for as long as `use` runs. */
async function withNames(config: string, use: (port: number, child: ChildProcess) => Promise<void>): Promise<void> {
  const server = createSocket("udp4");
  server.on("message", (query, from) => {
    const text = answer(query);
    if (text !== undefined) server.send(text, from.port, from.address);
  });
  server.bind(53, "127.0.0.53");
  await once(server, "listening");
  const folder = mkdtempSync(`${tmpdir()}/sockproxyd-dns-`);
  writeFileSync(`${folder}/resolv.conf`, "nameserver 127.0.0.53\n");
  writeFileSync(`${folder}/conf`, config);
  const port = await freePort();
  const daemon = `${process.execPath} ${MAIN} -p ${port} -L /dev/null -c ${folder}/conf`;
  const command = `mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec ${daemon}`;
  const child = spawn("unshare", ["--mount", "sh", "-c", command], { stdio: "inherit" });
  try {
    await portAnswers(port);
    await use(port, child);
  } finally {
    child.kill("SIGKILL");
    server.close();
    rmSync(folder, { recursive: true });
  }
}

test(
  "all addresses of a name are tried; names whose server does not answer hold up neither others nor the end",
  SKIP,
  () =>
    withNames("", async (port, child) => {
      const device = await Device.open();
      const dead: Awaited<ReturnType<typeof greet>>[] = [];
      for (const name of ["dead1", "dead2", "dead3", "dead4", "dead5"]) {
        const each = await greet(port);
        each.client.write(`CONN ${name}.test:5\n`);
        dead.push(each);
      }
      const { client } = await greet(port);
      client.write(`CONN good.test:${device.port}\n`);
      assert.match(await client.line(3000), /^OK CONN /);
      const six = await Device.open("::1");
      const both = await greet(port);
      both.client.write(`CONN both.test:${six.port}\n`); // its IPv4 address refuses
      assert.match(await both.client.line(3000), /^OK CONN /);
      six.close();
      for (const each of dead) assert.match(await each.client.rest(), /^ERR CONN [^\n]*(timed out|unknown host)/);
      const last = await greet(port);
      last.client.write("CONN dead6.test:5\n");
      await until(() => last.client.socket.writableLength === 0, "the command to leave");
      const since = performance.now();
      child.kill("SIGTERM");
      const [status] = await once(child, "exit");
      assert.equal(status, 0);
      assert.ok(performance.now() - since < 3500);
      device.close();
    }),
);

test("no name leads to a target that is denied", SKIP, () =>
  withNames("[access]\ndeny-targets=127.0.0.99, *.evil.test\n", async (port) => {
    const device = await Device.open("0.0.0.0");
    for (const host of ["127.0.0.99", "smuggled.test", "good.evil.test", "[::ffff:127.0.0.99]"]) {
      for (const protocol of ["tcp", "udp", "tls"]) {
        const { client } = await greet(port);
        client.write(`CONN ${host}:${device.port} PRTO=${protocol}\n`);
        assert.match(await client.rest(), /^ERR CONN [^\n]*: not permitted \(\[access\]\)\n$/);
      }
    }
    const { client } = await greet(port);
    client.write(`CONN good.test:${device.port}\n`);
    assert.match(await client.line(3000), /^OK CONN /);
    assert.equal(device.clients.length, 1);
    client.destroy();
    device.close();
  }),
);
