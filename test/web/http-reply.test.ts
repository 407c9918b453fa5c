import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { errorPage, type HttpReply, sendReply } from "#src/web/http-reply.js";
import { until } from "../support/wait.js";
import { ask } from "../support/web.js";

/** A server that gives this reply to every request. */
async function serve(t: TestContext, reply: () => HttpReply) {
  const faults: unknown[] = [];
  const server = createServer((asked, response) => {
    sendReply(reply(), response, (error) => {
      faults.push(error);
      asked.socket.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, faults };
}

test("a body is sent with its type and its length in bytes; HEAD gets the same headers and no body", async (t) => {
  const { port } = await serve(t, () => ({ status: 200, type: "text/plain", body: "größer" }));
  const { status, headers, body } = await ask(port, "/");
  assert.deepEqual(
    [status, headers["content-type"], headers["content-length"], body],
    [200, "text/plain", "8", "größer"],
  );
  const head = await ask(port, "/", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "8", ""]);
});

test("an error page is one line of printable text", async (t) => {
  const { port } = await serve(t, () => errorPage(404, "a\x1bb\nc"));
  const { status, headers, body } = await ask(port, "/");
  assert.deepEqual([status, headers["content-type"], body], [404, "text/plain; charset=utf-8", "a?b?c\n"]);
});

test("pieces are made as the reader takes them, and no more once it has gone", async (t) => {
  let made = 0;
  function* pieces(): Generator<string> {
    for (;;) {
      made += 1;
      yield "x".repeat(1000);
    }
  }
  const { port, faults } = await serve(t, () => ({ status: 200, type: "text/plain", pieces: pieces() }));
  const asked = request({ host: "127.0.0.1", port, agent: false }).end();
  const [response] = await once(asked, "response");
  response.pause();
  let before = -1;
  await until(() => {
    const stands = made === before;
    before = made;
    return stands && made > 0;
  }, "the socket to be full");
  assert.ok(made < 20_000, `${made} pieces of 1000 bytes for a reader that takes none`);
  response.resume();
  await until(() => made > before, "more");
  asked.destroy();
  response.on("error", () => {});
  await until(() => {
    const stands = made === before;
    before = made;
    return stands;
  }, "the end");
  assert.deepEqual(faults, []);
});

test("pieces come whole and in order, and HEAD makes none of them", async (t) => {
  let made = 0;
  function* pieces(): Generator<string> {
    for (let count = 0; count < 5000; count += 1) {
      made += 1;
      yield `${count}\n`;
    }
  }
  const { port } = await serve(t, () => ({ status: 200, type: "text/plain", pieces: pieces() }));
  assert.equal((await ask(port, "/", { method: "HEAD" })).body, "");
  assert.equal(made, 0);
  assert.equal((await ask(port, "/")).body, Array.from({ length: 5000 }, (_, count) => `${count}\n`).join(""));
});

test("a piece that cannot be made is a fault", async (t) => {
  const broken = new Error("broken");
  function* pieces(): Generator<string> {
    yield "x".repeat(100_000);
    throw broken;
  }
  const { port, faults } = await serve(t, () => ({ status: 200, type: "text/plain", pieces: pieces() }));
  await assert.rejects(ask(port, "/"));
  assert.deepEqual(faults, [broken]);
});
