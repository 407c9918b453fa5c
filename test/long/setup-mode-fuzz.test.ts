// Setup mode with unexpected input: mutated lines of commands, options and odd bytes, in any pieces.
// A few hundred inputs by default. For more of them, or the same ones again (a failure prints its seed):
//   FUZZ_RUNS=20000 FUZZ_SEED=42 node --test dist/test/long/setup-mode-fuzz.test.js
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { type DaemonProcess, startDaemon } from "../support/daemon.js";
import { startEcho } from "../support/echo.js";
import { FakeLuup } from "../support/luup.js";
import { Client, greet } from "../support/net.js";
import { descriptors, descriptorsAtRest, faults, resident } from "../support/process.js";
import { until } from "../support/wait.js";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 3000);
const SEED = process.env["FUZZ_SEED"];
const LIMIT_MS = process.env["FUZZ_RUNS"] === undefined ? 20_000 : 3_600_000;
const LONGEST_LINE = 4096;
const MIB = 1_048_576;
const REFUSING = 9; // a port without a listener

let echo: Awaited<ReturnType<typeof startEcho>>;
let daemon: DaemonProcess;
let luup: FakeLuup;
let help = "";

before(async () => {
  echo = await startEcho();
  luup = await new FakeLuup().start();
  daemon = await startDaemon("-N", luup.url);
  help = (await converse([Buffer.from("HELP\n")])).toString().replace(/^.*\n/, "");
});
after(async () => {
  echo.stop();
  await daemon.stop();
  await luup.stop();
});

/** Sends the pieces, one event-loop pass apart, then FIN; returns all bytes until the other FIN. */
async function converse(pieces: readonly Buffer[]): Promise<Buffer> {
  const socket = connect({ port: daemon.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", resolve);
    socket.on("error", reject);
    socket.setTimeout(20_000, () => reject(new Error(`no end; so far: ${Buffer.concat(chunks)}`)));
  });
  done.catch(() => {});
  try {
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
    await done;
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks);
}

// ---- what is sent

/** A text with odd characters in it, without line feeds. */
const odd = fc
  .array(
    fc.constantFrom("a", "7", ".", ":", "/", "=", " ", "\t", "\0", "\r", "é", "\u00a0", "\u2028", "💡", "\x1b", "["),
  )
  .map((list) => list.join(""));
const number = fc.oneof(
  fc.nat(70_000).map(String),
  fc.constantFrom("0", "-1", "1.5", ".1", "1e9", "0x10", "", "9".repeat(30)),
);
const target = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("echo", "refusing") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[::1]:80", "host", "a:b", ":", "[]:1", "[::1", "127.0.0.1:", "127.0.0.1:65536"),
  },
  { weight: 1, arbitrary: odd },
);
const option = fc.oneof(
  fc
    .tuple(fc.constantFrom("RTIM", "BLKS", "PACE", "CTIM", "RNTF", "TLSV", "rtim", "BLKS", "FOO"), number)
    .map(([key, value]) => `${key}=${value}`),
  fc.tuple(fc.nat(99), odd, odd).map(([device, service, action]) => `NTFY=${device}/${service}/${action}`),
  fc.constantFrom(
    "NTFY=5/urn:x/Act",
    "NTFY=5/urn:x/Act/p&q=1#",
    "PRTO=tcp",
    "PRTO=tls",
    "TLSN=a",
    "PRTO=tls TLSV=0",
    "=",
    "RTIM",
  ),
);
const conn = fc
  .tuple(fc.constantFrom("CONN", "conn", "CoNN"), target, fc.array(option, { maxLength: 3 }))
  .map(([word, where, options]) => [word, where, ...options].join(" "));
const preset = fc
  .tuple(fc.constantFrom("NTFY", "BLKS", "RTIM", "PACE"), fc.array(number, { maxLength: 5 }))
  .map(([word, args]) => [word, ...args].join(" "));
