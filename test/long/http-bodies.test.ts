// PROT=http: bodies of any length pass while their request has its turn; who stops in the middle loses it.
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type Mux, startMux } from "../support/mux.js";
import { Client, Device } from "../support/net.js";
import { quietFor, until } from "../support/wait.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const BODY = Buffer.alloc(MIB, "0123456789abcdef");

function head(length: number, more = "", method = "PUT"): string {
  return `${method} /file HTTP/1.1\r\nHost: d\r\nContent-Length: ${length}\r\n${more}\r\n`;
}

function ok(body: string, more = ""): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}

function get(path: string): string {
  return `GET /${path} HTTP/1.1\r\nHost: d\r\n\r\n`;
}

async function setUp(t: TestContext, options = ""): Promise<{ device: Device; mux: Mux; open: () => Promise<Client> }> {
  const device = await Device.open();
  t.after(() => device.close());
  const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http ${options}`);
  const clients: Client[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  const open = async (): Promise<Client> => {
    const client = await Client.open(mux.port);
    clients.push(client);
    return client;
  };
  return { device, mux, open };
}

/** Counts what a peer gets from now on, instead of keeping it. */
function counted({ socket }: Client): () => number {
  let count = 0;
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Buffer) => {
    count += chunk.length;
  });
  return () => count;
}

/** The device waits for the request, and answers it. */
async function serve(peer: Client, request: string, answer: string): Promise<void> {
  await until(() => peer.bytes.includes(request), request);
  await until(() => peer.bytes.includes("\r\n\r\n"), "the end of its head");
  peer.bytes = Buffer.alloc(0);
  peer.write(answer);
}

/** A client that has sent half of a body, and has its turn. */
async function halfSent(t: TestContext, options = "") {
  const here = await setUp(t, options);
  const client = await here.open();
  client.write(head(2 * MIB));
  client.write(BODY);
  const peer = await here.device.client();
  await until(() => peer.bytes.length >= MIB, "the first half");
  return { ...here, client, peer };
}

describe("bodies of HTTP requests", { concurrency: 4 }, () => {
  test("a body goes to the device as it comes; nobody else has the link meanwhile", async (t) => {
    const { client, peer, open } = await halfSent(t);
    const other = await open();
    other.write(get("other"));
    await quietFor(100);
    assert.ok(!peer.bytes.includes("GET"), "the other waits");
    client.write(BODY);
    await until(() => peer.bytes.length >= 2 * MIB, "the second half");
    const at = peer.bytes.indexOf("\r\n\r\n") + 4;
    assert.ok(peer.bytes.subarray(at).equals(Buffer.concat([BODY, BODY])), "the body, unchanged");
    peer.write(ok("stored"));
    await until(() => client.bytes.includes("stored"), "the answer");
    assert.doesNotMatch(client.bytes.toString(), /^connection: close/im);
  });

  test("requests behind a body on the same connection are answered in order", async (t) => {
    const { device, client, peer } = await halfSent(t);
    client.write(Buffer.concat([BODY, Buffer.from(get("behind")), Buffer.from(get("last"))]));
    await until(() => peer.bytes.length >= 2 * MIB, "the body");
    peer.write(ok("one"));
    await serve(await device.client(1), "/behind", ok("two"));
    await serve(await device.client(1), "/last", ok("three"));
    await until(() => client.bytes.includes("three"), "all answers");
    assert.match(client.bytes.toString(), /one[\s\S]*two[\s\S]*three/);
  });

  test("chunked bodies pass verbatim, trailers included", async (t) => {
    const { device, open } = await setUp(t);
    const client = await open();
    client.write("POST /file HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n");
    const chunks = Array.from(
      { length: 40 },
      (_, n) => `${(1000 + n).toString(16)};n=${n}\r\n${"x".repeat(1000 + n)}\r\n`,
    );
    for (const chunk of chunks) client.write(chunk);
    client.write("0\r\nX-Sum: 1\r\n\r\n");
    const peer = await device.client();
    await until(() => peer.bytes.includes("X-Sum: 1\r\n\r\n"), "the end");
    assert.equal(
      peer.bytes.toString().split("\r\n\r\n").slice(1).join("\r\n\r\n"),
      `${chunks.join("")}0\r\nX-Sum: 1\r\n\r\n`,
    );
  });

  test("a short body that comes slowly costs the others nothing: it goes out when it is whole", async (t) => {
    const { device, open } = await setUp(t);
    const [slow, quick] = [await open(), await open()];
    slow.write(head(10));
    slow.write("01234");
    quick.write(get("quick"));
    const peer = await device.client();
    await serve(peer, "/quick", ok("answer"));
    await until(() => quick.bytes.includes("answer"), "the answer");
    slow.write("56789");
    await until(() => peer.bytes.includes("0123456789"), "the whole body");
  });

  test("a device that takes the body slowly holds the client back: the daemon keeps next to nothing", async (t) => {
    const { device, open } = await setUp(t);
    const client = await open();
    client.write(head(64 * MIB));
    client.write(BODY);
    const peer = await device.client();
    const got = counted(peer);
    peer.socket.pause();
    for (let count = 1; count < 64; count += 1) client.write(BODY);
    let before = -1;
    const left = (): number => client.socket.writableLength;
    await until(async () => {
      before = left();
      await quietFor(100);
      return left() === before;
    }, "the client to be held back");
    assert.ok(left() > 32 * MIB, `${left()} bytes are still with the client`); // the rest is in the buffers of the kernel
    peer.socket.resume();
    await until(() => got() > 63 * MIB, "all of it");
  });

  test("Expect: 100-continue: the client gets leave to go on, the device does not see the field", async (t) => {
    const { device, open } = await setUp(t);
    const client = await open();
    client.write(head(MIB, "Expect: 100-continue\r\n"));
    await until(() => client.bytes.includes("HTTP/1.1 100 Continue\r\n\r\n"), "leave to go on");
    client.write(BODY);
    const peer = await device.client();
    await until(() => peer.bytes.length > MIB, "the body");
    assert.doesNotMatch(peer.bytes.toString("latin1", 0, 200), /expect/i);
  });
});

describe("bodies of HTTP requests that break off", { concurrency: 4 }, () => {
  test("STAL: a client that stops in the middle of its body is closed, and the next one has its turn", async (t) => {
    const { device, mux, client, peer, open } = await halfSent(t, "STAL=0.3");
    const other = await open();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
    await until(() => other.bytes.includes("answer"), "the answer of the other");
    assert.match(await client.rest(), /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*connection: close/i);
    await until(() => peer.ended, "the end of the link with half a request");
    assert.equal((await mux.status()).stalled, 1);
    assert.match(mux.daemon.log(), /client closed: .*nothing for 0.3 s/);
  });

  test("STAL: a client that is slow, but goes on, is not closed", async (t) => {
    const { client, peer } = await halfSent(t, "STAL=0.3");
    for (let count = 0; count < 10; count += 1) {
      await quietFor(100);
      client.write("x");
    }
    client.write(BODY.subarray(10));
    await until(() => peer.bytes.length >= 2 * MIB, "the whole body");
    assert.equal(client.ended, false);
  });

  test("STAL does not count while the client waits for its turn, or for the device to take its body", async (t) => {
    const { device, client, peer, open } = await halfSent(t, "STAL=0.2");
    const second = await open();
    second.write(head(MIB));
    second.write(BODY.subarray(0, 100 * KIB));
    peer.socket.pause();
    for (let count = 0; count < 32; count += 1) client.write(BODY);
    await quietFor(500);
    assert.deepEqual([client.ended, second.ended], [false, false]);
    peer.socket.resume();
    await until(() => peer.bytes.length >= 2 * MIB, "the body");
    peer.write(ok("stored"));
    await until(() => client.bytes.includes("stored"), "the answer");
    const link = await device.client(1);
    await until(() => link.bytes.length > 0, "the turn of the second");
    assert.equal(second.ended, false);
  });

  for (const [how, leave] of [
    ["vanishes", (client: Client) => client.destroy()],
    ["resets its connection", (client: Client) => client.reset()],
  ] as const) {
    test(`a client ${how} in the middle of its body: the link is closed at once, and the next client gets another one`, async (t) => {
      const { device, client, peer, open } = await halfSent(t);
      leave(client);
      await until(() => peer.ended, "the end of the link");
      const other = await open();
      other.write(get("other"));
      await serve(await device.client(1), "/other", ok("answer"));
      await until(() => other.bytes.includes("answer"), "the answer");
    });
  }

  test("a client that sends FIN in the middle of its body hears what was wrong", async (t) => {
    const { client, peer } = await halfSent(t);
    client.end();
    assert.match(await client.rest(), /^HTTP\/1\.1 400 /);
    await until(() => peer.ended, "the end of the link");
  });

  test("a chunk that is none, in the middle of the body", async (t) => {
    const { device, open } = await setUp(t);
    const client = await open();
    client.write("POST / HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.write(`10000\r\n${"x".repeat(0x10000)}\r\n`);
    const peer = await device.client();
    await until(() => peer.bytes.length > 0x10000, "the beginning");
    client.write("what?\r\n");
    assert.match(await client.rest(), /^HTTP\/1\.1 400 [\s\S]*the size of a chunk/);
    await until(() => peer.ended, "the end of the link");
  });

  test("a device that is lost in the middle of a body: 502, the client is closed, nothing goes out twice", async (t) => {
    const { device, client, peer } = await halfSent(t);
    peer.reset();
    assert.match(await client.rest(), /^HTTP\/1\.1 502 [\s\S]*connection: close/i);
    await quietFor(100);
    assert.equal(device.clients.slice(1).filter(({ bytes }) => bytes.length > 0).length, 0);
  });

  test("ATIM: a device that takes the body no more is given up", async (t) => {
    const { client, peer } = await halfSent(t, "ATIM=0.3 STAL=0.2");
    peer.socket.pause();
    for (let count = 0; count < 32; count += 1) client.write(BODY);
    assert.match(await client.rest(), /^HTTP\/1\.1 504 /);
  });

  test("a device that refuses before the body is whole: the client gets the refusal, and its connection ends", async (t) => {
    const { device, client, peer, open } = await halfSent(t);
    peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    peer.end();
    assert.match(await client.rest(), /^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*\r\n\r\nno$/i);
    const other = await open();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
  });

  test("a device that refuses at the first bytes and closes, with the rest unread: the refusal arrives", async (t) => {
    const { mux, device } = await setUp(t);
    device.meetEach(({ socket }) =>
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno", () => socket.destroy());
      }),
    );
    const answered: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const client = await Client.open(mux.port);
      client.write(head(2 * MIB));
      client.write(Buffer.concat([BODY, BODY]));
      answered.push(await client.rest());
      client.destroy();
    }
    for (const answer of answered) assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*connection: close[\s\S]*\r\n\r\nno$/i);
  });

  test("a device that answers early and reads on gets the whole body", async (t) => {
    const { client, peer } = await halfSent(t);
    peer.write(ok("started"));
    await until(() => client.bytes.includes("started"), "the answer");
    assert.match(client.bytes.toString(), /^connection: close/im);
    client.write(BODY);
    await until(() => peer.bytes.length >= 2 * MIB, "the body");
    await client.rest();
    await until(() => peer.ended, "the end of the link");
  });

  test("a client that stops in the middle of its body when the answer has come keeps nobody waiting", async (t) => {
    const { device, client, peer, open } = await halfSent(t, "STAL=0.3 TIME=15");
    peer.write(ok("started"));
    await until(() => client.bytes.includes("started"), "the answer");
    const other = await open();
    const since = performance.now();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
    await until(() => other.bytes.includes(ok("answer")), "the answer of the other");
    assert.ok(performance.now() - since < 10_000, `${performance.now() - since} ms`);
  });

  test("a device that answers early and takes nothing more keeps nobody waiting", async (t) => {
    const { device, client, peer, open } = await halfSent(t, "STAL=0.3");
    peer.socket.pause();
    peer.write(ok("started"));
    for (let count = 0; count < 32; count += 1) client.write(BODY);
    const other = await open();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
    assert.match(await client.rest(), /started$/);
  });

  test("a GET whose long body was under way is not repeated when its link is lost", async (t) => {
    const { device, open } = await setUp(t);
    const client = await open();
    client.write(head(2 * MIB, "", "GET"));
    client.write(BODY);
    const peer = await device.client();
    await until(() => peer.bytes.length >= MIB, "the first half");
    peer.reset();
    assert.match(await client.rest(), /^HTTP\/1\.1 502 /);
  });
});

describe("answers that are not read", { concurrency: 4 }, () => {
  /** A device sends 32 MiB as soon as it is asked, of an answer of so many, and the client has got the beginning. */
  async function downloading(t: TestContext, options: string, size = 32 * MIB) {
    const here = await setUp(t, options);
    const client = await here.open();
    const got = counted(client);
    client.write(get("large"));
    const peer = await here.device.client();
    await until(() => peer.bytes.includes("/large"), "the request");
    peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    for (let count = 0; count < 32; count += 1) peer.write(BODY);
    await until(() => got() > 0, "the beginning");
    return { ...here, client, peer, got };
  }

  test("STAL: a client that does not read is closed, and the others go on", async (t) => {
    const { device, mux, client, open } = await downloading(t, "STAL=0.4", 1024 * MIB);
    client.socket.pause();
    const other = await open();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
    await until(() => other.bytes.includes("answer"), "the answer of the other");
    assert.equal((await mux.status()).stalled, 1);
    assert.match(mux.daemon.log(), /client closed: it has read nothing for 0.4 s/);
  });

  test("STAL: a client that reads slowly gets everything: what counts is what it takes, not what the kernel takes", async (t) => {
    const { client, got } = await downloading(t, "STAL=2");
    client.socket.pause();
    // 64 KiB a step. The kernel tells the daemon of it when a sixteenth of its buffer is free: several steps later.
    for (let count = 0; count < 60; count += 1) {
      await quietFor(50);
      client.socket.read();
    }
    client.socket.resume();
    await until(() => got() >= 32 * MIB, "the rest");
    assert.equal(client.closed, false);
  });

  test("the link of an answer whose client has gone is free soon, however long the answer is", async (t) => {
    const { device, client, peer, open } = await downloading(t, "TIME=60", 1024 * MIB);
    client.destroy();
    const timer = setInterval(() => peer.write(Buffer.alloc(KIB)), 10);
    t.after(() => clearInterval(timer));
    const other = await open();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
    await until(() => other.bytes.includes("answer"), "the answer", 10_000);
  });
});

describe("clients that send a body bit by bit on purpose", { concurrency: 4 }, () => {
  test("an idle device gets a slow body as it comes, although it is short", async (t) => {
    const { device, open } = await setUp(t);
    const client = await open();
    client.write("POST /live HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    const peer = await device.client();
    await until(() => peer.bytes.includes("first"), "the first chunk");
    client.write("6\r\nsecond\r\n");
    await until(() => peer.bytes.includes("second"), "the second chunk");
    client.write("0\r\n\r\n");
    await serve(peer, "0\r\n\r\n", ok("heard"));
    await until(() => client.bytes.includes("heard"), "the answer");
  });

  test("a body that trickles while others wait loses its turn", async (t) => {
    const { device, client, open } = await halfSent(t, "STAL=0.4");
    const timer = setInterval(() => client.write("x"), 50);
    t.after(() => clearInterval(timer));
    const other = await open();
    other.write(get("other"));
    await serve(await device.client(1), "/other", ok("answer"));
    await until(() => other.bytes.includes("answer"), "the answer of the other");
    assert.match(await client.rest(), /^HTTP\/1\.1 408 /);
  });

  test("a hundred half bodies cost the others one stall, and then nothing", async (t) => {
    const { device, mux, open } = await setUp(t, "STAL=1 TIME=5");
    const crowd = await Promise.all(Array.from({ length: 100 }, open));
    for (const client of crowd) client.write(`${head(5 * MIB)}half`);
    const first = await device.client();
    await until(() => first.bytes.includes("half"), "the turn of a half body");
    const other = await open();
    const since = performance.now();
    const answering = (async () => {
      for (let index = 1; ; index += 1) {
        const peer = await device.client(index);
        let answered = 0;
        const answer = (): void => {
          for (const asked = peer.bytes.toString().split("GET").length - 1; answered < asked; answered += 1)
            peer.write(ok("answer"));
        };
        peer.socket.on("data", answer);
        answer();
      }
    })();
    answering.catch(() => {});
    for (let count = 1; count <= 5; count += 1) {
      other.write(get("other"));
      await until(() => other.bytes.toString().split(ok("answer")).length > count, `answer ${count}`);
    }
    assert.ok(performance.now() - since < 4000, `${performance.now() - since} ms`);
    await until(async () => (await mux.status()).clientCount === 1, "the end of the crowd");
    assert.equal((await mux.status()).timeouts, 0);
  });
});
