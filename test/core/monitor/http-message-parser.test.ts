import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpConversation } from "#src/core/monitor/http-conversation.js";
import { httpView } from "#src/core/monitor/views/http-view.js";
import { bytes } from "../framing/run.js";
import { texts, watch } from "./run.js";

/**
 * What a connection shows; `>` before what the client sends, `<` before what the server does. At the end both close. The same
 * must be shown when each part comes a byte at a time.
 */
function conversation(...parts: readonly (readonly [">" | "<", string])[]): string[] {
  const shown = [false, true].map((single) => {
    const parsers = httpView.createParsers();
    const lines: string[] = [];
    const show = (way: ">" | "<", chunks: readonly Buffer[], end: boolean): void => {
      const parser = way === ">" ? parsers.up : parsers.down;
      const open = { push: (chunk: Buffer) => parser.push(chunk), end: () => (end ? parser.end() : []) };
      const seen = watch(httpView, open, chunks, way === ">" ? "up" : "down");
      lines.push(...texts(seen).map((text) => `${way} ${text}`));
    };
    for (const [way, text] of parts) {
      const input = bytes(text);
      show(way, single ? Array.from(input, (byte) => Buffer.of(byte)) : [input], false);
    }
    show(">", [], true);
    show("<", [], true);
    return lines;
  });
  const withoutJunk = (lines: readonly string[] | undefined): unknown =>
    lines?.filter((line) => !line.includes(" !! ") || line.includes("body"));
  assert.deepEqual(withoutJunk(shown[1]), withoutJunk(shown[0]));
  return shown[0] ?? [];
}

const GET = "GET / HTTP/1.1\r\nHost: hub\r\n\r\n";
const UPGRADE = "GET /s HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
const UPGRADE_SEEN = "> GET /s HTTP/1.1 | Connection: Upgrade | Upgrade: x";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const OK_SEEN = ["< HTTP/1.1 200 OK | Content-Length: 2", "< body, 2 bytes: ok"];
const SWITCHED = "< another protocol from here on";
const ANOTHER = "!! HTTP: another protocol since CONNECT or Upgrade";

test("heads in one line, bodies behind them", () => {
  const post = "\r\nPOST /x HTTP/1.1\r\nHost: hub\r\nX:\ta\\b \x1b\r\nContent-Length: 7\r\n\r\na\r\nb\x00cd";
  assert.deepEqual(conversation([">", post], ["<", OK], [">", GET], ["<", "HTTP/1.1 204\r\n\r\n"]), [
    "> POST /x HTTP/1.1 | Host: hub | X:\\ta\\\\b \\x1b | Content-Length: 7",
    "> body, 7 bytes: a\\r\\nb\\x00cd",
    ...OK_SEEN,
    "> GET / HTTP/1.1 | Host: hub",
    "< HTTP/1.1 204",
  ]);
});

