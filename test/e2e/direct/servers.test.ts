import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BlackHole } from "../../support/black-hole.js";
import { type Direct, Named, reach, startDirect, startDirectProcess } from "../../support/direct.js";
import { freePort } from "../../support/free-port.js";
import { Client, Device } from "../../support/net.js";
import { missing } from "../../support/peers.js";
import { descriptorsAtRest } from "../../support/process.js";
import { quietFor, until } from "../../support/wait.js";

const CHECK = "HLTH=0.2";
const UNCHECKED = "HLTH=0";

/** Waits until so many log lines match; they come a moment after the event. */
async function logged({ daemon }: Direct, text: string | RegExp, lines = 1): Promise<void> {
  const matching = (): number =>
    daemon
      .log()
      .split("\n")
      .filter((line) => line.search(text) >= 0).length;
  await until(() => matching() >= lines, `the log to tell: ${text}`);
  assert.equal(matching(), lines, daemon.log());
}

describe("which server a client gets", { concurrency: 4 }, () => {
  test("first: the first that can be reached; one that is down is tried last, and is back when it is reached", async (t) => {
    const [a, b] = [await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${a.address},${b.address} ${UNCHECKED}`);
    for (let round = 0; round < 3; round += 1) assert.equal((await reach(direct.port, [a, b])).server, a);
    a.close();
    for (let round = 0; round < 3; round += 1) {
      const { client, server } = await reach(direct.port, [a, b]);
      assert.equal(server, b);
      client.destroy();
    }
    await a.reopen();
    assert.equal((await reach(direct.port, [a, b])).server, b, "nobody knows yet that a is back");
    await logged(direct, `> ${b.address}\\] connected to ${b.address} after`, 4);
    assert.match(await direct.ask("STAT"), new RegExp(` 2 {2}127\\.0\\.0\\.1 +${b.address} `));
    b.close();
    assert.equal((await reach(direct.port, [a, b])).server, a);
    await direct.shows("up", "down");
    await logged(direct, `\\[direct ${direct.port} > ${a.address}\\] is back after \\d+\\.\\d s`);
    await logged(direct, `${a.address}\\] is down: connection refused`);
  });

  test("round: each in its turn, those that are down left out", async (t) => {
    const servers = [await Named.open(t, "a"), await Named.open(t, "b"), await Named.open(t, "c")];
    const direct = await startDirect(t, `${servers.map(({ address }) => address)} BALA=round ${UNCHECKED}`);
    const given = async (clients: number): Promise<string> => {
      let names = "";
      for (let at = 0; at < clients; at += 1) names += (await reach(direct.port, servers)).server.name;
      return names;
    };
    assert.equal(await given(6), "abcabc");
    servers[1]?.close();
    await given(2);
    await direct.shows("up", "down", "up");
    assert.match(await given(6), /^(acacac|cacaca)$/);
  });

  test("least: the one with the fewest clients, as they come and go", async (t) => {
    const servers = [await Named.open(t, "a"), await Named.open(t, "b"), await Named.open(t, "c")];
    const direct = await startDirect(t, `${servers.map(({ address }) => address)} BALA=least ${UNCHECKED}`);
    const given: Awaited<ReturnType<typeof reach>>[] = [];
    for (let at = 0; at < 6; at += 1) given.push(await reach(direct.port, servers));
    assert.equal(given.map(({ server }) => server.name).join(""), "abcabc");
    for (const { client, server } of given) if (server.name === "b") client.reset();
    const active = async (): Promise<string> => (await direct.servers()).map((server) => server.active).join();
    await until(async () => (await active()) === "2,0,2", "b to have none");
    for (const name of ["b", "b", "a"]) assert.equal((await reach(direct.port, servers)).server.name, name);
    assert.deepEqual(
      (await direct.servers()).map(({ active, total }) => [active, total]),
      [
        [3, 3],
        [2, 4],
        [2, 2],
      ],
    );
  });

  test("least: clients that come in one moment are spread, too", async (t) => {
    const servers = [await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${servers.map(({ address }) => address)} BALA=least ${UNCHECKED}`);
    await Promise.all(Array.from({ length: 20 }, () => reach(direct.port, servers)));
    assert.deepEqual(
      (await direct.servers()).map(({ active }) => active),
      [10, 10],
    );
  });

  test("[access] holds for each server", async (t) => {
    const [denied, b] = [await Device.open("127.0.0.2"), await Named.open(t, "b")];
    t.after(() => denied.close());
    const line = `127.0.0.2:${denied.port},${b.address} ${UNCHECKED}`;
    const direct = await startDirect(t, line, "[access]\ndeny-targets=127.0.0.2\n");
    assert.equal((await reach(direct.port, [b])).server, b);
    assert.equal(denied.clients.length, 0);
    assert.equal((await direct.servers())[0]?.reason, "not permitted ([access])");
  });
});

