import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { Asker } from "../support/exchange.js";
import { startMux } from "../support/mux.js";
import { blackHole, insideNamespace, noBlackHole, runInside } from "../support/namespace.js";
import { missing } from "../support/peers.js";
import { echo, http } from "../support/protocols.js";
import { pause, until } from "../support/wait.js";

const HEALTH_S = 2;
/** The kernel sends ten keepalive probes, a second apart. */
const FOUND_WITHIN_MS = (HEALTH_S + 10 + 8) * 1000;

if (!insideNamespace) {
  test("links to a vanished device are found", { skip: missing("unshare", "ip", "nft") }, (context) =>
    runInside(import.meta.url, context),
  );
} else {
  test("HLTH without PROB: an idle link to a vanished device is closed before a client uses it", async (t) => {
    const server = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(7, "127.0.0.9");
    await once(server, "listening");
    const mux = await startMux(t, `127.0.0.9:7 HLTH=${HEALTH_S}`);
    const client = await Asker.open(mux.port, echo);
    assert.equal(await client.outcome(1), "right");
    assert.equal((await mux.status()).links[0]?.state, "ready");
    blackHole("127.0.0.9");
    const gone = async (): Promise<boolean> => (await mux.status()).links.every(({ state }) => state !== "ready");
    await until(gone, "the link to be closed", FOUND_WITHIN_MS);
    assert.equal(client.client.ended, false);
    const since = performance.now();
    assert.equal(await client.outcome(2, 30_000), "closed");
    assert.ok(performance.now() - since < 10_000, "a connect that is not answered, not a request");
    server.close();
  });

  test("a power cut while the device works on a request: it is asked again as soon as it is back", async (t) => {
    const sockets = new Set<Socket>();
    let asked = 0;
    const server = createServer((socket) => {
      sockets.add(socket);
      socket
        .on("error", () => {})
        .on("data", (request) => {
          asked += 1;
          if (asked !== 2) socket.write(http.answer(request)); // the second one is not answered: the power is gone before
        });
    }).listen(80, "127.0.0.10");
    await once(server, "listening");
    const mux = await startMux(t, "127.0.0.10:80 PROT=http TIME=60");
    const client = await Asker.open(mux.port, http);
    assert.equal(await client.outcome(1), "right");
    const outcome = client.outcome(3, 30_000);
    await until(() => asked === 2, "the request to arrive");
    blackHole("127.0.0.10");
    for (const socket of sockets) socket.resetAndDestroy(); // nobody hears of that
    await pause(2500);
    noBlackHole();
    const since = performance.now();
    assert.equal(await outcome, "right");
    assert.ok(performance.now() - since < 10_000, `after ${Math.round(performance.now() - since)} ms`);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}