const good = fc.constantFrom(
  "STAT",
  "stat json",
  "CAPA",
  "HELP",
  "BILD",
  "NTFY 5 urn:x Act p",
  "PACE .5",
  "BLKS 7",
  "",
  "  ",
);
const other = fc.oneof(
  fc.constantFrom("QUIT", "STOP now", "STOPP", "CONN\0echo", "\ufeffSTAT", "STAT ", "\x16\x03\x01"),
  fc.constantFrom("GET / HTTP/1.1\r", "Content-Length: 5\r", "\r", "STAT\r"),
  odd,
);
const long = fc
  .tuple(fc.constantFrom("x", "STAT ", "CONN ", "é", "\0"), fc.constantFrom(4090, 4095, 4096, 4097, 4100, 70_000))
  .map(([text, length]) => Buffer.from(text.repeat(length)).toString("utf8", 0, length));
const line = fc.oneof(
  { weight: 8, arbitrary: conn },
  { weight: 16, arbitrary: good },
  { weight: 3, arbitrary: other },
  { weight: 3, arbitrary: preset },
  { weight: 1, arbitrary: long },
);
const mutation = fc.record({ at: fc.nat(), cut: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
const lines = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 8 }), fc.array(mutation, { maxLength: 2 }), fc.boolean())
  .map(([texts, mutations, ended]) => mutate(Buffer.from(texts.join("\n") + (ended ? "\n" : "")), mutations));
const input = fc.oneof(
  { weight: 9, arbitrary: lines },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6000 }).map((bytes) => Buffer.from(bytes)) },
);
const cuts = fc.oneof(fc.array(fc.nat(), { maxLength: 6 }), fc.constant("each byte" as const));

function mutate(bytes: Buffer, mutations: readonly { at: number; cut: number; insert: Uint8Array }[]): Buffer {
  let out = bytes;
  for (const { at, cut, insert } of mutations) {
    const from = at % (out.length + 1);
    out = Buffer.concat([out.subarray(0, from), insert, out.subarray(from + cut)]);
  }
  return out;
}

/** The line without a STOP, without targets other than the test's remotes, and without short time limits. */
function harmless(bytes: Buffer): Buffer {
  const out = bytes
    .toString("latin1")
    .split("\n")
    .map((latin) => {
      const text = Buffer.from(latin, "latin1").toString();
      const [word = "", ...args] = text.trim().split(/\s+/);
      if (word.toUpperCase() === "STOP" && args.length === 0) return "STOPPED";
      if (/^(RTIM|CTIM)$/i.test(word)) return latin.replace(/(?=[.\d])/, "99999");
      if (word.toUpperCase() !== "CONN") return latin;
      const where = redirected(args[0] ?? "");
      const options = args
        .slice(1)
        .map((arg) => arg.replace(/^PRTO=udp$/i, "PRTO=tls").replace(/^[RC]TIM=(?=[.\d])/i, "$&99999"));
      const changed = [word, where, ...options].join(" ");
      return text.includes("\r") ? latin : Buffer.from(changed).toString("latin1");
    });
  return Buffer.from(out.join("\n"), "latin1");
}

/** An invalid target, or one of the test's remotes. */
function redirected(where: string): string {
  if (where === "refusing") return `127.0.0.1:${REFUSING}`;
  const dialled = /^[\w.[\]:%-]+:\d{1,5}$/.test(where) && !/:(0|65536)$/.test(where);
  return where === "echo" || dialled ? `127.0.0.1:${echo.port}` : where;
}

