import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { ConfigFile } from "../../support/config.js";
import { NameServer, type RecordType, type Reply } from "../../support/name-server.js";
import { Device, greet } from "../../support/net.js";
import { mayMount, startWithNames } from "../../support/resolv-conf.js";
import { until } from "../../support/wait.js";

const SKIP = { skip: !mayMount && "not permitted to mount" };

/** What the name server knows. Names that begin with `dead` have no answer. */
const RECORDS: Readonly<Record<string, Partial<Record<RecordType, Reply>>>> = {
  "good.test": { A: { addresses: ["127.0.0.1"] } },
  "both.test": { A: { addresses: ["127.0.0.1"] }, AAAA: { addresses: ["::1"] } },
  "smuggled.test": { A: { addresses: ["127.0.0.99"] } },
};

/** A daemon whose names come from the stand-in for a name server, with this configuration file, for as long as `use` runs. */
async function withNames(config: string, use: (port: number, child: ChildProcess) => Promise<void>): Promise<void> {
  const server = await NameServer.open("127.0.0.53");
  for (const [name, records] of Object.entries(RECORDS)) server.names.set(name, records);
  for (const count of [1, 2, 3, 4, 5, 6]) server.names.set(`dead${count}.test`, { A: "silence", AAAA: "silence" });
  server.names.set("good.evil.test", { A: { addresses: ["127.0.0.1"] } });
  const daemon = await startWithNames(
    "nameserver 127.0.0.53\noptions timeout:20\n",
    "-L",
    "/dev/null",
    "-c",
    new ConfigFile(config).path,
  );
  try {
    await use(daemon.port, daemon.child);
  } finally {
    daemon.discard();
    server.close();
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
      assert.match(await client.line(), /^OK CONN /);
      const six = await Device.open("::1");
      const both = await greet(port);
      both.client.write(`CONN both.test:${six.port}\n`); // its IPv4 address refuses
      assert.match(await both.client.line(), /^OK CONN /);
      six.close();
      for (const each of dead) assert.match(await each.client.rest(), /^ERR CONN [^\n]*(timed out|unknown host)/);
      const last = await greet(port);
      last.client.write("CONN dead6.test:5\n");
      await until(() => last.client.socket.writableLength === 0, "the command to leave");
      const since = performance.now();
      child.kill("SIGTERM");
      const [status] = await once(child, "exit");
      assert.equal(status, 0);
      assert.ok(performance.now() - since < 12_000); // the system waits 40 s
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
    assert.match(await client.line(), /^OK CONN /);
    assert.equal(device.clients.length, 1);
    client.destroy();
    device.close();
  }),
);