test("only the start of a long body shows, and of a long head", () => {
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 5120\r\n\r\n${"a".repeat(256)}${"b".repeat(4864)}`;
  const head = `GET /${"x".repeat(3000)} HTTP/1.1\r\n\r\n`;
  assert.deepEqual(conversation([">", head], ["<", answer]), [
    `> GET /${"x".repeat(2043)}… (${head.length} bytes)`,
    "< HTTP/1.1 200 OK | Content-Length: 5120",
    `< body, 5120 bytes: ${"a".repeat(256)}`,
  ]);
});

test("a body in chunks is one message, sizes included; one until the end too", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
  assert.deepEqual(conversation([">", GET + GET], ["<", `${chunked}HTTP/1.0 200 OK\r\n\r\nall`]), [
    "> GET / HTTP/1.1 | Host: hub",
    "> GET / HTTP/1.1 | Host: hub",
    "< HTTP/1.1 200 OK | Transfer-Encoding: chunked",
    "< body, 18 bytes: 2\\r\\nab\\r\\n1\\r\\nc\\r\\n0\\r\\n\\r\\n",
    "< HTTP/1.0 200 OK",
    "< body, 3 bytes: all",
  ]);
});

test("an answer to HEAD has no body, also among others and behind an interim one", () => {
  const head = "HEAD / HTTP/1.1\r\n\r\n";
  const headed = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  const interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const seen = conversation([">", GET + head + GET + head], ["<", OK + interim + headed + OK + headed]);
  assert.deepEqual(
    seen.filter((line) => line.startsWith("<")),
    [
      ...OK_SEEN,
      "< HTTP/1.1 100 Continue",
      "< HTTP/1.1 200 OK | Content-Length: 9",
      ...OK_SEEN,
      "< HTTP/1.1 200 OK | Content-Length: 9",
    ],
  );
});

test("behind 101 both directions are another protocol", () => {
  const agreed = "HTTP/1.1 101 Switching\r\n\r\n";
  assert.deepEqual(conversation([">", UPGRADE], ["<", `${agreed}\x81\x00`], [">", GET], ["<", "\x82"]), [
    UPGRADE_SEEN,
    "< HTTP/1.1 101 Switching",
    SWITCHED,
    `< \\x81\\x00 ${ANOTHER}`,
    `> GET / HTTP/1.1\\r\\nHost: hub\\r\\n\\r\\n ${ANOTHER}`,
    `< \\x82 ${ANOTHER}`,
  ]);
});

test("an upgrade that is not taken up changes nothing", () => {
  assert.deepEqual(conversation([">", UPGRADE], ["<", OK], [">", GET], ["<", OK]), [
    UPGRADE_SEEN,
    ...OK_SEEN,
    "> GET / HTTP/1.1 | Host: hub",
    ...OK_SEEN,
  ]);
});

test("CONNECT: refused, asked again, and a tunnel", () => {
  const connect = "CONNECT a:1 HTTP/1.1\r\n\r\n";
  const refused = "HTTP/1.1 407 Who\r\nContent-Length: 2\r\n\r\nno";
  const agreed = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
  assert.deepEqual(conversation([">", connect], ["<", refused], [">", connect], ["<", agreed], [">", "\x16\x03"]), [
    "> CONNECT a:1 HTTP/1.1",
    "< HTTP/1.1 407 Who | Content-Length: 2",
    "< body, 2 bytes: no",
    "> CONNECT a:1 HTTP/1.1",
    "< HTTP/1.1 200 OK | Content-Length: 9",
    SWITCHED,
    `> \\x16\\x03 ${ANOTHER}`,
  ]);
});

test("bytes that had begun when the protocol changed are not lost", () => {
  const post = "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc";
  const agreed = "HTTP/1.1 101 Switching\r\n\r\n";
  assert.deepEqual(conversation([">", `${UPGRADE}GE`], ["<", agreed], [">", "T"]), [
    UPGRADE_SEEN,
    "< HTTP/1.1 101 Switching",
    SWITCHED,
    "> GE !! HTTP: the stream ended after 2 bytes of a head",
    `> T ${ANOTHER}`,
  ]);
  assert.deepEqual(conversation([">", UPGRADE + post], ["<", agreed], [">", "def"]), [
    UPGRADE_SEEN,
    "> POST / HTTP/1.1 | Content-Length: 9",
    "< HTTP/1.1 101 Switching",
    SWITCHED,
    "> body, 3 bytes: abc !! HTTP: a body without its end",
    `> def ${ANOTHER}`,
  ]);
});

test("bodies without their end, and what is no HTTP", () => {
  const half = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXYZ";
  assert.deepEqual(conversation([">", "HELLO\r\n"], ["<", half]), [
    '> HELLO\\r\\n !! HTTP: a line such as GET / HTTP/1.1 is wanted, not "HELLO"',
    "< HTTP/1.1 200 OK | Transfer-Encoding: chunked",
    "< body, 7 bytes: 2\\r\\nabXY !! HTTP: a body without its end",
    "< Z !! HTTP: line behind a chunk of more than 2 bytes",
  ]);
});

test("a fault quotes a bounded, printable text", () => {
  const [line = ""] = conversation([">", `GET / HTTP/1.1\r\nContent-Length: \x1b${"9".repeat(5000)}\r\n\r\n`]);
  assert.match(line, / !! HTTP: Content-Length "\?9{30,}…": a number of bytes is wanted$/);
  assert.ok(line.length < 2048 + 300);
});

test("methods: of too many requests that wait, the last are unknown, and none is taken for another", () => {
  const shared = new HttpConversation();
  for (let n = 0; n < 256; n += 1) shared.requestSeen(`M${n}`);
  for (let n = 0; n < 44; n += 1) shared.requestSeen("HEAD");
  assert.equal(shared.responseSeen(), "M0");
  shared.requestSeen("HEAD"); // there is room, but others are before it
  for (let n = 1; n < 256; n += 1) assert.equal(shared.responseSeen(), `M${n}`);
  for (let n = 0; n < 45; n += 1) {
    if (n === 20) shared.requestSeen("HEAD");
    assert.equal(shared.responseSeen(), undefined);
  }
  assert.equal(shared.responseSeen(), undefined); // the one that came meanwhile
  shared.requestSeen("LAST");
  assert.equal(shared.responseSeen(), "LAST");
  assert.equal(shared.responseSeen(), undefined);
});
