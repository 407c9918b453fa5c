import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DaemonProcess } from "../../support/daemon.js";
import { NameServer, type RecordType, type Reply } from "../../support/name-server.js";
import { Device, greet } from "../../support/net.js";
import { mayMount, startWithNames } from "../../support/resolv-conf.js";

const HERE = { addresses: ["127.0.0.1"] };
const LATE_MS = 3000;

type Story = readonly [name: string, records: Partial<Record<RecordType, Reply>>, withinMs: number, after?: number];

/** What a name server does, and how soon a connection is there all the same. */
const STORIES: readonly Story[] = [
  ["aaaa-never", { A: HERE, AAAA: "silence" }, 500],
  ["aaaa-late", { A: HERE, AAAA: { addresses: ["::1"], afterMs: LATE_MS } }, 500],
  ["aaaa-refused", { A: HERE, AAAA: "REFUSED" }, 500],
  ["aaaa-servfail", { A: HERE, AAAA: "SERVFAIL" }, 500],
  ["aaaa-nxdomain", { A: HERE, AAAA: "NXDOMAIN" }, 500],
  ["aaaa-unreachable", { A: { ...HERE, afterMs: 1500 }, AAAA: { addresses: ["2001:db8::1"] } }, 2500],
  ["a-late", { A: { ...HERE, afterMs: LATE_MS } }, LATE_MS + 700],
  ["both-late", { A: { ...HERE, afterMs: LATE_MS }, AAAA: "silence" }, LATE_MS + 700],
  ["a-truncated", { A: { ...HERE, truncated: true } }, 500],
  ["a-dead-first", { A: { addresses: ["127.0.0.99", "127.0.0.1"] } }, 500],
];

describe("a name server that behaves badly", { skip: !mayMount && "not permitted to mount", concurrency: true }, () => {
  let server: NameServer;
  let daemon: DaemonProcess;
  let device: Device;

  before(async () => {
    server = await NameServer.open("127.0.53.1");
    device = await Device.open();
    daemon = await startWithNames("nameserver 127.0.53.1\n", "-a", "127.0.0.1", "-L", "-");
  });
  after(async () => {
    await daemon.stop();
    device.close();
    server.close();
  });

  /** Sends a CONN; returns the reply and how long it took, in milliseconds. */
  const connect = async (name: string, options = ""): Promise<readonly [reply: string, ms: number]> => {
    const { client } = await greet(daemon.port);
    const since = performance.now();
    client.write(`CONN ${name}.test:${device.port}${options}\n`);
    const reply = await client.line();
    client.destroy();
    return [reply, performance.now() - since];
  };

  for (const [name, records, withinMs] of STORIES) {
    test(`${name}: connected within ${withinMs} ms`, async () => {
      server.names.set(`${name}.test`, records);
      const [reply, ms] = await connect(name);
      assert.match(reply, /^OK CONN /);
      assert.ok(ms < withinMs, `${ms} ms`);
    });
  }
});