/** The bytes, cut at these places. */
function cutAt(bytes: Buffer, places: readonly number[] | "each byte"): Buffer[] {
  if (places === "each byte") {
    const size = Math.max(1, Math.ceil(bytes.length / 300));
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
  }
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

// ---- what may come back

const ROW = /^([ *])([0-9a-f]{11}) {6}[12] {2}127\.0\.0\.1 {8}(.{17,}) +\d+ +\d+( \S.*)?$/;
const FORMS: Readonly<Record<string, RegExp>> = {
  CAPA: /^OK CAPA( [A-Z]+)+$/,
  QUIT: /^OK QUIT$/,
  BILD: /^OK \d+$/,
  NTFY: /^OK NTFY$/,
  BLKS: /^OK BLKS$/,
  RTIM: /^OK RTIM$/,
  PACE: /^OK PACE$/,
  CONN: /^OK CONN \S+$/,
  STAT: /^( ID {15}St Client {11}Remote {14}#recv {3}#xmit Notify|\{.*\})$/,
  HELP: /^CONN host:port \[options\] /,
};

/** Checks every reply against its line: only documented forms, one for each line, and nothing after the end. */
class Dialogue {
  readonly #sent: Buffer;
  readonly #reply: Buffer;
  #at = 0;

  constructor(sent: Buffer, reply: Buffer) {
    this.#sent = sent;
    this.#reply = reply;
  }

  /** Fails where a law is broken; returns the reply without the parts that differ between runs. */
  check(): string {
    const pid = /^OK TOGGLEDBITS-SOCKPROXY 1 ([0-9a-f]{11})$/.exec(this.#next())?.[1] ?? assert.fail("no greeting");
    let at = 0;
    for (let over = false; !over; ) {
      const end = this.#sent.indexOf(10, at);
      const command = this.#sent.subarray(at, end < 0 ? undefined : end);
      at = end + 1;
      over = this.#answer(command, pid, end < 0 ? undefined : this.#sent.subarray(at));
    }
    assert.equal(this.#reply.toString("utf8", this.#at), "", "something after the last reply");
    return this.#reply
      .toString("latin1")
      .replaceAll(/^ [0-9a-f]{11} .*\n/gm, "") // other connections, in STAT
      .replaceAll(/^\{.*\}$/gm, "{JSON}")
      .replaceAll(/[0-9A-F]{8,}:error:/g, "error:") // a thread of OpenSSL
      .replaceAll(pid, "PID");
  }

  /** @param rest the bytes behind the command; undefined for a command without its LF */
  #answer(command: Buffer, pid: string, rest: Buffer | undefined): boolean {
    const text = command.toString().trim();
    const [first = ""] = text.split(/\s/, 1);
    if (command.length > LONGEST_LINE) return this.#refused(this.#next(), /^LINE$/);
    if (rest === undefined) return true;
    if (command.includes(13)) return this.#refused(this.#next(), /./);
    if (text === "") return false;
    const word = first.toUpperCase();
    const answer = this.#next();
    if (answer.startsWith("ERR ")) {
      const shown = word.replace(/[^\x21-\x7e]/g, "?").slice(0, 16);
      return this.#refused(answer, new RegExp(`^${shown.replaceAll(/\W/g, "\\$&")}$`));
    }
    assert.match(answer, FORMS[word] ?? /^(?!)/, `an answer to ${JSON.stringify(text)}`);
    if (word === "STAT") this.#status(answer, pid);
    if (word === "HELP") this.#expect(help.slice(answer.length + 1));
    if (word === "CONN") this.#expect(rest);
    return word === "QUIT" || word === "CONN";
  }

  #refused(answer: string, word: RegExp): boolean {
    const [, said = ""] =
      /^ERR ([\x21-\x7e]{1,16}) [^\p{Cc}]{1,300}$/u.exec(answer) ?? assert.fail(`not ERR: ${answer}`);
    assert.match(said, word);
    return true;
  }

  #status(answer: string, pid: string): void {
    if (answer.startsWith("{")) {
      const { connections } = JSON.parse(answer) as { connections: { id: string }[] };
      assert.ok(connections.some(({ id }) => id === pid));
      return;
    }
    const rows: string[] = [];
    for (let row = this.#peek(); row !== undefined && ROW.test(row); row = this.#peek()) rows.push(this.#next());
    const asking = rows.filter((row) => row.startsWith("*"));
    assert.equal(asking.length, 1, rows.join("\n"));
    assert.ok(asking[0]?.startsWith(`*${pid}`));
  }

  #expect(expected: Buffer | string): void {
    const bytes = Buffer.from(expected as Buffer);
    const got = this.#reply.subarray(this.#at, this.#at + bytes.length);
    assert.ok(got.equals(bytes), `${JSON.stringify(got.toString())} instead of ${JSON.stringify(bytes.toString())}`);
    this.#at += bytes.length;
  }

  #peek(): string | undefined {
    const end = this.#reply.indexOf(10, this.#at);
    return end < 0 ? undefined : this.#reply.toString("utf8", this.#at, end);
  }

  #next(): string {
    const text = this.#peek() ?? assert.fail(`a reply is missing after ${JSON.stringify(this.#reply.toString())}`);
    this.#at = this.#reply.indexOf(10, this.#at) + 1;
    return text;
  }
}

