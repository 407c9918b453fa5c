import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ByteEvent, ByteLine } from "#src/core/monitor/byte-event.js";
import { type DeviceScript, scriptsOf } from "#src/core/record/exchanges-of.js";
import { parseMask } from "#src/core/record/mask-patterns.js";
import { Recorder } from "#src/core/record/recorder.js";
import { type Entry, entryLine, protocolNamed, readRecording, recordingHead } from "#src/core/record/recording.js";
import { ReplayedDevice } from "#src/core/record/replayed-device.js";
import type { TestProtocol } from "../../support/exchange.js";
import { crc16, lrc, MODBUS_KINDS, readPdu, wrap } from "../../support/modbus.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { conbus, echo, http, iso8583, mpu, telegram } from "../../support/protocols.js";
import { LOGGER, solarman } from "../../support/solarman.js";
import { cutAt } from "../framing/run.js";

const PROTOCOLS: readonly TestProtocol[] = [
  ...[echo, http, iso8583, mpu, conbus, solarman],
  ...MODBUS_KINDS.map((kind) => modbusProtocol(kind)),
];

type Said = readonly ["up" | "down" | "end up" | "end down", Buffer, number];

/** Records what passes on one connection. */
function recorded(protocol: string | undefined, said: readonly Said[], masks: readonly string[] = []): Entry[] {
  const rules = masks.flatMap((text) => {
    const parsed = parseMask(text);
    assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
    return parsed.value;
  });
  const recorder = new Recorder(rules);
  const stream = {
    connection: "c",
    listener: 5020,
    client: "10.0.0.7:1",
    server: "meter:502",
    side: "server",
  } as const;
  const line = (event: ByteEvent, epochMs: number): ByteLine => ({ kind: "event", epochMs, stream, event });
  const known = protocol === undefined ? {} : { protocol };
  const open = { kind: "open", joined: false, view: "hex", transport: "tcp", from: "", to: "10.0.3.162:502" } as const;
  const events = said.map(([what, bytes, at]) => {
    const direction = what.endsWith("up") ? "up" : "down";
    return what.startsWith("end")
      ? line({ kind: "end", direction }, at)
      : line({ kind: "bytes", direction, bytes }, at);
  });
  return [line({ ...open, ...known }, 0), ...events].flatMap((each) => recorder.push(each)).concat(recorder.finish());
}

/** The devices of a recording that was written and read. */
function scripts(entries: readonly Entry[]): DeviceScript[] {
  const text = [recordingHead("2026-03-02T14:32:15Z", "test"), ...entries.map(entryLine), ""].join("\n");
  const read = readRecording(text);
  assert.ok(read.ok, read.ok ? "" : read.message);
  assert.deepEqual(read.value.entries, entries);
  return scriptsOf(read.value);
}

function only(entries: readonly Entry[]): DeviceScript {
  const [script, ...more] = scripts(entries);
  assert.ok(script !== undefined && more.length === 0);
  return script;
}

/** What a replayed device answers, joined. */
function answerOf(device: ReplayedDevice, script: DeviceScript, request: Buffer): Buffer | undefined {
  const head = script.protocol.framing.requests().push(request)[0];
  const reaction = device.react(request, head?.kind === "junk" ? undefined : head?.head);
  if (reaction.kind === "unknown") return reaction.reply;
  return Buffer.concat(reaction.answers.map(({ bytes }) => bytes));
}

for (const protocol of PROTOCOLS) {
  test(`${protocol.name}: what was recorded is answered, under the ids of the new client`, () => {
    const keys = fc.uniqueArray(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(keys, fc.array(fc.nat(), { maxLength: 3 }), fc.boolean(), (asked, places, isKnown) => {
        const said = asked.flatMap((key, index): Said[] => {
          const request = protocol.request(key, 1 + index);
          const at = 1000 * index;
          return [
            ...cutAt(request, places).map((piece): Said => ["up", piece, at]),
            ...cutAt(protocol.answer(request), places).map((piece): Said => ["down", piece, at + 12]),
          ];
        });
        const isDetected = !isKnown && places.length === 0 && !["echo", "mpu", "iso8583"].includes(protocol.name);
        const script = only(recorded(isDetected ? undefined : protocol.name, said));
        assert.equal(script.protocol.framing.name, protocol.name);
        const device = new ReplayedDevice(script);
        for (const key of [...asked].reverse()) {
          const request = protocol.request(key, 77);
          const answer = answerOf(device, script, request);
          assert.ok(answer !== undefined);
          assert.equal(protocol.answerLength(answer), answer.length);
          assert.equal(protocol.meaning(answer), protocol.meaning(protocol.answer(request)));
          if (protocol.id !== undefined) assert.equal(protocol.id(answer), 77);
        }
      }),
      { numRuns: 15 },
    );
  });
}

