import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { localhostPairs } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";
import { Client, Device, reload } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { until } from "../../support/wait.js";

describe("TLS identities of tunnels", { skip: missing("openssl") }, () => {
  const pairs = localhostPairs();

  /** A server and its device, which both name identities, and a service beside the device. */
  async function open(t: TestContext) {
    const [linkPort, exposed] = [await freePort(), await freePort()];
    const service = await Device.open();
    const hub = [
      ...["[tls hub]", `cert=${pairs.own.certificate}`, `key=${pairs.own.key}`, `ca=${pairs.authority.certificate}`],
      ...["[tls open]", `cert=${pairs.own.certificate}`, `key=${pairs.own.key}`],
      ...["[tunnel plant]", `listen=${linkPort}`, `expose=127.0.0.1:${exposed} > 127.0.0.1:${service.port}`],
      ...["tls=hub", "listen-tls=open", ""],
    ];
    const barn = [
      ...["[tls barn]", `cert=${pairs.own.certificate}`, `key=${pairs.own.key}`, `ca=${pairs.authority.certificate}`],
      ...["[device plant]", `server=localhost:${linkPort}`, `allow=127.0.0.1:${service.port}`, "tls=barn", ""],
    ];
    const conf = new ConfigFile(hub.join("\n"));
    const server = await startHere("-c", conf.path);
    const device = await startHere("-c", new ConfigFile(barn.join("\n")).path);
    t.after(async () => {
      await Promise.all([device.stop(), server.stop()]);
      service.close();
    });
    await until(() => server.log().includes(`listening on 127.0.0.1:${exposed} (`), "the exposed port");
    assert.match(server.log(), new RegExp(`listening on 127\\.0\\.0\\.1:${exposed} \\(\\D+ over TLS for `));
    /** A client of the exposed port, over TLS. */
    const speak = async () => {
      const ca = readFileSync(pairs.authority.certificate);
      const socket = connect({ port: exposed, host: "127.0.0.1", servername: "localhost", ca });
      t.after(() => socket.destroy());
      await once(socket, "secureConnect");
      return { socket, client: new Client(socket) };
    };
    return { server, conf, service, speak };
  }

  test("the link and the clients of the exposed port speak TLS by their sections", async (t) => {
    const { server, conf, service, speak } = await open(t);
    const { client } = await speak();
    client.write("to the service\n");
    const remote = await service.client();
    assert.equal(await remote.line(), "to the service");
    remote.write("from the service\n");
    assert.equal(await client.line(), "from the service");
    assert.match(server.log(), /opened on tunnel plant \(port \d+\) \(TLSv1\.3, localhost\)/);

    conf.write(readFileSync(conf.path, "utf8").replace("[tls open]", "[tls other]\nca=/nowhere.pem\n[tls open]"));
    assert.match(await reload(server.port), /\[tls other\]: TLS: \/nowhere\.pem cannot be used/);
    const { client: still } = await speak();
    still.write("still there\n");
    assert.equal(await (await service.client(1)).line(), "still there");
  });
});
