import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { AccessRules } from "#src/access/access-rules.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { parseTargetPatterns } from "#src/core/net/access-patterns.js";
import { parseConnRequest } from "#src/core/options/conn-request.js";
import { type Dial, type DialContext, dial } from "#src/dial/dial.js";
import { DialError, explainDialFailure, NO_MORE_FILES } from "#src/dial/dial-error.js";
import { type End, IGNORE_EVENTS } from "#src/sockets/end.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { Certificates } from "../support/certificates.js";
import { ManualClock } from "../support/clock.js";
import { freePort } from "../support/free-port.js";
import { localNames } from "../support/names.js";
import { Device } from "../support/net.js";
import { from } from "../support/origin.js";
import { until } from "../support/wait.js";

const CLIENT = from("10.9.9.9");

/** Dials as the daemon does, with time that stands still. */
function scene(t: TestContext, access: Partial<typeof DEFAULT_SETTINGS> = {}) {
  const clock = new ManualClock();
  const settings = { ...DEFAULT_SETTINGS, ...access };
  const context = {
    ...{ clock, settings, access: new AccessRules(settings), own: new OwnSockets(clock), names: localNames(clock) },
    descriptors: new DescriptorBudget(undefined),
    tlsIdentities: new Map(),
  } satisfies DialContext;
  const start = (line: string, authority?: Buffer): Dial => {
    const parsed = parseConnRequest(line);
    if (!parsed.ok) throw new Error(parsed.message);
    return dial(parsed.value, CLIENT, context, authority === undefined ? {} : { ca: authority });
  };
  const connect = async (line: string, authority?: Buffer): Promise<End> => {
    const end = await start(line, authority).end;
    t.after(() => end.destroy());
    return end;
  };
  return { clock, context, start, connect };
}

/** All that comes from an end, as text. */
function hear(end: End): () => string {
  let text = "";
  end.events = {
    ...IGNORE_EVENTS,
    data: (chunk) => {
      text += chunk.toString("latin1");
    },
  };
  end.resume();
  return () => text;
}

async function device(t: TestContext): Promise<Device> {
  const opened = await Device.open();
  t.after(() => opened.close());
  return opened;
}

describe("by TCP", () => {
  test("the remote is paused until its owner is ready, and its descriptor is free when it is closed", async (t) => {
    const { context, connect } = scene(t);
    const remote = await device(t);
    const end = await connect(`127.0.0.1:${remote.port}`);
    assert.equal(context.descriptors.used, 1);
    (await remote.client()).write("hello");
    const heard = hear(end);
    await until(() => heard() === "hello", "the greeting");
    end.destroy();
    await until(() => context.descriptors.used === 0, "the descriptor");
  });

  test("nobody listens: connection refused, and no descriptor is kept", async (t) => {
    const { context, connect } = scene(t);
    await assert.rejects(connect(`127.0.0.1:${await freePort()}`), {
      name: "DialError",
      message: "connection refused",
    });
    assert.equal(context.descriptors.used, 0);
  });

  test("a name is looked up", async (t) => {
    const { connect } = scene(t);
    const remote = await device(t);
    assert.equal((await connect(`localhost:${remote.port}`)).peerAddress, "127.0.0.1");
  });

  test("a port of the daemon itself learns whose bytes it gets", async (t) => {
    const { context, connect } = scene(t);
    const listener = { port: 0, name: "direct port 1", throughDaemon: "allowed", accepts: "clients" } as const;
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    context.own.opened({ listener: { ...listener, port }, bound: "127.0.0.1" });
    const accepted = once(server, "connection") as Promise<[Socket]>;
    await connect(`127.0.0.1:${port}`);
    const [socket] = await accepted;
    t.after(() => socket.destroy());
    assert.equal(context.own.originOf(socket, listener).address, CLIENT.address);
  });

  test("the time is over: the attempt is given up", async (t) => {
    const { clock, context, start } = scene(t);
    const remote = await device(t);
    const { end } = start(`127.0.0.1:${remote.port} CTIM=1500`);
    clock.advance(1499);
    assert.equal(context.descriptors.used, 1);
    clock.advance(1);
    await assert.rejects(end, { message: "timed out after 1500 ms" });
    assert.equal(context.descriptors.used, 0);
  });

  test("an aborted dial rejects; one that is over does not care", async (t) => {
    const { clock, start } = scene(t);
    const remote = await device(t);
    const aborted = start(`127.0.0.1:${remote.port}`);
    aborted.abort();
    await assert.rejects(aborted.end, { message: "given up" });
    const connected = start(`127.0.0.1:${remote.port}`);
    const end = await connected.end;
    t.after(() => end.destroy());
    connected.abort();
    assert.equal(end.gone, false);
    assert.equal(clock.pending, 0);
  });
});

