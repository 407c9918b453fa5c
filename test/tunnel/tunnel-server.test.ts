// The server side of a tunnel on a clock that the test moves; the test scripts the devices byte by byte.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { AcceptedClient, Listener } from "#src/accept/listener.js";
import { LinkAlerts } from "#src/alerts/link-alerts.js";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";
import type { Dial } from "#src/dial/dial.js";
import { StreamEnd } from "#src/sockets/stream-end.js";
import { DeviceSlot } from "#src/tunnel/device-slot.js";
import type { TunnelContext } from "#src/tunnel/tunnel-context.js";
import { TunnelServer } from "#src/tunnel/tunnel-server.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { Client } from "../support/net.js";
import { BYE, FramePeer, HELLO, LISTEN, PING, PONG, SESSION, sessionOf } from "../support/tunnel.js";
import { until } from "../support/wait.js";

const TELL_WITHIN_MS = 10_000;
const HELLO_WITHIN_MS = 1000;
const SECRET = 5;
const NO_SUCH_COMMAND = 99;

/** A server whose host ports stay closed. */
async function open(t: TestContext, secret = "") {
  const parsed = parseTunnelRoute(`EXPOSE 127.0.0.1:1>127.0.0.1:2 HLTH=0 ${secret && `TLS=1 CERT=c PKEY=k ${secret}`}`);
  assert.ok(parsed.ok);
  const clock = new ManualClock();
  const log = new MemoryLog();
  const ports: string[] = [];
  let attach = (): Dial => assert.fail("no port is open");
  const alerts: string[] = [];
  const host = {
    clock,
    log,
    alerts: {
      linkAlerts: (listener: number) =>
        new LinkAlerts(clock, {
          down: ({ server: from }, reason) => alerts.push(`${listener} ${from} down: ${reason}`),
          back: ({ server: from }, downMs) => alerts.push(`${listener} ${from} back after ${downMs}`),
        }),
    },
    portOf: ({ welcome }: Listener) => {
      const connect: AcceptedClient["connect"] = (_request, _replyMode, reach) => {
        attach = reach;
      };
      welcome({ connect } as AcceptedClient);
      return {
        status: { name: "exposed" },
        openEventually: async () => void ports.push("opened"),
        close: () => void ports.push("closed"),
      };
    },
  };
  const context = host as unknown as TunnelContext;
  const { exposures, options, tunnel } = parsed.value;
  const rules = { line: { port: 7000 }, exposures, options, resumeMs: tunnel.resumeMs };
  const slot = new DeviceSlot(rules, context);
  const server = new TunnelServer({ port: 7000, route: parsed.value }, [slot], context);
  const close = (reason: string): void => {
    for (const each of [server, slot]) each.close(reason);
  };
  const over: string[] = [];
  const heard = new Set<string>();
  let from = "";
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket: Socket) => {
    const end = new StreamEnd(socket, 30_000, undefined, { host: from, port: 1 });
    server.accept(
      end,
      (reason) => over.push(reason),
      () => heard.add(end.peerAddress),
    );
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const devices: Client[] = [];
  t.after(() => {
    listener.close();
    close("the test has ended");
    for (const device of devices) device.destroy();
  });
  return {
    ...{ server, close, clock, log, over, heard, ports, alerts },
    /** A client connects to the host port. */
    attach: () => attach(),
    connect: async (address = "127.0.0.1"): Promise<FramePeer> => {
      from = address;
      const accepted = once(listener, "connection");
      const device = await Client.open((listener.address() as AddressInfo).port);
      await accepted;
      devices.push(device);
      return new FramePeer(device);
    },
  };
}

test("a device that has sent the secret stays, however long it takes", async (t) => {
  const { server, clock, connect } = await open(t, "SECR=sesame");
  const device = await connect();
  assert.deepEqual([server.status.links, clock.pending], [0, 1]);
  device.send(SECRET, 0, "sesame");
  device.send(LISTEN, 0);
  await until(() => server.status.listening, "it to be the device");
  clock.advance(TELL_WITHIN_MS);
  assert.deepEqual([server.status.links, server.status.turnedAway, clock.pending], [1, 0, 0]);
  assert.ok(server.status.link);
});

test("a session is for a device that knows the secret", async (t) => {
  const { server, connect } = await open(t, "SECR=sesame RSUM=20");
  const device = await connect();
  device.send(PING, 0);
  for (const expected of [PONG, PING]) await device.expect(expected, 0);
  device.send(SECRET, 0, "sesame");
  device.send(LISTEN, 0);
  device.send(HELLO, 0, "bye session");
  const payload = await device.expect(SESSION, 0);
  device.send(SESSION, 0, payload);
  const [thief, again] = [await connect("192.0.2.1"), await connect()];
  thief.send(SESSION, 0, payload);
  thief.send(SECRET, 0, "guess");
  await thief.ended();
  assert.deepEqual([server.status.turnedAway, server.status.resumed], [1, 0]);
  again.send(SESSION, 0, payload);
  again.send(SECRET, 0, "sesame");
  assert.deepEqual(sessionOf(await again.expect(SESSION, 0)).id, sessionOf(payload).id);
  await device.ended();
  assert.deepEqual([server.status.links, server.status.resumed], [1, 1]);
});

