import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { StreamEnd } from "#src/sockets/stream-end.js";
import { until } from "../support/wait.js";

/** A socket whose chunks come from Node, as with TLS: each record is a chunk, however short. */
class ChunkedSocket extends Duplex {
  setNoDelay(): void {}
  setKeepAlive(): void {}
  override _read(): void {}
}

/** An end on such a socket. Its owner takes some time for each chunk. */
function scene(workMs: number) {
  const socket = new ChunkedSocket({ allowHalfOpen: true });
  const end = new StreamEnd(socket as unknown as Socket, 0, undefined, { host: "10.0.0.1", port: 1 });
  const heard: string[] = [];
  let ended = false;
  end.events = {
    ...IGNORE_EVENTS,
    data(chunk) {
      const until = performance.now() + workMs;
      while (performance.now() < until);
      heard.push(chunk.toString("latin1"));
    },
    eof() {
      ended = true;
    },
    fault: (error) => assert.fail(String(error)),
  };
  return { socket, end, heard, isEnded: () => ended };
}

const CRUMBS = Array.from({ length: 1000 }, (_, index) => String(index % 10));

/** Sends tiny chunks, as many at once as one read of the kernel can hold. */
function sendCrumbs(socket: ChunkedSocket): boolean {
  let wantsMore = true;
  for (const crumb of CRUMBS) wantsMore = socket.push(crumb);
  return wantsMore;
}

test("tiny chunks pass one by one for a time slice, then joined, in order and before the end", async () => {
  const { socket, end, heard, isEnded } = scene(1);
  end.resume();
  await until(() => socket.readableFlowing === true, "it to read");
  assert.equal(sendCrumbs(socket), false, "the socket is to read nothing ahead");
  assert.ok(heard.length < 50, `${heard.length} chunks in one turn`);
  socket.push(null);
  await until(isEnded, "the end");
  assert.equal(heard.join(""), CRUMBS.join(""));
  assert.ok(heard.length < 50, `${heard.length} chunks in all`);
});

test("an end that is paused during its time slice passes nothing before it is resumed", async () => {
  const { socket, end, heard } = scene(1);
  end.resume();
  await until(() => socket.readableFlowing === true, "it to read");
  sendCrumbs(socket);
  end.pause();
  const before = heard.length;
  for (let pass = 0; pass < 5; pass += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(heard.length, before);
  end.resume();
  await until(() => heard.join("").length === CRUMBS.length, "the rest");
  assert.equal(heard.join(""), CRUMBS.join(""));
});
