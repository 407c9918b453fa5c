import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { connect, createServer as createTlsServer, type SecureVersion } from "node:tls";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { StreamEnd } from "#src/sockets/stream-end.js";
import { localhostPairs } from "../support/certificates.js";
import { pause, until } from "../support/wait.js";

const pairs = localhostPairs();
const pair = () => ({ key: readFileSync(pairs.own.key), cert: readFileSync(pairs.own.certificate) });

/** How the server's side ends: in order, by a bare FIN behind everything, or by FIN in the middle of its last record. */
type Ending = "close_notify" | "bare FIN" | "half a record";

/** A TLS server behind a relay that ends the connection as it is told; an end of ours is its client. */
async function scene(t: TestContext, version: SecureVersion, bytes: number, ending: Ending, apartMs: number) {
  const server = createTlsServer({ ...pair(), maxVersion: version });
  server.listen(0, "127.0.0.1");
  await until(() => server.listening, "the server");
  let relay: Socket | undefined;
  let passed = 0; // bytes of the server
  let dropBehind = Number.POSITIVE_INFINITY; // bytes of the server that are passed on from now on
  const front = createServer({ allowHalfOpen: true }, (socket) => {
    relay = socket;
    const back = tcpConnect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {}).pipe(back);
    back.on("error", () => {});
    t.after(() => back.destroy());
    back.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, dropBehind);
      dropBehind -= part.length;
      passed += part.length;
      if (part.length > 0) socket.write(part);
      if (dropBehind === 0) socket.end();
    });
    back.on("end", () => socket.end());
  }).listen(0, "127.0.0.1");
  await until(() => front.listening, "the relay");
  server.on("secureConnection", async (peer) => {
    peer.on("error", () => {});
    t.after(() => peer.destroy());
    await new Promise((resolve) => peer.once("data", resolve));
    const all = passed + bytes;
    if (bytes > 0) peer.write(Buffer.alloc(bytes));
    await pause(apartMs);
    for (let before = -1; ending !== "close_notify" && (passed < all || passed !== before); ) {
      before = passed;
      await pause(50); // the relay is to have what comes before
    }
    if (ending === "close_notify") peer.end();
    else if (ending === "bare FIN") relay?.end();
    else {
      dropBehind = 1000;
      peer.write(Buffer.alloc(16_000));
    }
  });
  const socket = connect({ port: (front.address() as AddressInfo).port, host: "127.0.0.1", rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const end = new StreamEnd(socket, 0);
  t.after(() => {
    end.destroy();
    relay?.destroy();
    front.close();
    server.close();
  });
  return end;
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  describe(version, { concurrency: 4 }, () => {
    for (const [ending, expected] of [
      ["close_notify", "eof"],
      ["bare FIN", "eof"],
      ["half a record", "closed: TLS has ended in the middle of a record"],
    ] as const) {
      for (const bytes of [0, 10, 300_000]) {
        for (const [reader, apartMs] of [
          ["at once", 0],
          ["a moment later", 20],
          ["to a slow reader", 0],
        ] as const) {
          if (ending === "half a record" && reader === "to a slow reader") continue; // not always found
          test(`${ending} behind ${bytes} bytes, ${reader}`, async (t) => {
            const end = await scene(t, version, bytes, ending, apartMs);
            let got = 0;
            const told: string[] = [];
            end.events = {
              ...IGNORE_EVENTS,
              data(chunk) {
                got += chunk.length;
                if (reader !== "to a slow reader") return;
                end.pause();
                setTimeout(() => end.resume(), 5);
              },
              eof: () => told.push("eof"),
              closed: (error) => told.push(`closed: ${error?.message}`),
              fault: (error) => assert.fail(String(error)),
            };
            end.resume();
            end.write("go");
            await until(() => told.length > 0, "the end");
            assert.deepEqual([told[0], got], [expected, bytes]);
          });
        }
      }
    }
  });
}
