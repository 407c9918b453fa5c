import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cut } from "#src/core/framing/framing.js";
import { httpProtocol } from "#src/core/mux/protocols/http-protocol.js";
import { leastCpuMilliseconds } from "../../support/cpu.js";

const [SHORT, LONG] = [7500, 60_000]; // characters; a head may have 65,536 bytes
const MOST_GROWTH = 24; // times the time, for eight times the length
const FLOOR_MS = 1;

/** The same over and over, about so many characters of it. */
function much(piece: string, length: number): string {
  return piece.repeat(length / piece.length);
}

const HEADS: Readonly<Record<string, (length: number) => string>> = {
  "blanks in Connection": (length) => `Connection: a${much(" ", length)}b\r\n`,
  "commas in Connection": (length) => `Connection: ${much(",", length)}\r\n`,
  "names in Connection": (length) => `Connection: ${much("a ,", length)}\r\n`,
  "many lines of Connection": (length) => much("Connection: a\r\n", length),
  "many lines of Content-Length": (length) => much("Content-Length: 0\r\n", length),
  "many lines of Transfer-Encoding": (length) => much("Transfer-Encoding: chunked\r\n", length),
  "many lines of Expect": (length) => much("Expect: 100-continue\r\n", length),
  "many lines of nothing": (length) => much("a:\r\n", length),
  "a long value that ends in blanks": (length) => `X: a${much(" \t", length)}\r\n`,
  "a long name": (length) => `${much("a", length)}: b\r\n`,
};

/** Reads a message, and makes of it what goes to the other side. */
function read(kind: "requests" | "answers", text: string, step: number): void {
  const bytes = Buffer.from(text, "latin1");
  const framing = httpProtocol.framing[kind]();
  const cuts: Cut[] = [];
  for (let at = 0; at < bytes.length; at += step) cuts.push(...framing.push(bytes.subarray(at, at + step)));
  for (const cut of cuts) {
    if (cut.kind === "junk" || cut.head === undefined) continue;
    if (kind === "requests") httpProtocol.interpret(cut.bytes, cut.head, "pass");
    else httpProtocol.forClient(cut, { bytes, reads: true });
  }
}

for (const kind of ["requests", "answers"] as const) {
  const begin = kind === "requests" ? "GET / HTTP/1.1\r\n" : "HTTP/1.1 200 OK\r\n";
  for (const [what, head] of Object.entries(HEADS)) {
    for (const step of [10, Number.POSITIVE_INFINITY]) {
      test(`http ${kind}: ${what}, ${step} bytes at a time: the time grows as the length does`, () => {
        const timeOf = (length: number) => leastCpuMilliseconds(() => read(kind, `${begin}${head(length)}\r\n`, step));
        timeOf(LONG); // compiled
        const [short, long] = [timeOf(SHORT), timeOf(LONG)];
        assert.ok(long <= MOST_GROWTH * Math.max(short, FLOOR_MS), `${short} ms, then ${long} ms`);
      });
    }
  }
}
