import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { Asker } from "../support/exchange.js";
import { startMux } from "../support/mux.js";
import { blackHole, insideNamespace, runInside } from "../support/namespace.js";
import { missing } from "../support/peers.js";
import { echo } from "../support/protocols.js";
import { until } from "../support/wait.js";

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
}
