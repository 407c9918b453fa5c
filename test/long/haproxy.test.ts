// The PROXY protocol with the program that it is from: what HAProxy sends is understood, and what the daemon sends HAProxy understands.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { DaemonStatus } from "#src/core/status/daemon-status.js";
import { Certificates } from "../support/certificates.js";
import { ConfigFile } from "../support/config.js";
import { freePort } from "../support/free-port.js";
import { startHere } from "../support/in-process.js";
import { Program } from "../support/machines.js";
import { Client, Device } from "../support/net.js";
import { missing } from "../support/peers.js";
import { statJson } from "../support/stat-json.js";
import { until } from "../support/wait.js";

const HERE = "127.0.0.1";
/** Of the client: another one than that of HAProxy. */
const CLIENT = "127.0.0.77";

/** Ports of HAProxy, each with the option of its server, and the line of the daemon that it leads to. */
const SENT = {
  v1: ["plain", "send-proxy"],
  v2: ["plain", "send-proxy-v2"],
  tlvs: ["plain", "send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl,cert-cn"],
  tls: ["tls", "send-proxy-v2 ssl verify none"],
  checked: ["plain", "send-proxy-v2 check inter 100ms"],
} as const;
type Sent = keyof typeof SENT;

test("HAProxy and the daemon tell each other who the client is", { skip: missing("haproxy", "openssl") }, async (t) => {
  const device = await Device.open();
  const files = new Certificates();
  const pair = files.make("localhost");
  const ports = new Map<string, number>();
  for (const name of [...Object.keys(SENT), "to plain", "to tls", "v1 to", "v2 to", "accepts"])
    ports.set(name, await freePort());
  const port = (name: string): number => ports.get(name) ?? 0;
  const config = new ConfigFile(
    [
      ...["[tls own]", `cert=${pair.certificate}`, `key=${pair.key}`],
      ...["plain", "tls"].flatMap((name) => [
        ...[
          `[direct ${name}]`,
          `listen=${port(`to ${name}`)}`,
          `target=${HERE}:${device.port}`,
          `proxy-protocol=${HERE}`,
        ],
        ...(name === "tls" ? ["listen-tls=own"] : []),
      ]),
      ...["v1", "v2"].flatMap((version) => [
        ...[`[direct to-${version}]`, `listen=${port(`${version} to`)}`, `target=${HERE}:${port("accepts")}`],
        `send-proxy=${version}`,
      ]),
      "",
    ].join("\n"),
  );
  const daemon = await startHere("-c", config.path);
  const haproxyConfig = new ConfigFile(
    [
      ...[
        "defaults",
        "mode tcp",
        "timeout connect 20s",
        "timeout check 20s",
        "timeout client 60s",
        "timeout server 60s",
      ],
      ...["log stdout format raw local0", "option log-health-checks"],
      ...Object.entries(SENT).flatMap(([name, [line, options]]) => [
        ...[`listen ${name}`, `bind ${HERE}:${port(name)}`, "unique-id-format %rt"],
        `server daemon ${HERE}:${port(`to ${line}`)} ${options}`,
      ]),
      ...[
        "listen accepts",
        `bind ${HERE}:${port("accepts")} accept-proxy`,
        `server device ${HERE}:${device.port} send-proxy`,
      ],
      "",
    ].join("\n"),
  );
  const haproxy = new Program("haproxy", ["-f", haproxyConfig.path]);
  t.after(async () => {
    haproxy.kill();
    await daemon.stop();
    device.close();
    files.remove();
  });
  await haproxy.answers(port("accepts"), HERE);
  await until(() => /checked\/daemon succeeded/.test(haproxy.text), "a health check");

  const status = (): Promise<DaemonStatus> => statJson(daemon.port);
  const ask = async (name: string): Promise<{ client: Client; own: number; remote: Client }> => {
    const client = new Client(connect({ port: port(name), host: HERE, localAddress: CLIENT }));
    client.write(`by ${name}\n`);
    const mine = () => device.clients.find(({ bytes }) => bytes.includes(`by ${name}\n`));
    await until(() => mine() !== undefined, `the client by ${name}`);
    return { client, own: client.socket.localPort ?? 0, remote: mine() as Client };
  };
  for (const name of Object.keys(SENT) as Sent[]) {
    const { client, own, remote } = await ask(name);
    assert.equal(remote.bytes.toString(), `by ${name}\n`, "nothing of the header is left");
    const shown = (await status()).connections.find(({ clientPort }) => clientPort === own);
    assert.deepEqual([shown?.client, shown?.listener.split(" ")[1]], [CLIENT, SENT[name][0]], name);
    client.destroy();
  }
  for (const version of ["v1", "v2"]) {
    const { client, own, remote } = await ask(`${version} to`);
    const told = `PROXY TCP4 ${CLIENT} ${HERE} ${own} ${port(`${version} to`)}\r\n`;
    assert.equal(remote.bytes.toString(), `${told}by ${version} to\n`);
    client.destroy();
  }
  assert.doesNotMatch(daemon.log(), /rejected/, "health checks (LOCAL) are no mistakes");
});
