import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, describe, type TestContext, test } from "node:test";
import { Certificates, type Pair } from "../../support/certificates.js";
import type { RunningDaemon } from "../../support/daemon.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, greet, reload } from "../../support/net.js";
import { type Openssl, openssl, tlsServer } from "../../support/openssl.js";
import { missing } from "../../support/peers.js";
import { until } from "../../support/wait.js";

describe("TLS identities towards remotes", { skip: missing("openssl") }, () => {
  let files: Certificates;
  let authority: Pair;
  let device: Pair;
  let daemon: RunningDaemon;
  let conf: string;
  let text: string;

  before(async () => {
    files = new Certificates();
    authority = files.make("authority");
    device = files.make("localhost", authority);
    const own = files.make("plugin", authority);
    const other = files.make("stranger");
    const short = { certificate: `${files.folder}/short.pem`, key: `${files.folder}/short.key` };
    const rsa = ["-newkey", "rsa:512", "-nodes", "-subj", "/CN=short", "-keyout", short.key, "-out", short.certificate];
    openssl("req", "-x509", "-days", "2", ...rsa);
    text = [
      ...["[tls boiler]", `cert=${own.certificate}`, `key=${own.key}`, `ca=${authority.certificate}`],
      ...["[tls other]", `cert=${other.certificate}`, `key=${other.key}`, `ca=${authority.certificate}`],
      ...["[tls short]", `cert=${short.certificate}`, `key=${short.key}`],
      ...["[tls trust]", `ca=${authority.certificate}`, ""],
    ].join("\n");
    conf = `${files.folder}/conf`;
    writeFileSync(conf, text);
    daemon = await startHere("-c", conf);
  });
  after(async () => {
    await daemon.stop();
    files.remove();
  });

  /** A device that wants a certificate of the authority, and shows one. */
  function strict(t: TestContext, ...args: string[]): Promise<Openssl & { readonly port: number }> {
    const own = ["-cert", device.certificate, "-key", device.key];
    return tlsServer(t, ...own, "-Verify", "1", "-verify_return_error", "-CAfile", authority.certificate, ...args);
  }

  async function answer(t: TestContext, command: string): Promise<{ client: Client; line: string }> {
    const { client } = await greet(daemon.port);
    t.after(() => client.destroy());
    client.write(`${command}\n`);
    return { client, line: await client.line() };
  }

  for (const version of ["-tls1_2", "-tls1_3"]) {
    test(`${version}: TLSI shows the certificate that the device wants, and trusts the authority`, async (t) => {
      const server = await strict(t, version);
      const { client, line } = await answer(t, `CONN localhost:${server.port} TLSI=boiler`);
      assert.match(line, /^OK CONN /);
      client.write("to the device\n");
      await server.says("to the device");
      assert.match(server.output, /CN ?= ?plugin/);
      server.write("from the device\n");
      assert.equal(await client.line(), "from the device");
    });
  }

  test("a device that wants a certificate, and gets none or a stranger's, is told with the option that helps", async (t) => {
    const server = await strict(t, "-tls1_2");
    const none = await answer(t, `CONN localhost:${server.port} PRTO=tls TLSV=0`);
    assert.match(
      none.line,
      /^ERR CONN .*TLS: the server refuses the handshake .* tls=NAME \(TLSI\) sends a certificate$/,
    );
    const stranger = await answer(t, `CONN localhost:${server.port} TLSI=other`);
    assert.match(stranger.line, /^ERR CONN .*TLS: the server refuses our certificate \(/);
    const newer = await strict(t, "-tls1_3");
    const { client } = await answer(t, `CONN localhost:${newer.port} PRTO=tls TLSV=0`);
    await until(() => client.ended || client.closed, "the end"); // TLS 1.3: the device says so behind the handshake
    client.destroy();
    await until(
      () => /closed: .*certificate required: tls=NAME \(TLSI\)/.test(daemon.log()),
      `the reason in ${daemon.log()}`,
      500,
    );
  });

  test("a short key of ours goes with tls-min below 1.2", async (t) => {
    const own = ["-cert", device.certificate, "-key", device.key];
    const server = await tlsServer(t, ...own, "-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-Verify", "1");
    const command = `CONN localhost:${server.port} TLSI=short TLSV=0`;
    assert.match((await answer(t, command)).line, /TLS: ee key too small: tls-min=1\.0 \(TLSM\) takes it$/);
    assert.match((await answer(t, `${command} TLSM=1.1`)).line, /^OK CONN /);
  });

  test("the authority of an identity alone decides whom to trust", async (t) => {
    const server = await tlsServer(t, "-cert", device.certificate, "-key", device.key);
    const trusted = await answer(t, `CONN localhost:${server.port} TLSI=trust`);
    assert.match(trusted.line, /^OK CONN /);
    trusted.client.destroy(); // openssl serves one at a time
    assert.match(
      (await answer(t, `CONN localhost:${server.port} PRTO=tls`)).line,
      /^ERR CONN .*TLS: unable to (get|verify)/,
    );
    assert.match((await answer(t, `CONN 127.0.0.1:${server.port} TLSI=trust`)).line, /^ERR CONN .*ALTNAME/);
  });

  test("a name that is not there dials nothing, and gets no hint at others", async (t) => {
    const { line } = await answer(t, `CONN localhost:9 TLSI=boyler`);
    assert.equal(line, 'ERR CONN tls:localhost:9: unknown TLS identity "boyler"');
  });

  test("lines of [direct] and [mux] take tls=NAME; a reload with a wrong file changes nothing", async (t) => {
    const server = await strict(t, "-tls1_2");
    const [direct, mux] = [await freePort(), await freePort()];
    const lines = [
      ...["[direct boiler]", `listen=${direct}`, `target=localhost:${server.port}`, "tls=boiler"],
      ...["[mux shared]", `listen=${mux}`, `target=localhost:${server.port}`, "protocol=echo", "tls=boiler", ""],
    ].join("\n");
    writeFileSync(conf, `${text}${lines}`);
    assert.equal(await reload(daemon.port), "OK RELD");
    const client = await Client.open(direct);
    t.after(() => client.destroy());
    client.write("by direct\n");
    await server.says("by direct");
    client.end();
    await until(() => client.ended, "the end");
    const sharing = await Client.open(mux);
    t.after(() => sharing.destroy());
    sharing.write("by mux\n");
    await server.says("by mux");
    sharing.destroy();

    writeFileSync(conf, `${text.replace("authority.pem", "nowhere.pem")}${lines}`);
    const refused = await reload(daemon.port);
    assert.match(refused, /^ERR RELD .*\[tls boiler\]: TLS: .*nowhere\.pem cannot be used: ENOENT/);
    writeFileSync(conf, `${text}[direct]\n${await freePort()}=h:1 tls=boyler\n`);
    assert.match(await reload(daemon.port), /unknown TLS identity "boyler"; did you mean boiler\?/);
    const again = await strict(t);
    assert.match((await answer(t, `CONN localhost:${again.port} TLSI=boiler`)).line, /^OK CONN /);
    assert.doesNotMatch(daemon.log(), /PRIVATE KEY/);
  });
});