const READ = (id: number, address = 0, unit = 1) => wrap("modbus", { id, unit, pdu: readPdu(address) });
const valueIn = (answer: Buffer | undefined): number => answer?.readUInt16BE(answer.length - 2) ?? -1;

function answer(id: number, value: number): Buffer {
  const pdu = Buffer.from([3, 2, value >> 8, value & 255]);
  return wrap("modbus", { id, unit: 1, pdu });
}

test("the same request gets its answers in their order, then the last one again; ids tell answers apart", () => {
  const said: Said[] = [
    ["up", Buffer.concat([READ(1), READ(2), READ(3, 9)]), 0],
    ["down", answer(2, 22), 5],
    ["down", answer(1, 11), 6],
    ["down", answer(3, 33), 7],
  ];
  const script = only(recorded("modbus", said));
  const device = new ReplayedDevice(script);
  assert.deepEqual(
    [1, 2, 3, 4].map((id) => valueIn(answerOf(device, script, READ(id)))),
    [11, 22, 22, 22],
  );
  assert.equal(valueIn(answerOf(device, script, READ(9, 9))), 33);
  assert.deepEqual(
    script.exchanges.map(({ answers }) => answers.map(({ afterMs }) => afterMs)),
    [[6], [5], [7]],
  );
});

test("what was not recorded gets the error of its protocol, or silence", () => {
  const script = only(
    recorded("modbus", [
      ["up", READ(1), 0],
      ["down", answer(1, 11), 1],
    ]),
  );
  const device = new ReplayedDevice(script);
  assert.equal(answerOf(device, script, READ(7, 5))?.toString("hex"), "000700000003" + "01830b");
  const lines = only(
    recorded("echo", [
      ["up", Buffer.from("a\n"), 0],
      ["down", Buffer.from("b\n"), 1],
    ]),
  );
  assert.equal(answerOf(new ReplayedDevice(lines), lines, Buffer.from("c\n")), undefined);
  const web = only(
    recorded("http", [
      ["up", Buffer.from("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), 0],
      ["down", Buffer.from("HTTP/1.1 204 No\r\n\r\n"), 1],
    ]),
  );
  const site = new ReplayedDevice(web);
  assert.match(String(answerOf(site, web, Buffer.from("GET /b HTTP/1.1\r\nHost: y\r\n\r\n"))), /^HTTP\/1\.1 504 /);
  assert.match(
    String(answerOf(site, web, Buffer.from("GET /a HTTP/1.1\r\nHost: y\r\nA: b\r\n\r\n"))),
    /^HTTP\/1\.1 204 /,
  );
});

test("telegrams that nobody asked for come at their times; many answers belong to one request", () => {
  const event = telegram("E14L00I02M");
  const ask = telegram("S0000000000F01D00");
  const replies = [telegram("R0020030837F01D"), telegram("R0020044966F01D")];
  const said: Said[] = [
    ["down", event, 500],
    ["up", ask, 1000],
    ["down", replies[0] ?? event, 1010],
    ["down", event, 1015],
    ["down", replies[1] ?? event, 1020],
    ["down", event, 4000],
  ];
  const script = only(recorded("conbus", said));
  const device = new ReplayedDevice(script);
  assert.deepEqual(
    device.unaskedFor(0).map(({ afterMs }) => afterMs),
    [0, 515, 3500],
  );
  assert.equal(device.unaskedFor(3).length, 3);
  assert.equal(answerOf(device, script, ask)?.toString(), replies.join(""));
});

test("bytes of the device that are no message stay, and so does its habit to close", () => {
  const request = wrap("modbus-serial", { id: 0, unit: 1, pdu: readPdu(0) });
  const right = wrap("modbus-serial", { id: 0, unit: 1, pdu: Buffer.from([3, 2, 0, 7]) });
  const wrong = Buffer.concat([right.subarray(0, -1), Buffer.of((right.at(-1) ?? 0) ^ 1)]);
  const said: Said[] = [
    ["up", request, 0],
    ["down", wrong, 9],
    ["end down", wrong, 10],
    ["end up", wrong, 11],
  ];
  const script = only(recorded("modbus-serial", said));
  const reaction = new ReplayedDevice(script).react(request, undefined);
  assert.ok(reaction.kind === "recorded");
  assert.ok(Buffer.concat(reaction.answers.map(({ bytes }) => bytes)).equals(wrong));
  assert.deepEqual(reaction.closes, { afterMs: 1, reset: false });
  const polite = only(
    recorded("modbus-serial", [
      ["up", request, 0],
      ["down", right, 9],
      ["end up", right, 10],
      ["end down", right, 11],
    ]),
  );
  assert.equal(polite.exchanges[0]?.closes, undefined);
});

test("a reset is recorded as one, and stands in place of the ends that it makes", () => {
  const recorder = new Recorder([]);
  const stream = { connection: "c", listener: 1, client: "a:1", server: "s:1", side: "relay" } as const;
  const tell = (event: ByteEvent): Entry[] => recorder.push({ kind: "event", epochMs: 5, stream, event });
  const open: ByteEvent = { kind: "open", joined: false, view: "line", transport: "tcp", from: "a:1", to: "s:1" };
  const events: ByteEvent[] = [
    ...[open, { kind: "bytes", direction: "up", bytes: Buffer.from("a\n") } as const],
    ...[{ kind: "end", direction: "up" } as const, { kind: "end", direction: "down" } as const],
    { kind: "connection", event: "DISCONNECT", text: "reset by remote (read ECONNRESET); 1 s" },
  ];
  const ends = [...events.flatMap(tell), ...recorder.finish()].filter(({ kind }) => kind === "end");
  assert.deepEqual(ends, [{ kind: "end", at: 0, connection: 1, who: "device", reset: true }]);
});

test("of the two sides of a shared device one is recorded: the device's, or that of the one client who was asked for", () => {
  const bytes: ByteEvent = { kind: "bytes", direction: "up", bytes: Buffer.from("a") };
  const seen = (left?: "client" | "server"): string[] => {
    const recorder = new Recorder([], undefined, left);
    return (["client", "server", "relay"] as const).filter((side) => {
      const stream = { connection: side, listener: 1, client: "a:1", server: "s:1", side };
      return recorder.push({ kind: "event", epochMs: 0, stream, event: bytes }).length > 0;
    });
  };
  assert.deepEqual(
    [seen(), seen("server")],
    [
      ["server", "relay"],
      ["client", "relay"],
    ],
  );
});

test("masked: lengths and checksums stay right, the same value looks the same, and the request is still known", () => {
  const serial = "SN1234567";
  const text = Buffer.from(`${serial}\0`);
  const pdu = Buffer.concat([Buffer.from([3, text.length]), text]);
  const checks: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
    modbus: () => true,
    "modbus-rtu": (bytes) => crc16(bytes.subarray(6, -2)).equals(bytes.subarray(-2)),
    "modbus-serial": (bytes) => crc16(bytes.subarray(0, -2)).equals(bytes.subarray(-2)),
    "modbus-ascii": (bytes) => {
      const inside = Buffer.from(bytes.toString("latin1", 1, bytes.length - 2), "hex");
      return lrc(inside.subarray(0, -1)).equals(inside.subarray(-1));
    },
  };
  for (const kind of MODBUS_KINDS) {
    const request = wrap(kind, { id: 1, unit: 1, pdu: readPdu(40, 5) });
    const device = wrap(kind, { id: 1, unit: 1, pdu });
    for (const mask of [serial, "registers:40-44", "/SN[0-9]+/", `hex:${Buffer.from(serial).toString("hex")}`]) {
      const [, , found] = recorded(
        kind,
        [
          ["up", request, 0],
          ["down", device, 1],
        ],
        [mask],
      );
      assert.ok(found?.kind === "message");
      assert.equal(found.bytes.length, device.length);
      assert.equal(checks[kind]?.(found.bytes), true, `${kind} ${mask}`);
      const shown = kind === "modbus-ascii" ? Buffer.from(found.bytes.toString("latin1", 1), "hex") : found.bytes;
      assert.ok(shown.includes("XX0000001"), `${kind} ${mask}: ${shown}`);
      assert.ok(!JSON.stringify(found).includes("1234567"));
    }
  }
  const ask = telegram("S0020030837F02D18");
  const reply = telegram("R0020030837F02D18+26,0");
  const entries = recorded(
    "conbus",
    [
      ["up", ask, 0],
      ["down", reply, 1],
    ],
    ["/00200\\d{5}/"],
  );
  const [, asked, told] = entries;
  assert.ok(asked?.kind === "message" && told?.kind === "message");
  assert.ok(asked.bytes.equals(telegram("S0000000001F02D18")));
  assert.ok(told.bytes.equals(telegram("R0000000001F02D18+26,0")));
  const script = only(entries);
  assert.ok(answerOf(new ReplayedDevice(script), script, ask)?.equals(told.bytes));
});

test("masked: the number of a logger, passwords of HTTP", () => {
  const request = solarman.request(300, 5);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(LOGGER);
  const said: Said[] = [
    ["up", request, 0],
    ["down", solarman.answer(request), 1],
  ];
  const entries = recorded("solarman", said, [`0x${number.toString("hex")}`]);
  for (const entry of entries) {
    if (entry.kind !== "message") continue;
    assert.ok(!entry.bytes.includes(number));
    const sum = entry.bytes.subarray(1, -2).reduce((one, other) => one + other, 0);
    assert.equal(entry.bytes.at(-2), sum & 0xff);
  }
  const script = only(entries);
  const again = solarman.request(300, 9);
  assert.equal(answerOf(new ReplayedDevice(script), script, again)?.[5], 9);
  const login = "POST /in HTTP/1.1\r\nAuthorization: Basic abcd\r\nContent-Length: 22\r\n\r\nuser=me&password=secret";
  const web = recorded("http", [["up", Buffer.from(login), 0]], ["passwords"]);
  const shown = web.flatMap((entry) => (entry.kind === "message" ? [entry.bytes.toString()] : [])).join("");
  assert.doesNotMatch(shown, /abcd|secre/);
  assert.match(shown, /^POST \/in HTTP\/1\.1\r\nAuthorization: /);
});

/** What a recording holds of one direction, put together again. */
function passed(entries: readonly Entry[], who: "client" | "device"): string {
  const bytes = entries.flatMap((entry) => (entry.kind === "message" && entry.who === who ? [entry.bytes] : []));
  return Buffer.concat(bytes).toString("latin1");
}

test("masked: a secret that comes in pieces, or is written in any usual way", () => {
  const pieces = (text: string): Said[] => text.split("").map((byte) => ["up", Buffer.from(byte), 0]);
  const said = passed(recorded("raw", pieces("say Sesame4 twice"), ["Sesame4"]), "client");
  assert.match(said, /^say S[ax]{5}\d twice$/);
  const written = [
    '{"password":"@1,b&c d"}',
    '{"password" : "@1,b&c d"}',
    '{"a":"{\\"password\\":\\"@1,b&c"}',
    "<s:Password type='x'>@1,b&c d</s:Password>",
    "api_key: '@1,b&c d'",
  ];
  for (const text of written) {
    const head = `POST / HTTP/1.1\r\nContent-Length: ${text.length}\r\n\r\n`;
    const kept = passed(recorded("http", pieces(head + text), ["passwords"]), "client");
    assert.doesNotMatch(kept, /@|b&|&c|c d/, kept);
    assert.equal(kept.length, head.length + text.length);
  }
});

test("masked registers: in every function that has them, in answers to unknown requests, and in broken messages", () => {
  const hex = (text: string): Buffer => Buffer.from(text, "hex");
  const secret = hex("dead");
  const up = (pdu: string): Said => ["up", wrap("modbus-serial", { id: 0, unit: 1, pdu: hex(pdu) }), 0];
  const down = (pdu: string): Said => ["down", wrap("modbus-serial", { id: 0, unit: 1, pdu: hex(pdu) }), 1];
  const broken = Buffer.concat([hex("010304dead1234"), hex("0000")]);
  const table: Readonly<Record<string, readonly Said[]>> = {
    "mask write": [up("160028deadbeef"), down("160028deadbeef")],
    "read and write": [up("17002700020028000102dead"), down("17040001dead")],
    "an answer whose request was not seen": [down("0304deaddead")],
    "an answer of another length": [up("0300270001"), down("03040001dead")],
    "a wrong checksum": [up("0300280002"), ["down", broken, 1]],
  };
  for (const [what, said] of Object.entries(table)) {
    const kept = recorded("modbus-serial", said, ["registers:40"]);
    assert.ok(!kept.some((entry) => entry.kind === "message" && entry.bytes.includes(secret)), what);
    assert.equal(passed(kept, "device").length, said.filter(([who]) => who === "down")[0]?.[1].length, what);
  }
});

test("a file that is no recording is refused, and the message names the line", () => {
  const head = recordingHead("2026", "x");
  const table: [string, RegExp][] = [
    ["", /line 1: this is no recording/],
    ["{}", /line 1: this is no recording/],
    ['{"recording":2}', /line 1: the recording has format 2; this version reads 1/],
    [`${head}\nx`, /line 2: this is no entry/],
    [`${head}\n{"at":0,"missing":3}\n{"at":1,"connection":1,"who":"client","bytes":"0"}`, /line 3: /],
    [`${head}\n{"at":1,"connection":1,"who":"nobody","bytes":"00"}`, /line 2: /],
    [`${head}\n{"at":1,"event":"open","connection":1,"protocol":"morse"}`, /line 2: /],
  ];
  for (const [text, message] of table) {
    const read = readRecording(text);
    assert.ok(!read.ok);
    assert.match(read.message, message);
  }
  assert.equal(protocolNamed("echo", "cr")?.framing.name, "echo");
  for (const text of ["", "hex:0", "registers:9-3", "registers:70000", "/(/"])
    assert.equal(parseMask(text).ok, false, text);
});
