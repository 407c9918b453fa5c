import assert from "node:assert/strict";
import { test } from "node:test";
import type { ByteEvent, ByteLine, Side } from "#src/core/monitor/byte-event.js";
import { type Exchange, Exchanges } from "#src/core/monitor/exchanges.js";
import { ShortLines } from "#src/core/monitor/short-line.js";
import { findView } from "#src/core/monitor/views/views.js";
import { telegram } from "../../support/conbus.js";

const CLIENT = "192.168.1.7:54222";
const READ = "000100000006010300000002";
const ANSWER = "000100000007010304001f002a";

function line(event: ByteEvent, epochMs = 0, side: Side = "relay"): ByteLine {
  const stream = { connection: "c1", listener: 5020, client: CLIENT, server: "s:1", side };
  return { kind: "event", epochMs, stream, event };
}

function open(view: string, protocol?: string): ByteLine {
  const known = protocol === undefined ? {} : { protocol };
  return line({ kind: "open", joined: false, view, transport: "tcp", from: CLIENT, to: "s:1", ...known });
}

function said(direction: "up" | "down", text: string, epochMs: number, side?: Side): ByteLine {
  const bytes = /^[0-9a-f]+$/.test(text) ? Buffer.from(text, "hex") : Buffer.from(text, "latin1");
  return line({ kind: "bytes", direction, bytes }, epochMs, side);
}

/** The lines of exchanges, without what the terminal adds. */
function shown(exchanges: readonly Exchange[], width?: number): string[] {
  const lines = new ShortLines(() => width, false);
  return exchanges.map((exchange) => {
    const { time, client, text, isWrong } = lines.lineOf(exchange, exchange.epochMs === 0 ? "" : "14:32:15");
    return `${[time, client, text].filter(Boolean).join(" ")}${isWrong ? " !" : ""}`;
  });
}

function exchangesOf(lines: readonly ByteLine[], asked?: string): string[] {
  const exchanges = new Exchanges(asked === undefined ? undefined : findView(asked));
  return shown(lines.flatMap((each) => exchanges.push(each)));
}

test("a line for each request and its answer, decoded once", () => {
  const who = `14:32:15 ${CLIENT}`;
  const table: [string, ByteLine[], string[]][] = [
    [
      "Modbus/TCP",
      [open("modbus"), said("up", READ, 5), said("down", ANSWER, 17)],
      [`${who} unit 1 read holding registers 0-1 → 31 42  12 ms`],
    ],
    [
      "a refusal",
      [open("modbus"), said("up", READ, 5), said("down", "000100000003018302", 6)],
      [`${who} unit 1 read holding registers 0-1 → ✗ illegal data address  1 ms !`],
    ],
    [
      "answers in another order",
      [
        open("modbus"),
        said("up", READ + READ.replace(/^0001/, "0002"), 1),
        said("down", ANSWER.replace(/^0001/, "0002"), 2),
      ],
      [`${who} unit 1 read holding registers 0-1 → 31 42  1 ms`],
    ],
    [
      "RTU frames of a shared device, which have no view",
      [open("hex", "modbus-serial"), said("up", "010600010003980b", 1), said("down", "010600010003980b", 3)],
      [`${who} unit 1 write single register 1, value 3 → confirmed  2 ms`],
    ],
    [
      "Conbus: an event answers nothing",
      [
        open("conbus"),
        said("up", telegram("S0020030837F02D18"), 1),
        said("down", telegram("E14L00I02M"), 2),
        said("down", "<R0020030837F02D18+26,0AA>", 9),
      ],
      [
        `${who} ← event, module type 14, link 00, input 02, make`,
        `${who} system, serial number 0020030837, read datapoint, datapoint 18 → reply, +26,0 ✗ checksum AA`,
      ],
    ],
    [
      "nothing but the first bytes tells the protocol",
      [open("hex"), said("up", READ, 5), said("down", ANSWER, 6)],
      [`${who} unit 1 read holding registers 0-1 → 31 42  1 ms`],
    ],
    ["text", [open("hex"), said("up", "GET x\r\n", 1), said("down", "00ff", 2)], [`${who} GET x\\r\\n → 00 ff  1 ms`]],
    [
      "HTTP",
      [
        open("http"),
        said("up", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
        said("down", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 4),
      ],
      [`${who} GET / HTTP/1.1 → HTTP/1.1 200 OK  3 ms`],
    ],
    ["the other side of a shared device is not shown again", [said("up", READ, 1, "server")], []],
    [
      "no answer before the end",
      [open("modbus"), said("up", READ, 5), line({ kind: "connection", event: "DISCONNECT", text: "by client" }, 9)],
      [`${who} unit 1 read holding registers 0-1 → no answer !`, `${who} disconnect by client`],
    ],
    ["a gap", [{ kind: "gap", missing: 3 }], ["… 3 messages not shown !"]],
  ];
  for (const [name, lines, expected] of table) {
    const found = exchangesOf(lines).map((each) => each.replace(/(✗ checksum AA).*$/, "$1"));
    assert.deepEqual(found, expected, name);
  }
});

test("--as shows a connection that has no view of its own; the beginning may have been missed", () => {
  const [found] = exchangesOf([said("up", READ, 5), said("down", ANSWER, 6)], "modbus");
  assert.match(found ?? "", /read holding registers 0-1 → 31 42/);
});

test("a request that waits too long is told once, and its answer still comes", () => {
  const exchanges = new Exchanges(undefined);
  for (const each of [open("modbus"), said("up", READ, 1000)]) exchanges.push(each);
  assert.deepEqual(exchanges.overdue(5999), []);
  assert.match(shown(exchanges.overdue(6000)).join(), /→ no answer for 5 s !$/);
  assert.deepEqual(exchanges.overdue(9000), []);
  assert.match(shown(exchanges.push(said("down", ANSWER, 9000))).join(), /→ 31 42 {2}8000 ms$/);
});

test("a line fits the terminal: what is long is cut, the time stays", () => {
  const request = "read ".repeat(20);
  const answer = "value ".repeat(20);
  const exchange: Exchange = { epochMs: 1, client: CLIENT, connection: "c", request, answer, ms: 12 };
  for (const width of [60, 80, 100, 200]) {
    const [found = ""] = shown([exchange], width);
    assert.ok(found.length <= width, `${found.length} of ${width}`);
    assert.match(found, /→ .*… {2}12 ms$/);
    assert.equal(found.includes(":54222"), width > 100);
  }
});
