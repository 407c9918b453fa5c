import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, describe, type TestContext, test } from "node:test";
import { Certificates, type Pair } from "../../support/certificates.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { startHere } from "../../support/in-process.js";
import { greet } from "../../support/net.js";
import { OldTlsServer } from "../../support/old-tls-server.js";
import { openssl, tlsServer } from "../../support/openssl.js";
import { missing } from "../../support/peers.js";

/** What the server of the command line needs for versions, keys and signatures that it would refuse by itself. */
const OLD = ["-cipher", "ALL:@SECLEVEL=0"];

/** The server's options, the options of CONN with which it is refused, the reason, and those with which it is taken. */
const DEVICES: readonly [name: string, server: string[], refused: string, reason: RegExp, taken: string][] = [
  ["TLS 1.0", ["-tls1", ...OLD], "", /no TLS 1\.2: tls-min=1\.0 \(TLSM\) allows/, "TLSM=1.0"],
  ["TLS 1.0, two versions below", ["-tls1", ...OLD], "TLSM=1.1", /no TLS 1\.1: tls-min=1\.0 \(TLSM\)/, "TLSM=1"],
  ["TLS 1.1", ["-tls1_1", ...OLD], "TLSM=1.2", /tls-min=1\.0 \(TLSM\)/, "TLSM=1.1"],
  ["TLS 1.2, where 1.3 is wanted", ["-tls1_2", ...OLD], "TLSM=1.3", /no TLS 1\.3: tls-min=1\.2 \(TLSM\)/, ""],
  ["TLS 1.0 with AES128-SHA", ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"], "", /tls-min=1\.0/, "TLSM=1.0"],
];

describe("devices of 2012", { skip: missing("openssl") }, () => {
  let daemon: RunningDaemon;
  let files: Certificates;
  let weak: Pair;

  before(async () => {
    files = new Certificates();
    weak = { certificate: `${files.folder}/weak.pem`, key: `${files.folder}/weak.key` };
    const key = ["-newkey", "rsa:1024", "-nodes", "-days", "2", "-sha1", "-keyout", weak.key];
    openssl("req", "-x509", ...key, "-subj", "/CN=device", "-out", weak.certificate);
    daemon = await startHere();
  });
  after(async () => {
    await daemon.stop();
    files.remove();
  });

  async function answer(t: TestContext, command: string): Promise<string> {
    const { client } = await greet(daemon.port);
    t.after(() => client.destroy());
    client.write(`${command}\n`);
    return client.line();
  }

  for (const [name, options, refused, reason, taken] of DEVICES) {
    test(`${name}: the reason names the option, and with the option bytes pass`, async (t) => {
      const server = await tlsServer(t, "-cert", weak.certificate, "-key", weak.key, ...options);
      const command = `CONN 127.0.0.1:${server.port} PRTO=tls TLSV=0`;
      assert.match(await answer(t, `${command} ${refused}`), reason);
      const { client } = await greet(daemon.port);
      t.after(() => client.destroy());
      client.write(`${command} ${taken}\n`);
      assert.match(await client.line(), /^OK CONN /);
      client.write("to the device\n");
      await server.says("to the device");
      server.write("from the device\n");
      assert.equal(await client.line(), "from the device");
    });
  }

  test("what is allowed to be old still is new where the device is", async (t) => {
    const server = await tlsServer(t, "-cert", weak.certificate, "-key", weak.key, ...OLD);
    const command = `CONN 127.0.0.1:${server.port} PRTO=tls TLSV=0 TLSM=1.0`;
    assert.match(await answer(t, command), /^OK CONN /);
    assert.match(daemon.log(), new RegExp(`connected to 127\\.0\\.0\\.1:${server.port} after \\d+ ms \\(TLSv1\\.3\\)`));
  });

  test("the certificate is checked, however old the device may be", async (t) => {
    const server = await tlsServer(t, "-cert", weak.certificate, "-key", weak.key, "-tls1", ...OLD);
    assert.match(await answer(t, `CONN 127.0.0.1:${server.port} PRTO=tls TLSM=1.0`), /self-signed certificate/);
  });

  test("a server without secure renegotiation is taken with TLSL=1 only", async (t) => {
    const { server } = new OldTlsServer(weak);
    server.listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const command = `CONN 127.0.0.1:${(server.address() as AddressInfo).port} PRTO=tls TLSV=0`;
    assert.match(await answer(t, command), /legacy renegotiation disabled: tls-legacy=1 \(TLSL\)/);
    assert.match(await answer(t, `${command} TLSM=1.0`), /tls-legacy=1 \(TLSL\)/);
    const { client } = await greet(daemon.port);
    t.after(() => client.destroy());
    client.write(`${command} TLSL=1\n`);
    assert.match(await client.line(), /^OK CONN /);
    client.write("there and back\n");
    assert.equal(await client.line(), "there and back");
  });

  test("a server that speaks no TLS is called so", async (t) => {
    const { server } = new OldTlsServer(weak);
    server.removeAllListeners("connection").on("connection", (socket) => {
      socket.on("error", () => {});
      socket.end("220 mail.example.com ESMTP\r\n");
    });
    server.listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.match(await answer(t, `CONN 127.0.0.1:${port} PRTO=tls`), /what the server sends is no TLS/);
  });

  test("a server that closes in the handshake may be too old", async (t) => {
    const { server } = new OldTlsServer(weak);
    server.removeAllListeners("connection").on("connection", (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end());
    });
    server.listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const command = `CONN 127.0.0.1:${port} PRTO=tls`;
    assert.match(await answer(t, command), /closed the connection in the handshake: tls-min=1\.0 \(TLSM\)/);
    assert.doesNotMatch(await answer(t, `${command} TLSM=1.0`), /tls-min/);
  });
});
