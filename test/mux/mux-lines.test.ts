import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { MuxLine } from "#src/core/config/settings.js";
import { MuxLines } from "#src/mux/mux-lines.js";
import type { End } from "#src/sockets/end.js";
import { statusOf } from "../support/gathered.js";
import { muxRoute, settle } from "../support/mux-parts.js";
import { Device } from "../support/net.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

const LINE_GONE = "links closed: its line is gone from the configuration";

async function setUp(t: TestContext) {
  const here = servicesHere(t);
  const device = await Device.open();
  const { context } = here.generation;
  const lines = new MuxLines(context);
  t.after(() => {
    lines.close("the test has ended");
    device.close();
  });
  const line = (options: string, port = 5020): MuxLine => {
    const text = `127.0.0.1:${device.port} ${options}`;
    return { port, text, route: muxRoute(options, `127.0.0.1:${device.port}`) } as MuxLine;
  };
  /** A client of a line that asks at once, so that there is a connection. */
  const attach = (of: MuxLine): End => {
    const end = lines
      .of(of)
      .attach({ origin: { address: "192.0.2.7", line: "mux port 5020", hops: 0 }, id: "1", name: "192.0.2.7:40001" });
    end.resume();
    end.write("request\n");
    return end;
  };
  const configure = (...next: MuxLine[]): void => lines.configure(next, context);
  return { ...here, ...{ device, lines, line, attach, configure } };
}

test("nothing connects before there is a client; then requests reach the device", async (t) => {
  const { device, lines, line, attach, configure } = await setUp(t);
  configure(line("PROT=echo"));
  assert.deepEqual([statusOf(lines)[0]?.links, lines.streams], [[], []]);
  attach(line("PROT=echo"));
  assert.equal(await (await device.client()).line(), "request");
  assert.equal(lines.streams.length, 1);
  assert.equal(statusOf(lines)[0]?.clientCount, 1);
});

test("a reload keeps connections and clients of a line whose other options have changed", async (t) => {
  const { device, lines, line, attach, configure } = await setUp(t);
  configure(line("PROT=echo"));
  const mux = lines.of(line("PROT=echo"));
  attach(line("PROT=echo"));
  await device.client();
  configure(line("PROT=echo TIME=7 POOL=4"));
  assert.equal(lines.of(line("PROT=echo TIME=7 POOL=4")), mux);
  assert.deepEqual([statusOf(lines).length, statusOf(lines)[0]?.pool, statusOf(lines)[0]?.clientCount], [1, 4, 1]);
});

test("a line with another name keeps its connection: the device may take no second one", async (t) => {
  const { device, lines, line, attach, configure, log } = await setUp(t);
  configure(line("PROT=echo"));
  attach(line("PROT=echo"));
  const peer = await device.client();
  await until(() => lines.streams.length === 1, "the connection");
  configure({ ...line("PROT=echo"), name: "inverter" });
  assert.deepEqual(
    statusOf(lines).map(({ name, clientCount, links }) => [name, clientCount, links.length]),
    [["inverter", 1, 1]],
  );
  assert.equal(peer.closed || peer.ended, false);
  lines.close("the test has ended");
  assert.match(log.lines.at(-1) ?? "", /\[mux inverter 5020 > .*\] links closed: the test has ended/);
});

test("the order of a line's ports may change", async (t) => {
  const { lines, line, configure } = await setUp(t);
  configure({ ...line("PROT=echo", 5020), alsoListens: [{ port: 5021 }] });
  const mux = lines.of(line("PROT=echo", 5020));
  configure({ ...line("PROT=echo", 5021), alsoListens: [{ port: 5020 }] });
  assert.equal(lines.of(line("PROT=echo", 5020)), mux);
  assert.equal(statusOf(lines)[0]?.port, 5021);
});

for (const [what, next] of [
  ["protocol", "PROT=mpu"],
  ["mode", "PROT=echo MODE=broadcast"],
  ["transport", "PROT=echo PRTO=tls"],
] as const) {
  test(`another ${what} is another mux: the former one ends with its last client`, async (t) => {
    const { device, lines, line, attach, configure, log } = await setUp(t);
    configure(line("PROT=echo"));
    const client = attach(line("PROT=echo"));
    const peer = await device.client();
    await until(() => lines.streams.length === 1, "the connection");
    configure(line(next));
    assert.deepEqual(
      statusOf(lines).map(({ clientCount }) => clientCount),
      [0, 1],
    );
    assert.equal(peer.closed || peer.ended, false);
    client.destroy();
    await until(() => peer.closed || peer.ended, "the end of the connection");
    assert.ok(log.lines.at(-1)?.endsWith(LINE_GONE), log.lines.at(-1));
    assert.equal(statusOf(lines).length, 1);
  });
}

test("a line that returns finds its former mux, with its connections", async (t) => {
  const { device, lines, line, attach, configure } = await setUp(t);
  configure(line("PROT=echo"));
  const client = attach(line("PROT=echo"));
  const peer = await device.client();
  configure();
  assert.equal(statusOf(lines).length, 1, "it has a client");
  configure(line("PROT=echo"));
  assert.equal(statusOf(lines).length, 1);
  client.destroy();
  await settle();
  assert.equal(peer.closed || peer.ended, false, "its line is there: the connection waits for the next client");
});

test("a mux without clients ends with its line", async (t) => {
  const { lines, line, configure } = await setUp(t);
  configure(line("PROT=echo"), line("PROT=echo", 5021));
  configure(line("PROT=echo", 5021));
  assert.deepEqual(
    statusOf(lines).map(({ port }) => port),
    [5021],
  );
});

test("a drain waits for the outstanding answer of a former line, too", async (t) => {
  const { device, lines, line, attach, configure } = await setUp(t);
  configure(line("PROT=echo"));
  attach(line("PROT=echo"));
  const peer = await device.client();
  await peer.line();
  configure();
  let isDrained = false;
  const drained = lines.drain().then(() => {
    isDrained = true;
  });
  await settle();
  assert.equal(isDrained, false);
  peer.write("answer\n");
  await drained;
});
