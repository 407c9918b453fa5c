import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { parseConfigFile } from "#src/core/config/file.js";
import type { Settings } from "#src/core/config/settings.js";
import { statusJson } from "#src/core/status/status-reply.js";
import { frameOf } from "#src/core/tunnel/frames.js";
import type { Daemon } from "#src/daemon/daemon.js";
import { Certificates, type Pair } from "../support/certificates.js";
import { MAIN } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { daemonHere, type MemoryLog } from "../support/in-process.js";
import { Client, Device } from "../support/net.js";
import { missing } from "../support/peers.js";
import { run } from "../support/plugin/programs.js";
import { quietFor, until } from "../support/wait.js";

const LISTEN = frameOf({ kind: "listen" });
const secretFrame = (secret: string): Buffer => frameOf({ kind: "secret", bytes: Buffer.from(secret) });

/** A daemon of this process, and its log. */
interface Side {
  readonly daemon: Daemon;
  readonly log: MemoryLog;
}

/** Starts a daemon with this configuration. The end of the test stops it. */
async function start(t: TestContext, text: string): Promise<Side> {
  const { settings, problems } = parseConfigFile(text, "test");
  assert.deepEqual(problems, []);
  const { values, ...lines } = settings;
  const all: Partial<Settings> = { ...values, ...lines };
  const { daemon, log } = await daemonHere(all);
  t.after(() => daemon.stop("the test has ended"));
  return { daemon, log };
}

/** The server's side: the port for devices, and one that leads to a service. */
class Server {
  readonly port: number;
  readonly exposed: number;
  readonly side: Side;

  constructor(port: number, exposed: number, side: Side) {
    this.port = port;
    this.exposed = exposed;
    this.side = side;
  }

  static async start(t: TestContext, service: number, options: string, more = ""): Promise<Server> {
    const [port, exposed] = [await freePort(), await freePort()];
    const line = `${port}=EXPOSE 127.0.0.1:${exposed}>127.0.0.1:${service} ${options}`;
    return new Server(port, exposed, await start(t, `[tunnel]\n${line}\n${more}`));
  }

  get status() {
    const [tunnel] = this.side.daemon.status.tunnels;
    assert(tunnel);
    return tunnel;
  }

  /** Waits until clients can come. */
  async ready(): Promise<void> {
    const { log } = this.side;
    await until(
      () => log.lines.some((line) => line.includes(`listening on 127.0.0.1:${this.exposed} `)) && this.status.listening,
      `the host port; ${log.lines.join("\n")}`,
    );
  }

  /** Waits for a line of the log. */
  async says(pattern: RegExp): Promise<void> {
    await says(this.side, pattern);
  }
}

async function says({ log }: Side, pattern: RegExp): Promise<void> {
  try {
    await until(() => log.lines.some((line) => pattern.test(line)), String(pattern), 10_000);
  } catch (error) {
    throw new Error(`${error}; there is:\n${log.lines.join("\n")}`);
  }
}

/** The device's side. */
function startDevice(t: TestContext, server: number, service: number, more: string): Promise<Side> {
  const lines = [`server=localhost:${server}`, `allow=127.0.0.1:${service}`, more];
  return start(t, `[device]\n${lines.join("\n")}\n`);
}

/** A device whose frames the test scripts. */
class Script {
  readonly socket: TLSSocket;
  readonly client: Client;

  constructor(socket: TLSSocket) {
    this.socket = socket;
    this.client = new Client(socket);
  }

  static async open(t: TestContext, port: number, options: ConnectionOptions): Promise<Script> {
    const script = new Script(connectTls({ host: "127.0.0.1", port, servername: "localhost", ...options }));
    t.after(() => script.socket.destroy());
    await once(script.socket, "secureConnect");
    return script;
  }

  write(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }
}

/** A client of this host port reaches the service. */
async function reaches({ exposed }: Server, service: Device): Promise<void> {
  const index = service.clients.length;
  const client = await Client.open(exposed);
  client.write("question\n");
  const remote = await service.client(index);
  assert.equal(await remote.line(), "question");
  remote.write("answer\n");
  assert.equal(await client.line(), "answer");
  client.destroy();
}