test("a device that leaves before it has sent the secret is not rejected later", async (t) => {
  const { server, clock, log, over, connect } = await open(t, "SECR=sesame");
  const [first, second] = [await connect(), await connect()];
  first.send(SECRET, 0, "sesame");
  await until(() => server.status.link !== undefined, "it to be the device");
  second.client.end();
  await until(() => over.length > 0, "its end");
  assert.ok(server.status.link, "the other one is there");
  clock.advance(TELL_WITHIN_MS);
  assert.deepEqual([server.status.turnedAway, clock.pending], [0, 0]);
  assert.doesNotMatch(log.lines.join("\n"), /rejected|link lost/);
});

test("a device that does not send the secret in time is closed", async (t) => {
  const { server, clock, over, connect } = await open(t, "SECR=sesame");
  const device = await connect();
  clock.advance(TELL_WITHIN_MS);
  await device.ended();
  assert.deepEqual(over, ["no secret within 10 s"]);
  assert.equal(server.status.turnedAway, 1);
});

test("when the server ends, devices that have not sent the secret are closed, too", async (t) => {
  const { server, close, clock, over, connect } = await open(t, "SECR=sesame");
  const [first, second] = [await connect(), await connect()];
  first.send(SECRET, 0, "sesame");
  await until(() => server.status.link !== undefined, "it to be the device");
  close("enough");
  assert.deepEqual(over, ["enough", "enough"]);
  for (const device of [first, second]) await device.ended();
  assert.equal(clock.pending, 0);
});

test("bytes are counted over all links; LISTEN opens the ports once for each link", async (t) => {
  const { server, close, ports, connect } = await open(t);
  for (const links of [1, 2]) {
    const device = await connect();
    device.send(LISTEN, 0);
    device.send(LISTEN, 0, "!");
    await until(() => server.status.link?.received === 9, "both");
    close("enough");
    const { listening, link, received, sent } = server.status;
    assert.deepEqual(
      { listening, link, received, sent },
      { listening: false, link: undefined, received: 9 * links, sent: 0 },
    );
  }
  assert.deepEqual(ports, ["opened", "closed", "opened", "closed"]);
});

test("the status says for how long the device has not been ready, and why", async (t) => {
  const { server, clock, connect } = await open(t);
  const absence = () => [server.status.absentMs, server.status.reason];
  clock.advance(70_000);
  assert.deepEqual(absence(), [70_000, "no device has connected yet"]);
  const device = await connect();
  await until(() => server.status.link !== undefined, "the link");
  assert.deepEqual(absence(), [70_000, "the device has connected, and is not ready yet"]);
  device.send(LISTEN, 0);
  await until(() => server.status.listening, "LISTEN");
  clock.advance(500);
  assert.deepEqual(absence(), [undefined, undefined]);
  device.client.destroy();
  await until(() => server.status.link === undefined, "the loss");
  clock.advance(3000);
  assert.equal(server.status.absentMs, 3000);
  assert.match(server.status.reason ?? "", /^link lost: /);
});

test("clients are counted: those that reach the device, and those without a device", async (t) => {
  const { server, close, attach, connect } = await open(t);
  const device = await connect();
  device.send(LISTEN, 0);
  await until(() => server.status.listening, "the device");
  for (let count = 0; count < 256; count += 1) await attach().end;
  assert.deepEqual([server.status.clients, server.status.refused, server.status.link?.clients], [256, 0, 256]);
  await assert.rejects(attach().end, /^DialError: the link has 256 clients$/);
  close("enough");
  await assert.rejects(attach().end, /^DialError: no device is connected$/);
  assert.deepEqual([server.status.clients, server.status.refused], [256, 2]);
});

test("commands that the server does not know are logged once a minute", async (t) => {
  const { server, clock, log, connect } = await open(t);
  const device = await connect();
  const say = async (): Promise<void> => {
    const before = server.status.received;
    for (const _ of [1, 2, 3]) device.send(NO_SUCH_COMMAND, 0);
    await until(() => server.status.received === before + 12, "it to be heard");
  };
  await say();
  const skipped = () => log.lines.filter((line) => line.includes("a frame is skipped: unknown command 99"));
  assert.equal(skipped().length, 1);
  clock.advance(60_000);
  await say();
  assert.match(
    skipped()[1] ?? "",
    /INFO \[tunnel 7000 < 127\.0\.0\.1:1\] a frame is skipped: unknown command 99; 2 more since/,
  );
  device.send(LISTEN, 0);
  await until(() => server.status.listening, "the device to go on");
});