/** The whole law for one input. */
async function obey(bytes: Buffer, places: readonly number[] | "each byte"): Promise<void> {
  if (daemon.child.exitCode !== null || daemon.child.signalCode !== null) daemon = await startDaemon("-N", luup.url);
  const whole = await converse([bytes]);
  const pieces = await converse(cutAt(bytes, places));
  const first = new Dialogue(bytes, whole).check();
  assert.equal(new Dialogue(bytes, pieces).check(), first, "other pieces, other replies");
}

test("any input in setup mode, in any pieces, gets documented replies", async (t) => {
  const property = fc.asyncProperty(input, cuts, (bytes, places) => obey(harmless(bytes), places));
  await fc.assert(property, { numRuns: 100, ...(SEED !== undefined && { seed: Number(SEED) + 1 }) }); // warms up
  const [memory, files] = [resident(daemon), (await descriptorsAtRest(daemon)) - luup.connections];
  const since = performance.now();
  let runs = 0;
  await fc.assert(
    property.beforeEach(() => {
      runs += 1;
    }),
    {
      numRuns: RUNS,
      interruptAfterTimeLimit: LIMIT_MS,
      ...(SEED !== undefined && { seed: Number(SEED) }),
    },
  );
  await until(() => descriptors(daemon) - luup.connections <= files, "all descriptors to be closed", 20_000);
  const grown = resident(daemon) - memory;
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  t.diagnostic(
    `${runs} inputs in ${seconds} s; memory ${(memory / MIB).toFixed(0)} MiB, then ${(grown / MIB).toFixed(1)} more`,
  );
  assert.ok(grown < 64 * MIB, `memory grew by ${grown} bytes`);
  assert.deepEqual(faults(daemon.log()), []);
  assert.equal(daemon.child.exitCode, null);
});

test("no input makes a notification request that is not documented", () => {
  assert.ok(luup.arrivals.length > 0);
  for (const { url } of luup.arrivals) {
    const keys = [...new URL(url, "http://x").searchParams.keys()];
    assert.deepEqual(keys, ["id", "output_format", "DeviceNum", "serviceId", "action", "Pid"], url);
  }
});

test("afterwards other clients are served", async () => {
  const { client } = await greet(daemon.port);
  client.write(`CONN 127.0.0.1:${echo.port}\nhello`);
  assert.match(await client.line(), /^OK CONN /);
  assert.equal(await client.take(5), "hello");
  client.destroy();
});

test("STOP in any case, with space around it and in pieces, stops the daemon", async () => {
  const own = await startDaemon();
  const client = await Client.open(own.port);
  for (const piece of [" \t", "s", "To", "P ", "\n"]) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.match(await client.rest(), /^OK TOGGLEDBITS[^\n]*\nOK STOP\n$/);
  client.destroy();
  await until(() => own.child.exitCode !== null, "the end of the daemon");
  assert.equal(own.child.exitCode, 0);
});
