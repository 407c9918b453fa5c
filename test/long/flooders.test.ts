import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { ConfigFile } from "../support/config.js";
import { startDaemon } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { worstGreetingMs } from "../support/greeting.js";
import { CONNECT, connectPayload, DATA, frame, LISTEN, PING } from "../support/tunnel.js";
import { pause, until } from "../support/wait.js";

/*
 * No input of one peer, on up to five connections, makes another client wait for more than 50 ms. What counts here is the time that the
 * daemon itself works before it greets somebody else, with room for a slow machine; each of these took from one second to twenty.
 */
const MOST_MS = 200;
const FLOOD_MS = 1000;

/** One way to send much that is small. */
interface Flood {
  readonly name: string;
  /** Lines of the configuration; the daemon's port for it, and where it may connect to. */
  config?(port: number, target: number, exposed: number): string;
  /** Who sends: clients of the daemon's own port behind this line, clients of that other port, or whom it connects to. */
  readonly from: { readonly conn: string } | "client" | "server";
  /** Said by one who sends, before the flood. */
  readonly before?: Buffer;
  readonly flood: Buffer;
  /** Said by clients of that port, to have the daemon connect to its target. */
  readonly asks?: string;
  /** Clients of the port that is exposed: `halted`: they do not read. */
  readonly exposed?: "read" | "halted";
}

const many = (count: number, ...parts: readonly (string | Buffer)[]): Buffer => {
  const one = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
  return Buffer.concat(Array.from({ length: count }, () => one));
};
const direct = (options: string) => (port: number, target: number) =>
  `[direct]\n${port}=CONN 127.0.0.1:${target} ${options}\n`;
const mux = (options: string) => (port: number, target: number) => `[mux]\n${port}=127.0.0.1:${target} ${options}\n`;
const tunnel = (port: number, _target: number, exposed: number) =>
  `[tunnel]\n${port}=EXPOSE 127.0.0.1:${exposed}>10.1.1.1:23\n`;
const device = (_port: number, target: number) => `[device]\nserver=127.0.0.1:${target}\nallow=127.0.0.1:1\n`;
const READY = Buffer.concat([frame(LISTEN, 0), frame(PING, 0)]);
const EVENT = "<E14L00I02MAK>";
const READ = "<S0020030837F02D00FO>";