test("rejected devices are logged once a minute for each address", async (t) => {
  const { server, clock, log, connect } = await open(t, "SECR=sesame");
  for (const address of ["10.0.0.1", "10.0.0.2", "10.0.0.1"]) {
    const device = await connect(address);
    device.send(LISTEN, 0);
    await until(() => server.status.turnedAway > 0 || clock.pending > 0, "it to be read");
    await until(() => {
      clock.advance(HELLO_WITHIN_MS);
      return device.client.ended;
    }, "its end");
  }
  assert.equal(server.status.turnedAway, 3);
  const told = log.lines.filter((line) => line.includes("rejected: "));
  const [first, second] = ["10.0.0.1", "10.0.0.2"].map(
    (address) => `WARN [tunnel 7000 < ${address}:1] rejected: it did not send the secret`,
  );
  assert.deepEqual(told, [first, second]);
});

test("who connects and says nothing ends no good link, and is closed after 10 s", async (t) => {
  const { server, clock, over, connect } = await open(t);
  const device = await connect("10.0.0.1");
  device.send(LISTEN, 0);
  await until(() => server.status.listening, "the device");
  const scan = await connect("10.0.0.2");
  clock.advance(TELL_WITHIN_MS);
  await scan.ended();
  assert.deepEqual(over, ["no LISTEN within 10 s"]);
  assert.deepEqual([server.status.listening, server.status.links, server.status.replaced], [true, 1, 0]);
  assert.ok(!device.client.ended);
});

test("two devices of another make: the one that comes back is turned away for 10 s, and one warning names both", async (t) => {
  const { server, clock, log, heard, connect } = await open(t);
  const come = async (address: string): Promise<FramePeer> => {
    const device = await connect(address);
    device.send(LISTEN, 0);
    return device;
  };
  const linkedFrom = (address: string) =>
    until(() => server.status.link?.address === `${address}:1`, `the device from ${address}`);
  const first = await come("10.0.0.1");
  await until(() => server.status.listening, "the first one");
  await come("10.0.0.2");
  await first.ended();
  first.client.destroy();
  await linkedFrom("10.0.0.2");
  assert.deepEqual([...heard], ["10.0.0.1", "10.0.0.2"]);
  heard.clear();
  for (const times of [1, 2]) {
    const back = await come("10.0.0.1");
    await until(() => clock.pending > 2 || log.lines.some((line) => line.includes("two devices")), "its LISTEN");
    await until(() => {
      clock.advance(HELLO_WITHIN_MS);
      return back.client.ended;
    }, "it to be turned away");
    assert.deepEqual([server.status.turnedAway, server.status.replaced], [times, 1]);
  }
  assert.deepEqual(
    [...heard],
    [],
    "the log tells once a minute that it is turned away, and not of each of its connections",
  );
  clock.advance(9000);
  await come("10.0.0.1");
  await linkedFrom("10.0.0.1");
  assert.equal(server.status.replaced, 2);
  const warnings = log.lines.filter((line) => line.startsWith("WARN"));
  assert.equal(warnings.length, 1, warnings.join("\n"));
  assert.match(
    warnings[0] ?? "",
    /\[tunnel 7000\] two devices replace each other: 10\.0\.0\.1:1 and 10\.0\.0\.2:1; each needs/,
  );
});

test("a link that is lost for some seconds makes an alert, and its return another; a close makes none", async (t) => {
  const { server, close, clock, alerts, connect } = await open(t);
  const first = await connect("10.0.0.1");
  first.send(LISTEN, 0);
  await until(() => server.status.listening, "the device");
  first.client.end();
  await until(() => !server.status.listening, "its end");
  clock.advance(2000);
  const second = await connect("10.0.0.2");
  clock.advance(1000);
  second.send(LISTEN, 0);
  await until(() => server.status.listening, "it to be back");
  assert.deepEqual(alerts, ["7000 10.0.0.1:1 down: by remote", "7000 10.0.0.2:1 back after 3000"]);
  close("the daemon stops");
  clock.advance(600_000);
  assert.deepEqual([alerts.length, clock.pending], [2, 0]);
});

test("one of our own is told why its link ends, also without a session", async (t) => {
  const { server, close, connect } = await open(t);
  const device = await connect();
  device.send(PING, 0);
  await device.expect(PONG, 0);
  device.send(HELLO, 0, "bye");
  device.send(LISTEN, 0);
  await until(() => server.status.listening, "the device");
  close("the line is gone");
  const words = async () => {
    for (;;) {
      const { command, payload } = await device.frame();
      if (command === BYE) return payload.toString();
    }
  };
  assert.equal(await words(), "\x03the line is gone");
});