/** Asserts that a client from this address is closed, with a log line. */
async function refuses(server: Server, localAddress: string, port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", localAddress, allowHalfOpen: true });
  const client = new Client(socket);
  client.write("anything");
  await until(() => client.ended || client.closed, "it to be closed");
  socket.destroy();
  await server.says(new RegExp(`\\[- ${localAddress} > -\\] rejected by tunnel port ${port}: [^\\n]*may not`));
}

describe("tunnels over TLS", { skip: missing("openssl") }, () => {
  let files: Certificates;
  let authority: Pair;
  let stranger: Pair;
  let own: Pair;
  let ca: Buffer;
  /** The options of a line whose server has a certificate of the authority for localhost. */
  let tls: string;
  /** What makes a device trust it. */
  let trust: string;

  before(() => {
    files = new Certificates();
    authority = files.make("authority");
    stranger = files.make("stranger");
    own = files.make("localhost", authority);
    ca = readFileSync(authority.certificate);
    tls = `TLS=1 CERT=${own.certificate} PKEY=${own.key}`;
    trust = `tls=true\nca=${authority.certificate}`;
  });

  after(() => files.remove());

  async function serviceOf(t: TestContext): Promise<Device> {
    const service = await Device.open();
    t.after(() => service.close());
    return service;
  }

  test("sockproxyd at both ends: bytes pass both ways, and large transfers arrive whole", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, tls);
    const device = await startDevice(t, server.port, service.port, trust);
    await server.ready();
    await reaches(server, service);
    const large = Buffer.alloc(4_000_000, "all of the 256 clients ");
    const client = await Client.open(server.exposed);
    client.write(large);
    const remote = await service.client(1);
    await until(() => remote.bytes.length === large.length, "all of it");
    assert(remote.bytes.equals(large));
    remote.write(large);
    await until(() => client.bytes.length === large.length, "all of it back");
    assert(client.bytes.equals(large));
    client.destroy();
    assert.equal(device.daemon.status.devices[0]?.connected, true);
  });

  test("a device rejects a server with another name or an unknown authority", async (t) => {
    const service = await serviceOf(t);
    const elsewhere = files.make("elsewhere.example", authority);
    const server = await Server.start(t, service.port, `TLS=1 CERT=${elsewhere.certificate} PKEY=${elsewhere.key}`);
    const wrongName = await startDevice(t, server.port, service.port, trust);
    await says(
      wrongName,
      /WARN \[device > localhost:\d+\] TLS: [^\n]*(altnames|does not match)[^\n]*; the device tries again/,
    );
    const right = await Server.start(t, service.port, tls);
    const wrongAuthority = await startDevice(t, right.port, service.port, `tls=true\nca=${stranger.certificate}`);
    await says(wrongAuthority, /WARN \[device > [^\n]*TLS: [^\n]*UNABLE_TO_(VERIFY|GET)/);
    const noAuthority = await startDevice(t, right.port, service.port, "tls=true");
    await says(noAuthority, /WARN \[device > [^\n]*TLS: [^\n]*UNABLE_TO_(VERIFY|GET)/);
    assert.deepEqual([server.status.links, right.status.links], [0, 0]);
    await right.says(/rejected by tunnel port \d+: TLS: /);
  });

  test("CAFI: only a device with a certificate of the authority is accepted", async (t) => {
    const service = await serviceOf(t);
    const options = `${tls} CAFI=${authority.certificate}`;
    const [good, bad] = [files.make("mountain", authority), files.make("valley", stranger)];
    const certified = ({ certificate, key }: Pair): string => `${trust}\ncert=${certificate}\nkey=${key}`;

    const none = await Server.start(t, service.port, options);
    await startDevice(t, none.port, service.port, trust);
    await none.says(/rejected by tunnel port \d+: TLS: peer did not return a certificate/);
    assert.equal(none.status.links, 0);

    const wrong = await Server.start(t, service.port, options);
    await startDevice(t, wrong.port, service.port, certified(bad));
    await wrong.says(/rejected by tunnel port \d+: TLS: its certificate is not good \(/);
    assert.equal(wrong.status.links, 0);

    const right = await Server.start(t, service.port, options);
    await startDevice(t, right.port, service.port, certified(good));
    await right.ready();
    await reaches(right, service);
  });

  test("SECR: the right secret opens the host ports; a server without SECR skips it", async (t) => {
    for (const option of ["SECR=sesame", ""]) {
      const service = await serviceOf(t);
      const server = await Server.start(t, service.port, `${tls} ${option}`);
      await startDevice(t, server.port, service.port, `${trust}\nsecret=sesame`);
      await server.ready();
      await reaches(server, service);
      const client = await Client.open(server.exposed); // STAT shows the options of clients that are there
      await until(
        () => [...server.side.daemon.status.connections].some(({ status }) => status.options),
        "it to be known",
      );
      assert.doesNotMatch([...statusJson(server.side.daemon.status)].join(""), /sesame/);
      assert.doesNotMatch(server.side.log.lines.join(), /sesame/);
      client.destroy();
    }
  });

  test("SECR: a device with a wrong secret or none is closed and replaces no other device", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, `${tls} SECR=sesame`);
    await startDevice(t, server.port, service.port, `${trust}\nsecret=sesame`);
    await server.ready();

    const mute = await Script.open(t, server.port, { ca });
    mute.write(LISTEN);
    await mute.client.rest();
    const wrong = await Script.open(t, server.port, { ca });
    wrong.write(secretFrame("open"), secretFrame("sesame"), LISTEN); // only the first guess counts
    await wrong.client.rest();
    await server.says(/WARN \[tunnel \d+ < 127\.0\.0\.1:\d+\] rejected: it did not send the secret/);
    await server.says(/WARN \[tunnel \d+ < 127\.0\.0\.1:\d+\] rejected: its secret is wrong/);
    assert.equal(server.status.links, 1);
    assert.equal(server.status.turnedAway, 2);
    await reaches(server, service);

    const waiting = await Script.open(t, server.port, { ca });
    await quietFor(50);
    assert.equal(server.status.links, 1); // it has said nothing so far
    waiting.write(secretFrame("sesame"));
    await server.says(/link lost: another device has connected/);
    waiting.write(LISTEN);
    await until(() => server.status.links >= 2, "it to be the device");
    assert.doesNotMatch(server.side.log.lines.join(), /sesame/);
  });

  test("a device with a wrong secret tries less and less often, and its log hides the secret", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, `${tls} SECR=sesame`);
    const device = await startDevice(t, server.port, service.port, `${trust}\nsecret=open`);
    await server.says(/rejected: its secret is wrong/);
    await quietFor(1500);
    assert.equal(server.status.listening, false);
    assert.equal(server.side.log.lines.filter((line) => line.includes("rejected: ")).length, 1, "once a minute");
    const { links } = device.daemon.status.devices[0] ?? {};
    assert(links !== undefined && links <= 3, `${links} links`); // after 250 ms, then 500, then 1000
    assert.doesNotMatch(device.log.lines.join(), /open"|secret=open|sesame/);
    assert.equal(device.log.lines.filter((line) => line.includes("link lost")).length, 1);
  });

  test("a peer without TLS is closed and logged once; a device with TLS is not affected", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, tls);
    await startDevice(t, server.port, service.port, trust);
    await server.ready();
    for (const words of [LISTEN, Buffer.from("GET / HTTP/1.0\r\n\r\n"), Buffer.alloc(64, 0xff)]) {
      const plain = await Client.open(server.port);
      plain.write(Buffer.concat([words, Buffer.alloc(32)]));
      await until(() => plain.ended || plain.closed, "it to be closed");
      plain.destroy();
    }
    await server.says(/WARN \[- 127\.0\.0\.1 > -\] rejected by tunnel port \d+: TLS: /);
    assert.equal(server.side.log.lines.filter((line) => line.includes("rejected by ")).length, 1);
    assert.equal(server.status.links, 1);
    await reaches(server, service);
  });

  test("a reload uses a new certificate for new devices; a wrong one changes nothing", async (t) => {
    const service = await serviceOf(t);
    const pair = files.make("server", authority);
    files.replace(pair, own);
    const server = await Server.start(t, service.port, `TLS=1 CERT=${pair.certificate} PKEY=${pair.key}`);
    await startDevice(t, server.port, service.port, trust);
    await server.ready();
    const served = async (): Promise<unknown> => {
      const { socket } = await Script.open(t, server.port, { ca, checkServerIdentity: () => undefined });
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return subject.CN;
    };
    const { daemon, log } = server.side;
    writeFileSync(pair.certificate, "nothing\n");
    assert.match((await daemon.reload("test")) ?? "", /^TLS: [^\n]*server\.pem cannot be used: /);
    files.replace(pair, { ...own, key: stranger.key });
    assert.match((await daemon.reload("test")) ?? "", /^TLS: [^\n]*server\.pem and [^\n]*server\.key cannot be used: /);
    assert.match(log.lines.join("\n"), /ERROR configuration not taken \(test\), nothing has changed: TLS: /);
    await reaches(server, service);
    files.replace(pair, files.make("renewed", authority));
    assert.equal(await daemon.reload("test"), undefined);
    assert.equal(server.status.links, 1); // the connected device is unaffected
    await reaches(server, service);
    assert.equal(await served(), "renewed");
  });

  test("a device reports missing files and connects once they exist", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, tls);
    const [later, now] = [`${files.folder}/later.pem`, `${files.folder}/now.pem`];
    const device = await startDevice(t, server.port, service.port, `tls=true\nca=${later}`);
    await says(
      device,
      /WARN \[device > [^\n]*\] TLS: [^\n]*later\.pem cannot be used: ENOENT[^\n]*; the device tries again/,
    );
    writeFileSync(now, ca);
    renameSync(now, later);
    await server.ready();
    await reaches(server, service);
  });

  test("from the command line: the device's flags are the keys of [device]", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, `${tls} CAFI=${authority.certificate} SECR=sesame`);
    const { certificate, key } = files.make("commanded", authority);
    const where = ["--server", `localhost:${server.port}`, "--allow", `127.0.0.1:${service.port}`];
    const proofs = ["--tls", "--ca", authority.certificate, "--cert", certificate, "--key", key, "--secret", "sesame"];
    const program = run(process.execPath, MAIN, "tunnel", "device", ...where, ...proofs);
    t.after(() => program.kill());
    await server.ready();
    await reaches(server, service);
    assert.doesNotMatch(program.stderr(), /sesame/);
  });

  test("a server whose files are wrong does not start", async (t) => {
    const options = tls.replace(own.key, stranger.key);
    await assert.rejects(Server.start(t, 1, options), /^Error: TLS: [^\n]*localhost\.pem and [^\n]*stranger\.key/);
    await assert.rejects(Server.start(t, 1, `${tls} CAFI=${own.key}`), /^Error: TLS: [^\n]*localhost\.key cannot be/);
    await assert.rejects(
      Server.start(t, 1, tls.replace(own.certificate, "/no/file")),
      /^Error: TLS: \/no\/file cannot/,
    );
  });

  test("[access] clients decides who may open a link and who may use a host port", async (t) => {
    const service = await serviceOf(t);
    for (const [options, device] of [
      [tls, trust],
      ["", ""],
    ] as const) {
      const server = await Server.start(t, service.port, options, "[access]\nclients=127.0.0.1\n");
      await startDevice(t, server.port, service.port, device);
      await server.ready();
      await refuses(server, "127.0.0.8", server.port);
      await refuses(server, "127.0.0.9", server.exposed);
      assert.equal(server.status.links, 1);
      assert.equal(server.status.clients, 0);
      await reaches(server, service);
    }
  });

  test("[access] devices decides who may open a link, in place of clients", async (t) => {
    const service = await serviceOf(t);
    const server = await Server.start(t, service.port, tls, "[access]\nclients=127.0.0.9\ndevices=127.0.0.1\n");
    await startDevice(t, server.port, service.port, trust);
    await server.ready();
    await refuses(server, "127.0.0.9", server.port);
    await refuses(server, "127.0.0.1", server.exposed);
    const client = new Client(connect({ port: server.exposed, host: "127.0.0.1", localAddress: "127.0.0.9" }));
    client.write("question\n");
    assert.equal(await (await service.client()).line(), "question");
    client.destroy();
    assert.equal(server.status.links, 1);
  });
});