describe("servers that cannot be reached", { concurrency: 4 }, () => {
  test("are taken out and back in by checks, with one log line each", async (t) => {
    const [a, b] = [await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${a.address},${b.address} ${CHECK}`);
    await until(() => a.connections > 1 && b.connections > 1, "both to be checked more than once");
    a.close();
    await direct.shows("down", "up");
    const [down] = await direct.servers();
    assert.equal(down?.reason, "connection refused");
    assert.ok(Math.abs(Date.parse(down?.since ?? "") - Date.now()) < 60_000, down?.since);
    const { failures } = down ?? { failures: 0 };
    await until(async () => ((await direct.servers())[0]?.failures ?? 0) > failures + 2, "some checks more");
    assert.equal((await reach(direct.port, [a, b])).server, b);
    await a.reopen();
    await direct.shows("up", "up");
    assert.equal((await reach(direct.port, [a, b])).server, a);
    await logged(direct, " is back after ");
    await logged(direct, " is down: ");
  });

  test("a check costs nothing that stays", async (t) => {
    const [a, b] = [await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${a.address},${b.address} HLTH=0.02 CTIM=300`);
    b.close();
    await until(async () => ((await direct.servers())[1]?.failures ?? 0) > 20 && a.connections > 20, "many checks");
    await direct.reload(`${a.address},${b.address} ${UNCHECKED}`);
    await until(async () => {
      const { descriptors } = JSON.parse((await direct.ask("STAT JSON")).split("\n")[0] ?? "");
      return descriptors.used === 1; // the one who asks
    }, "all descriptors to be given back");
    await until(() => a.open === 0, "all checks to have disconnected");
    const before = a.connections;
    await quietFor(100);
    assert.equal(a.connections, before, "HLTH=0 is never");
  });

  test("a server that swallows connections leaves time for the others, and the next client does not wait for it", async (t) => {
    const [hole, b] = [await BlackHole.open(t), await Named.open(t, "b")];
    await hole.close();
    const direct = await startDirect(t, `127.0.0.1:${hole.port},${b.address} CTIM=1600 ${UNCHECKED}`);
    const since = performance.now();
    assert.equal((await reach(direct.port, [b])).server, b);
    const waited = performance.now() - since;
    assert.ok(waited > 750, `${waited} ms`);
    const [{ failures: failed = 0 } = {}] = await direct.servers();
    assert.equal((await reach(direct.port, [b])).server, b);
    assert.equal((await direct.servers())[0]?.failures, failed, "it is not tried again");
    assert.match((await direct.servers())[0]?.reason ?? "", /^timed out after (79\d|800) ms$/); // what is left, halved
    await direct.reload(`127.0.0.1:${hole.port},${b.address} CTIM=1600 ${CHECK}`);
    await direct.shows("down", "up");
    hole.release();
    await direct.shows("up", "up");
  });

  test("without any server the client gets each server with its reason", async (t) => {
    const [one, two] = [await freePort(), await freePort()];
    const direct = await startDirect(t, `127.0.0.1:${one},127.0.0.1:${two} ${UNCHECKED}`);
    const client = await Client.open(direct.port);
    const refused = [one, two].map((port) => `127.0.0.1:${port} connection refused`).join("; ");
    assert.equal(await client.rest(), `ERR CONN 127.0.0.1:${one},127.0.0.1:${two}: ${refused}\n`);
    client.destroy();
  });

  for (const data of ["", "data that nobody has asked for"]) {
    for (const servers of [1, 2]) {
      test(`FAIL=reset, ${servers} of ${servers}: the client is reset, having sent ${data || "nothing"}`, async (t) => {
        const ports = [await freePort(), await freePort()].slice(0, servers);
        const line = `${ports.map((port) => `127.0.0.1:${port}`)} FAIL=reset RTRY=0.1 CTIM=500 ${UNCHECKED}`;
        const direct = await startDirect(t, line);
        const client = await Client.open(direct.port);
        client.write(data);
        await until(() => client.closed, "the end");
        assert.equal(client.error?.code, "ECONNRESET");
        assert.deepEqual([client.ended, client.bytes.length], [false, 0]);
        await logged(direct, /\] closed: ERR CONN [^\n]*connection refused; \d/);
      });
    }
  }

  test("a lack of descriptors is not a server's fault", { skip: missing("prlimit") }, async (t) => {
    const [a, b] = [await Named.open(t, "a"), await Named.open(t, "b")];
    const runner = ["prlimit", "--nofile=100:100"];
    const direct = await startDirectProcess(t, `${a.address},${b.address} ${UNCHECKED}`, "", runner);
    const crowd: Client[] = [];
    t.after(() => {
      for (const client of crowd) client.destroy();
    });
    for (let greeting = "OK"; greeting.startsWith("OK"); greeting = (await crowd.at(-1)?.line()) ?? "") {
      crowd.push(await Client.open(direct.daemon.port));
    }
    const [one, two] = crowd;
    one?.end(); // room for a client, not for its remote
    await until(() => one?.ended === true, "one to be let go");
    const client = await Client.open(direct.port);
    assert.match(await client.rest(), /^ERR CONN [^\n]*: no more files can be opened \(ulimit -n\)\n$/);
    client.end();
    two?.end();
    await until(() => two?.ended === true && client.closed, "room for the one who asks");
    await direct.shows("up", "up");
    assert.doesNotMatch(direct.daemon.log(), / is down: /);
  });

  test("TLS: a server that accepts connections and does not answer is down", async (t) => {
    const [a, b] = [await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${a.address},${b.address} PRTO=tls CTIM=600 ${CHECK}`);
    await direct.shows("down", "down");
    assert.match(
      (await direct.servers())[0]?.reason ?? "",
      /^timed out after 300 ms \(.*says nothing in the TLS handshake\)$/,
    );
  });
});

describe("RTRY", { concurrency: 4 }, () => {
  for (const servers of [1, 2]) {
    test(`finds one of ${servers} that comes up within CTIM; what the client has sent meanwhile is not lost`, async (t) => {
      const late = await Named.open(t, "late");
      late.close();
      const targets = [`127.0.0.1:${await freePort()}`, late.address].slice(2 - servers);
      const direct = await startDirect(t, `${targets} RTRY=0.1 CTIM=8000 ${UNCHECKED}`);
      const reached = reach(direct.port, [late]);
      await until(async () => ((await direct.servers()).at(-1)?.failures ?? 0) >= 3, "some attempts");
      await late.reopen();
      assert.equal((await reached).server, late);
      assert.equal((await direct.servers()).at(-1)?.active, 1);
    });
  }

  test("ends with CTIM", async (t) => {
    const direct = await startDirect(t, `127.0.0.1:${await freePort()} RTRY=0.1 CTIM=700 ${UNCHECKED}`);
    const since = performance.now();
    const client = await Client.open(direct.port);
    assert.match(await client.rest(), /^ERR CONN 127\.0\.0\.1:\d+: connection refused\n$/);
    const ms = performance.now() - since;
    assert.ok(ms > 500, `${ms} ms`);
    client.destroy();
  });

  test("a client that leaves meanwhile ends it, and a daemon that stops resets the others", async (t) => {
    const hole = await BlackHole.open(t);
    await hole.close();
    const line = `127.0.0.1:${await freePort()},127.0.0.1:${hole.port} RTRY=0.1 CTIM=60000 FAIL=reset ${UNCHECKED}`;
    const direct = await startDirectProcess(t, line);
    const atRest = await descriptorsAtRest(direct.daemon);
    const active = async (clients: number): Promise<void> =>
      until(async () => {
        const servers = await direct.servers();
        return servers.reduce((sum, server) => sum + server.active, 0) === clients;
      }, `${clients} clients to be connected`);
    const clients = await Promise.all([0, 1, 2, 3].map(() => Client.open(direct.port)));
    await active(4);
    for (const client of clients) client.reset();
    await active(0);
    await until(async () => (await descriptorsAtRest(direct.daemon)) <= atRest, "the descriptors to be closed");
    const other = await Client.open(direct.port);
    await active(1);
    const stopped = direct.daemon.stop();
    await until(() => other.closed, "the end");
    assert.equal(other.error?.code, "ECONNRESET");
    assert.equal(await stopped, 0);
  });
});

describe("reload", { concurrency: 4 }, () => {
  test("the state of the servers survives it, unless the servers change", async (t) => {
    const [a, b] = [await Named.open(t, "a"), await Named.open(t, "b")];
    const direct = await startDirect(t, `${a.address},${b.address} ${UNCHECKED}`);
    a.close();
    const first = await reach(direct.port, [a, b]);
    const before = await direct.servers();
    assert.deepEqual(
      before.map(({ state, active, total }) => [state, active, total]),
      [
        ["down", 0, 0],
        ["up", 1, 1],
      ],
    );
    await direct.reload(`${a.address},${b.address} BALA=least ${UNCHECKED}`);
    assert.deepEqual(await direct.servers(), before);
    assert.equal(first.client.closed, false);
    first.client.reset();
    await until(async () => (await direct.servers())[1]?.active === 0, "it to be counted off");
    await direct.reload(`${b.address},${a.address} ${UNCHECKED}`);
    assert.deepEqual(
      (await direct.servers()).map(({ state, total }) => [state, total]),
      [
        ["up", 0],
        ["up", 0],
      ],
    );
  });

  test("servers without a line are not checked any more", async (t) => {
    const [a, b, c] = [await Named.open(t, "a"), await Named.open(t, "b"), await Named.open(t, "c")];
    const direct = await startDirect(t, `${a.address},${b.address} ${CHECK}`);
    await until(() => a.connections > 0 && b.connections > 0, "checks");
    await direct.reload(`${b.address},${c.address} ${CHECK}`);
    await until(() => c.connections > 0, "a check of the new one");
    const [ofA, ofB] = [a.connections, b.connections];
    await until(() => b.connections > ofB + 3, "more checks of the one that stays");
    assert.equal(a.connections, ofA);
  });
});

describe("a server that is the only one", { concurrency: 4 }, () => {
  test("is not checked, up or down: it may take one connection only", async (t) => {
    const only = await Named.open(t, "only");
    const direct = await startDirect(t, `${only.address} HLTH=0.02`);
    await quietFor(300);
    assert.equal(only.connections, 0);
    only.close();
    const client = await Client.open(direct.port);
    assert.match(await client.rest(), /^ERR CONN [^\n]*connection refused\n$/);
    await only.reopen();
    await quietFor(300);
    assert.equal(only.connections, 0);
    await direct.shows("down");
    assert.equal((await reach(direct.port, [only])).server, only);
    await direct.shows("up");
  });

  test("with an alert url it is checked, but only while it is down", async (t) => {
    const only = await Named.open(t, "only");
    const nobody = `[alert]\nurl=http://127.0.0.1:${await freePort()}\n`;
    const direct = await startDirect(t, `${only.address} HLTH=0.05`, nobody);
    await quietFor(300);
    assert.equal(only.connections, 0);
    only.close();
    const client = await Client.open(direct.port);
    await client.rest();
    await direct.shows("down");
    await only.reopen();
    await direct.shows("up");
    const checks = only.connections;
    await quietFor(300);
    assert.deepEqual([checks, only.connections], [1, 1]);
  });
});