describe("before anything is connected", () => {
  test("no descriptor is left", async (t) => {
    const { context, start } = scene(t);
    const none = { ...context, descriptors: new DescriptorBudget(0) };
    const parsed = parseConnRequest("127.0.0.1:1");
    assert.ok(parsed.ok);
    await assert.rejects(dial(parsed.value, CLIENT, none).end, { message: NO_MORE_FILES });
    await assert.rejects(start("127.0.0.1:1").end, { message: "connection refused" });
  });

  test("[access] does not permit the target, as an address or as what a name means", async (t) => {
    const denyTargets = parseTargetPatterns("127.0.0.0/8");
    assert.ok(denyTargets.ok);
    const { connect } = scene(t, { denyTargets: denyTargets.value });
    const remote = await device(t);
    for (const host of ["127.0.0.1", "localhost"]) {
      await assert.rejects(connect(`${host}:${remote.port}`), { message: "not permitted ([access])" });
    }
    assert.equal(remote.clients.length, 0);
  });

  test("the target is the daemon's own port", async (t) => {
    const { context, connect } = scene(t);
    const listener = { port: 2504, name: "port 2504", throughDaemon: "refused", accepts: "clients" } as const;
    context.own.opened({ listener, bound: "*" });
    await assert.rejects(connect("127.0.0.1:2504"), { message: "that is this daemon itself" });
  });
});

describe("by TLS", () => {
  const certificates = new Certificates();
  const pair = certificates.make("box.example");
  const [key, cert] = [readFileSync(pair.key), readFileSync(pair.certificate)];
  certificates.remove();

  async function box(t: TestContext): Promise<{ readonly port: number; readonly names: unknown[] }> {
    const names: unknown[] = [];
    const server = createTlsServer({ key, cert }, (socket) => {
      names.push(socket.servername);
      socket.on("error", () => {});
      socket.end("secret");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    server.on("tlsClientError", () => {});
    t.after(() => server.close());
    return { port: (server.address() as AddressInfo).port, names };
  }

  test("a certificate of nobody known is refused, unless it is not to be checked", async (t) => {
    const { connect } = scene(t);
    const { port } = await box(t);
    const hint = /^DialError: TLS: .* \(DEPTH_ZERO_SELF_SIGNED_CERT\): .*tls-verify=0 \(TLSV\) takes any certificate$/;
    await assert.rejects(connect(`127.0.0.1:${port} PRTO=tls`), hint);
    const heard = hear(await connect(`127.0.0.1:${port} PRTO=tls TLSV=0`));
    await until(() => heard() === "secret", "what it says");
  });

  test("TLSN is the name that is asked for, and that the certificate must be of", async (t) => {
    const { connect } = scene(t);
    const { port, names } = await box(t);
    await connect(`127.0.0.1:${port} PRTO=tls TLSN=box.example`, cert);
    await until(() => names.length === 1, "the server to know the name");
    assert.deepEqual(names, ["box.example"]);
    await assert.rejects(
      connect(`127.0.0.1:${port} PRTO=tls TLSN=other.example`, cert),
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    );
  });
});

describe("by UDP", () => {
  test("each write is a datagram, and each datagram comes back as a chunk", async (t) => {
    const { context, connect } = scene(t);
    const echo = createSocket("udp4").on("message", (datagram, { port }) => echo.send(datagram, port, "127.0.0.1"));
    echo.bind(0, "127.0.0.1");
    await once(echo, "listening");
    t.after(() => echo.close());
    const end = await connect(`127.0.0.1:${echo.address().port} PRTO=udp`);
    const heard = hear(end);
    end.write("ping");
    await until(() => heard() === "ping", "the echo");
    assert.equal(context.descriptors.used, 1);
    end.destroy();
    await until(() => context.descriptors.used === 0, "the descriptor");
  });

  test("no way to the address is a failure", async (t) => {
    const { connect } = scene(t);
    await assert.rejects(connect("[fe80::1]:9 PRTO=udp"), /need a network interface, as in /);
  });

  test("one that is aborted leaves no socket", async (t) => {
    const { context, start } = scene(t);
    const attempt = start("127.0.0.1:9 PRTO=udp");
    attempt.abort();
    await assert.rejects(attempt.end, { message: "given up" });
    assert.equal(context.descriptors.used, 0);
  });
});

test("errors in words: of several addresses the last one, what is unknown as it is", () => {
  const failure = (code: string, message = code): Error => Object.assign(new Error(message), { code });
  const words = (error: Error): string => explainDialFailure(error);
  assert.equal(words(new AggregateError([failure("ENETUNREACH"), failure("ECONNREFUSED")])), "connection refused");
  assert.equal(words(failure("EMFILE")), NO_MORE_FILES);
  assert.equal(words(new DialError("given up")), "given up");
});
