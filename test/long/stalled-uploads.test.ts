// Thousands of clients whose remotes read nothing: the daemon notices their end at almost no cost.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { startDaemon } from "../support/daemon.js";
import { worstGreetingMs } from "../support/greeting.js";
import { insideNamespace, runInside } from "../support/namespace.js";
import { missing } from "../support/peers.js";
import { faults } from "../support/process.js";
import { pause, until } from "../support/wait.js";

const UPLOADS = 2000;
const BYTES = 262_144; // more than the kernel keeps of each here
const LOOKS_MS = 6000; // each client is looked up within this time
const MOST_MS = 50; // of the daemon's own time; when each look went through the whole table it was 80 to 250

if (insideNamespace) {
  test(`${UPLOADS} stalled uploads delay nobody, and those of closed clients end`, async (t) => {
    for (const name of ["tcp_rmem", "tcp_wmem"]) writeFileSync(`/proc/sys/net/ipv4/${name}`, "4096 16384 32768");
    const server = createServer({ pauseOnConnect: true }, (socket) => socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port: remote } = server.address() as AddressInfo;
    const config = new ConfigFile("[access]\nmax-connections=5000\n");
    const daemon = await startDaemon("-c", config.path);
    t.after(() => daemon.stop("SIGKILL"));
    const piece = Buffer.alloc(BYTES);
    const clients: Socket[] = [];
    while (clients.length < UPLOADS) {
      const client = connect(daemon.port, "127.0.0.1");
      client.on("error", () => {});
      clients.push(client);
      await once(client, "connect");
      client.write(`CONN 127.0.0.1:${remote}\n`);
      client.write(piece);
    }
    const closed = (): number => daemon.log().match(/closed: .*the remote takes nothing/g)?.length ?? 0;
    const worst = await worstGreetingMs(daemon.port, () => pause(LOOKS_MS), daemon.child.pid);
    t.diagnostic(`worst greeting ${worst.toFixed(0)} ms`);
    assert.ok(worst < MOST_MS, `${worst} ms`);
    assert.ok(clients.every((client) => client.writableLength > 0 && !client.destroyed));
    assert.equal(closed(), 0);
    for (const client of clients.slice(0, 100)) client.resetAndDestroy();
    await until(() => closed() === 100, "them to be let go", 20_000);
    assert.deepEqual(faults(daemon.log()), []);
  });
} else {
  test("in a network of its own", { skip: missing("unshare", "ip") }, (t) => runInside(import.meta.url, t));
}
