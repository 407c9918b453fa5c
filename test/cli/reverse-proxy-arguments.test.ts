import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReverseProxyArguments, type ReverseProxyArguments } from "#src/cli/reverse-proxy-arguments.js";

/** The settings that a command line starts with. */
function start(...argv: string[]) {
  const parsed = parseReverseProxyArguments(["start", ...argv]);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
  if (parsed.value.kind !== "start") assert.fail(parsed.value.kind);
  return parsed.value;
}

const WORDS = ["MONI=conbus", "RTRY=0.5", "FAIL=reset", "HALF=5"];

test("start without arguments has the defaults of the original", () => {
  assert.deepEqual(start(), {
    kind: "start",
    port: 10001,
    config: "cli.yml",
    alertUrl: "",
    words: [...WORDS, "IDLE=30"],
  });
});

test("every flag sets its option; KEY=value comes last and overrides it", () => {
  const text =
    "--port 10002 --config bus.yml --log audit.log --idle 0 --decode --id --alert http://hub/x RATE=10/s IDLE=5";
  assert.deepEqual(start(...text.split(" ")), {
    kind: "start",
    port: 10002,
    config: "bus.yml",
    alertUrl: "http://hub/x",
    words: [...WORDS, "IDLE=0", "MONF=id,decode", "MONL=audit.log", "RATE=10/s", "IDLE=5"],
  });
});

test("a file name with blanks in it is one name", () => {
  assert.ok(start("--log", "the audit.log").words.includes("MONL=the audit.log"));
});

test("options may stand before the words and behind them", () => {
  assert.deepEqual(start("PRTO=tls", "--port", "5", "TLSV=0"), { ...start("--port=5", "PRTO=tls", "TLSV=0") });
});

const running: [string, ReverseProxyArguments][] = [
  ["stop", { kind: "stop", port: 10001 }],
  ["stop --port 5", { kind: "stop", port: 5 }],
  ["status", { kind: "status" }],
  ["status --port 5", { kind: "status", port: 5 }],
  ["status --json", { kind: "status", form: "json" }],
  ["--text status", { kind: "status", form: "text" }],
];
for (const [line, value] of running) {
  test(line, () => assert.deepEqual(parseReverseProxyArguments(line.split(" ")), { ok: true, value }));
}

const wrong: [string, RegExp][] = [
  ["", /^start, stop or status is wanted/],
  ["restart", /unknown command "restart"/],
  ["start 10001", /unexpected argument "10001"/],
  ["start more", /unexpected argument "more"/],
  ["start =x", /unexpected argument "=x"/],
  ["start FOO=1", /unknown option "FOO"/],
  ["start BALA=best", /bad BALA "best"/],
  ["start TLSV=0", /TLSV, TLSN, TLSM and TLSL go with PRTO=tls/],
  ["start -x", /unknown option -x/],
  ["start --nope 1", /unknown option --nope/],
  ["start --port 0", /--port: bad port "0"/],
  ["start --port 99999", /--port: bad port "99999"/],
  ["start --port", /--port wants one value/],
  ["start --port 1 --port 2", /--port wants one value/],
  ["start --no-port", /--port wants one value/],
  ["start --idle x", /bad --idle "x": a time is wanted/],
  ["start --idle -1", /--idle|unknown option/],
  ["start --config=", /--config wants one value/],
  ["start --alert ftp://x", /--alert: bad URL/],
  ["status more", /unexpected argument "more"/],
  ["status --decode", /--decode goes with start/],
  ["status --json --text", /--json or --text: one of them is enough/],
  ["stop --json", /--json goes with status/],
  ["start --text", /--text goes with status/],
  ["stop --config x", /--config goes with start/],
];
for (const [text, message] of wrong) {
  test(`"${text}" is refused`, () => {
    const parsed = parseReverseProxyArguments(text.split(" ").filter(Boolean));
    assert.ok(!parsed.ok, JSON.stringify(parsed));
    assert.match(parsed.message, message);
  });
}

test("--help at any place, in lines that fit", () => {
  for (const text of ["--help", "-h", "start --help", "status -h"]) {
    assert.deepEqual(parseReverseProxyArguments(text.split(" ")), { ok: true, value: { kind: "help" } });
  }
});
