import assert from "node:assert/strict";
import { test } from "node:test";
import { MUX_LIST, parseMuxArguments } from "#src/cli/mux-arguments.js";

/** The mux line of a command line. */
function serve(text: string) {
  const parsed = parseMuxArguments(text.split(" ").filter(Boolean));
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
  if (parsed.value.kind !== "serve") assert.fail(parsed.value.kind);
  return parsed.value;
}

test("the command lines of the original programs, with the name of the program changed", () => {
  const { ip, line, debug } = serve("server -p modbus -t 192.168.1.22:1502 -l 5020 -v --max-connections 2");
  assert.deepEqual([ip, line.port, debug], ["*", 5020, true]);
  assert.deepEqual(line.route.target, { host: "192.168.1.22", port: 1502 });
  assert.equal(line.route.mux.protocol.framing.name, "modbus");
  assert.equal(line.route.mux.pool, 2);
});

test("the defaults are those of the original programs", () => {
  const { ip, line, debug } = serve("");
  assert.deepEqual([ip, line.port, debug], ["*", 8000, false]);
  assert.deepEqual(line.route.target, { host: "127.0.0.1", port: 1234 });
  assert.equal(line.route.mux.protocol.framing.name, "echo");
});

test("every flag sets its option", () => {
  const { line } = serve(
    "--applicationProtocol=http --targetServer=backend.example.com:80 --listen=8080 --timeout 5 --delay 500ms" +
      " --reconnect-backoff 2s --health-check-interval 60s --queue-size 7 -d",
  );
  const { timeoutMs, delayMs, retryMs, healthMs, queue } = line.route.mux;
  assert.deepEqual([timeoutMs, delayMs, retryMs, healthMs, queue], [5000, 500, 2000, 60_000, 7]);
  assert.equal(serve("--retry-delay 3s").line.route.mux.retryMs, 3000);
});

const listens: [string, string, number][] = [
  ["8000", "*", 8000],
  [":8000", "*", 8000],
  ["0.0.0.0:8000", "*", 8000],
  ["127.0.0.1:8000", "127.0.0.1", 8000],
  ["[::1]:8000", "::1", 8000],
];
for (const [text, ip, port] of listens) {
  test(`-l ${text} listens on ${ip}, port ${port}`, () => {
    const found = serve(`-l ${text}`);
    assert.deepEqual([found.ip, found.line.port], [ip, port]);
  });
}

const wrong: [string, RegExp][] = [
  ["-x", /unknown option -x/],
  ["--nope 1", /unknown option --nope/],
  ["start", /unknown command "start"/],
  ["server more", /unexpected argument "more"/],
  ["-p foo", /bad --applicationProtocol "foo"/],
  ["-p raw", /^--applicationProtocol raw goes with mode=broadcast: only a section/],
  ["-t nowhere", /bad target|port/],
  ["-l 99999", /port/],
  ["--timeout 0", /bad --timeout "0"/],
  ["--timeout x", /bad --timeout "x": a time is wanted/],
  ["--max-connections 0", /bad --max-connections "0"/],
  ["--max-connections 65", /bad --max-connections "65"/],
  ["-l x", /bad --listen "x": port or address:port is wanted/],
  ["-p", /--applicationProtocol wants one value/],
  ["-p echo -p http", /--applicationProtocol wants one value/],
];
for (const [text, message] of wrong) {
  test(`"${text}" is refused`, () => {
    const parsed = parseMuxArguments(text.split(" "));
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}

test("list and help", () => {
  for (const [text, kind] of [
    ["list", "list"],
    ["--help", "help"],
    ["-h", "help"],
  ] as const) {
    const parsed = parseMuxArguments([text]);
    assert.ok(parsed.ok && parsed.value.kind === kind);
  }
  for (const name of ["echo", "http", "iso8583", "modbus", "mpu"]) assert.ok(MUX_LIST.includes(`* ${name}\n`));
});
