// The behaviour of single protocols of the mux.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Asker } from "../../support/exchange.js";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { conbus, echo, http, httpBody, httpStatus, telegram } from "../../support/protocols.js";
import { rawDevice } from "../../support/raw-device.js";
import { holding, never, promptly, Simulator } from "../../support/simulator.js";
import { pause, until } from "../../support/wait.js";

describe("protocols", { concurrency: 4 }, () => {
  test("echo: an unsolicited answer does not answer the next request", async (t) => {
    const device = await Simulator.open(echo);
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const client = await Asker.open(mux.port, echo);
    assert.equal(await client.outcome(1), "right");
    await pause(1100); // a new link may open at once after this time
    device.links[0]?.write("unasked\n");
    await until(async () => (await mux.status()).strays === 1, "the stray to be counted");
    assert.equal(await client.outcome(2), "right");
    assert.deepEqual(client.surplus, []);
  });

  test("echo: an extra answer in the same packet does not answer the waiting request", async (t) => {
    const device = await Simulator.open(echo, {
      answering: (answer, link) => link.send(Buffer.concat([answer, answer])),
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const clients = [await Asker.open(mux.port, echo), await Asker.open(mux.port, echo)];
    const outcomes = await Promise.all(clients.map((client, key) => client.outcome(key)));
    assert.ok(!outcomes.includes("wrong") && outcomes.includes("right"), outcomes.join());
    for (const client of clients) assert.deepEqual(client.surplus, []);
  });

  test("conbus: events of the device go to every client and answer no request", async (t) => {
    const { answering, held } = holding();
    const device = await Simulator.open(conbus, { answering });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus`);
    const clients = [await Asker.open(mux.port, conbus), await Asker.open(mux.port, conbus)];
    const request = conbus.request(1, 0);
    const answer = clients[0]?.ask(request);
    await until(() => held.length === 1, "the request");
    const event = telegram("E14L00I02M");
    device.links[0]?.write(event);
    await until(() => clients[1]?.surplus.length === 1, "the event for the other");
    assert.equal(String(clients[1]?.surplus[0]), String(event));
    assert.equal(String(await answer), String(event), "the event comes first");
    held[0]?.();
    await until(() => clients[0]?.surplus.length === 1, "the answer");
    assert.equal(String(clients[0]?.surplus[0]), String(conbus.answer(request)));
    assert.equal(clients[1]?.surplus.length, 1, "the answer is not for the other");
  });

  test("conbus: an answer with another serial number answers no request", async (t) => {
    const device = await Simulator.open(conbus, {
      answering: (answer, link) => {
        link.write(conbus.answer(conbus.request(7, 0)));
        setTimeout(() => link.send(answer), 50);
      },
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus`);
    const client = await Asker.open(mux.port, conbus);
    assert.equal(await client.outcome(3), "right");
    assert.equal((await mux.status()).strays, 1);
    assert.equal(device.links.length, 1);
  });

  test("http: an upgrade request and CONNECT get 501 and do not reach the device", async (t) => {
    const device = await Simulator.open(http, { answering: never });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const upgrade = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    for (const request of [upgrade, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"]) {
      const client = await Asker.open(mux.port, http);
      const answer = await client.ask(Buffer.from(request));
      assert.equal(answer === undefined ? "closed" : httpStatus(answer), 501);
      client.destroy();
    }
    assert.deepEqual(device.requests, []);
  });

  /** A device that answers with this. */
  async function answering(text: string, then: "end" | "stay" = "stay"): Promise<Simulator> {
    return Simulator.open(http, {
      answering: (_, link) => {
        link.send(Buffer.from(text));
        if (then === "end") link.socket.end();
      },
    });
  }

  const ANSWERS: readonly [what: string, method: string, answer: string, then: "end" | "stay", body: string][] = [
    ["an answer that ends with the connection", "GET", "HTTP/1.1 200 OK\r\n\r\nall of it", "end", "all of it"],
    ["an answer of HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", "end", "old"],
    ["Connection: close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye", "end", "bye"],
    ["204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "stay", ""],
    ["304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", "stay", ""],
    ["HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", "stay", ""],
    [
      "103 before",
      "GET",
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      "stay",
      "ok",
    ],
    [
      "trailers",
      "GET",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nDigest: z\r\n\r\n",
      "stay",
      "ok",
    ],
  ];
  for (const [what, method, answer, then, body] of ANSWERS) {
    test(`http: ${what}: the client has it whole, the next one its own`, async (t) => {
      const device = await answering(answer, then);
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
      const client = await Client.open(mux.port);
      client.write(`${method} /1 HTTP/1.1\r\nHost: device\r\nConnection: close\r\n\r\n`);
      const text = await client.rest();
      const last = text.slice(text.lastIndexOf("HTTP/1."));
      const status = /^HTTP\/1\.\d (\d+)/.exec(answer.slice(answer.lastIndexOf("HTTP/1.")))?.[1];
      assert.equal(String(httpStatus(Buffer.from(last))), status, text);
      assert.equal(httpBody(Buffer.from(last)), body, text);
      device.answering = promptly;
      const next = await Asker.open(mux.port, http);
      assert.equal(await next.outcome(2), "right");
      client.destroy();
    });
  }

  test("http: an answer that begins and does not end does not look complete to the client", async (t) => {
    const device = await answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it", "end");
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Client.open(mux.port);
    client.write("GET /1 HTTP/1.1\r\nHost: device\r\n\r\n");
    const text = await client.rest();
    assert.match(
      text,
      /^(HTTP\/1\.1 502 |HTTP\/1\.1 200 OK\r\n(.*\r\n)*Content-Length: 100\r\n(.*\r\n)*\r\nhalf of it$|$)/i,
    );
    client.destroy();
  });

  test("echo: the start of an extra answer is not the start of the next answer", async (t) => {
    const device = await rawDevice(t, {
      data: async (text, socket) => {
        if (text === "one\n") {
          socket.write("answer one\nansw");
          await pause(100);
          socket.write("er one\n");
        } else {
          await pause(200);
          socket.write(`answer ${text}`);
        }
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const [first, second] = [await Client.open(mux.port), await Client.open(mux.port)];
    first.write("one\n");
    await until(() => first.bytes.length > 0, "the answer");
    second.write("two\n");
    await until(() => second.bytes.length > 0 || second.ended, "an answer or the end");
    assert.ok(["", "answer two\n"].includes(second.bytes.toString()), JSON.stringify(second.bytes.toString()));
  });

  test("echo: bytes of a device before its first request (DLAY) answer no request", async (t) => {
    const device = await rawDevice(t, {
      connected: (socket) => void socket.write("welcome\n"),
      data: (text, socket) => void socket.write(`answer ${text}`),
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} DLAY=0.5`);
    const client = await Client.open(mux.port);
    client.write("one\n");
    await until(() => client.bytes.length > 0 || client.ended, "an answer or the end");
    assert.ok(["", "answer one\n"].includes(client.bytes.toString()), JSON.stringify(client.bytes.toString()));
  });

  test("conbus: a reply about another datapoint of the same module answers no request", async (t) => {
    const device = await rawDevice(t, {
      data: async (_, socket) => {
        socket.write(telegram("R0020044966F02D00OLD"));
        await pause(50);
        socket.write(telegram("R0020044966F02D18NEW"));
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus`);
    const client = await Client.open(mux.port);
    client.write(telegram("S0020044966F02D18"));
    await until(() => client.bytes.includes(">"), "an answer");
    assert.equal(client.bytes.toString(), telegram("R0020044966F02D18NEW").toString());
  });
});