const FLOODS: readonly Flood[] = [
  { name: "uploads at full speed", from: { conn: "" }, flood: Buffer.alloc(1_000_000) },
  { name: "uploads with BLKS=1", from: { conn: "BLKS=1" }, flood: Buffer.alloc(1_000_000) },
  { name: "uploads with BLKS=7 by UDP", from: { conn: "BLKS=7 PRTO=udp" }, flood: Buffer.alloc(1_000_000) },
  { name: "empty lines in setup mode", from: "client", flood: many(500_000, "\n") },
  { name: "commands in setup mode", from: "client", flood: many(20_000, "CAPA\nHELP\n") },
  { name: "ends of telegrams, with CACH", config: direct("CACH=500"), from: "client", flood: many(1_000_000, ">") },
  { name: "ends of telegrams, with RATE", config: direct("RATE=10/s"), from: "client", flood: many(1_000_000, ">") },
  {
    name: "ends of telegrams of a server, with CACH",
    config: direct("CACH=500"),
    from: "server",
    asks: READ,
    flood: many(1_000_000, ">"),
  },
  {
    name: "telegrams, monitored",
    config: direct("MONI=conbus MONF=decode"),
    from: "client",
    flood: many(50_000, READ),
  },
  {
    name: "chunks of HTTP, monitored",
    config: direct("MONI=http"),
    from: "client",
    flood: many(1, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", many(100_000, "1\r\nx\r\n")),
  },
  {
    name: "Modbus, monitored",
    config: direct("MONI=modbus MONF=decode"),
    from: "client",
    flood: many(50_000, "\0\x01\0\0\0\x06\x01\x03\0\0\0\x01"),
  },
  {
    name: "bytes that are no frame of bare RTU",
    config: mux("PROT=modbus-serial"),
    from: "client",
    flood: many(500_000, "\x01\x41"),
  },
  {
    name: "writes that are refused",
    config: mux("PROT=modbus RDON=deny"),
    from: "client",
    flood: many(50_000, "\0\x01\0\0\0\x06\x01\x06\0\0\0\x01"),
  },
  {
    name: "heads of HTTP with many fields",
    config: mux("PROT=http"),
    from: "client",
    flood: many(20, "GET / HTTP/1.1\r\nHost: a\r\n", many(2500, "Connection: a,b,c,d\r\n"), "\r\n"),
  },
  {
    name: "interim responses without end",
    config: mux("PROT=http"),
    from: "server",
    asks: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    flood: many(40_000, "HTTP/1.1 100 Continue\r\n\r\n"),
  },
  {
    name: "chunks of a response",
    config: mux("PROT=http"),
    from: "server",
    asks: "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    before: Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    flood: many(100_000, "1\r\nx\r\n"),
  },
  {
    name: "Conbus events without end",
    config: mux("PROT=conbus"),
    from: "server",
    asks: READ,
    flood: many(70_000, EVENT),
  },
  {
    name: "lines of a device for all its clients",
    config: mux("PROT=echo MODE=broadcast"),
    from: "server",
    asks: "x\n",
    flood: many(1_000_000, "\n"),
  },
  {
    name: "frames of one byte for clients that read",
    config: tunnel,
    from: "client",
    exposed: "read",
    before: READY,
    flood: many(50_000, frame(DATA, 0, "x"), frame(DATA, 1, "x")),
  },
  {
    name: "frames of one byte for clients that do not",
    config: tunnel,
    from: "client",
    exposed: "halted",
    before: READY,
    flood: many(50_000, frame(DATA, 0, "x"), frame(DATA, 1, "x")),
  },
  { name: "pings", config: tunnel, from: "client", before: READY, flood: many(100_000, frame(PING, 0)) },
  {
    name: "frames that mean nothing",
    config: tunnel,
    from: "client",
    before: READY,
    flood: many(100_000, frame(99, 0)),
  },
  {
    name: "a server's clients that come without end",
    config: device,
    from: "server",
    flood: many(
      20_000,
      frame(CONNECT, 3, connectPayload("127.0.0.1", 1)),
      frame(CONNECT, 4, connectPayload("10.1.1.1", 1)),
    ),
  },
];

/** Sends the same again and again, for as long as the test goes on; what comes back is thrown away. */
function pour(socket: Socket, bytes: Buffer): void {
  const more = (): void => {
    while (socket.writable && socket.write(bytes));
  };
  socket.on("drain", more);
  socket.on("error", () => {}); // the daemon may close it for what it says
  socket.resume();
  more();
}

/** A server that takes everything; with a flood, it sends that to whoever has said something. */
async function openTarget(t: TestContext, flood: Flood): Promise<Server> {
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on("error", () => {});
    socket.resume();
    if (flood.from !== "server") return;
    const begin = (): void => {
      if (flood.before !== undefined) socket.write(flood.before);
      pour(socket, flood.flood);
    };
    socket.once("data", begin);
  });
  server.listen(await freePort(), "127.0.0.1");
  await until(() => server.listening, "the server to listen");
  t.after(() => server.close());
  return server;
}

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  await until(() => !socket.connecting, "a connection");
  return socket;
}

describe("nobody waits for what others send", { concurrency: 1 }, () => {
  for (const flood of FLOODS) {
    test(flood.name, async (t) => {
      const target = await openTarget(t, flood);
      const targetPort = (target.address() as { port: number }).port;
      const [port, exposed] = [await freePort(), await freePort()];
      const config = new ConfigFile(flood.config?.(port, targetPort, exposed) ?? "");
      const daemon = await startDaemon("-a", "127.0.0.1", "-c", config.path);
      t.after(() => daemon.stop("SIGKILL"));
      const { from } = flood;
      const clients = flood.config === undefined ? daemon.port : port;
      const connections = flood.config === tunnel ? 1 : 5;
      const during = async (): Promise<void> => {
        for (let count = 0; count < connections && flood.config !== device; count += 1) {
          const socket = await open(t, clients);
          if (typeof from === "object") socket.write(`CONN 127.0.0.1:${targetPort} ${from.conn}\n`);
          if (flood.asks !== undefined) socket.write(flood.asks);
          if (from !== "server" && flood.before !== undefined) socket.write(flood.before);
          if (flood.exposed !== undefined) {
            await until(() => daemon.log().includes("the device listens"), "the port to be open");
            const readers = [await open(t, exposed), await open(t, exposed)];
            for (const reader of readers) if (flood.exposed === "read") reader.resume();
            await until(() => daemon.log().split("opened on tunnel port").length > 3, "the clients");
          }
          if (from === "server") socket.resume();
          else pour(socket, flood.flood);
        }
        await pause(FLOOD_MS);
      };
      const worst = await worstGreetingMs(daemon.port, during, daemon.child.pid);
      t.diagnostic(`${worst.toFixed(0)} ms at the worst`);
      assert.ok(worst < MOST_MS, `${worst.toFixed(0)} ms`);
      assert.deepEqual(daemon.log().match(/fault.*/g), null);
      assert.equal(await daemon.stop("SIGTERM"), 0, "it hears that it is to end");
    });
  }
});
