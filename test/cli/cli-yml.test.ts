import assert from "node:assert/strict";
import { test } from "node:test";
import { CONBUS_FALLBACK, parseCliYml } from "#src/cli/cli-yml.js";
import { formatHostPort } from "#src/core/net/address.js";

/** The settings of a text, as `servers timeoutMs`. */
function read(text: string | undefined): { found: string; warnings: readonly string[] } {
  const parsed = parseCliYml(text, "cli.yml");
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.message);
  const { servers, timeoutMs, warnings } = parsed.value;
  return { found: `${servers.map(formatHostPort).join(",")} ${timeoutMs}`, warnings };
}

/** A file with these lines in its mapping `conbus`. */
function conbus(...lines: string[]): string {
  return `conbus:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

const PORT = "port: 10001";
const TIME = "timeout: 10";

const good: [string, string, string][] = [
  ["the original example", conbus("ip: 10.0.3.162", PORT, TIME), "10.0.3.162:10001 10000"],
  ["digit strings", conbus("ip: '10.0.3.7'", 'port: "10002"', "timeout: ' 5 '"), "10.0.3.7:10002 5000"],
  ["fractions of a second", conbus("ip: a", PORT, "timeout: 2.5"), "a:10001 2500"],
  ["the shortest time", conbus("ip: a", PORT, "timeout: 0.0001"), "a:10001 1"],
  ["the longest time", conbus("ip: a", PORT, "timeout: 600"), "a:10001 600000"],
  ["an integer with a point", conbus("ip: a", "port: 10001.0", TIME), "a:10001 10000"],
  ["a name", conbus("ip: bus.example.com", PORT, TIME), "bus.example.com:10001 10000"],
  ["IPv6", conbus("ip: fe80::1", PORT, TIME), "[fe80::1]:10001 10000"],
  ["IPv6 in brackets", conbus("ip: '[::1]'", PORT, TIME), "[::1]:10001 10000"],
  ["IPv6 with a port", conbus("ip: '[::1]:5'", TIME), "[::1]:5 10000"],
  ["a port of its own", conbus("ip: a:5", PORT, TIME), "a:5 10000"],
  ["a port of its own, and none else", conbus("ip: a:5", TIME), "a:5 10000"],
  ["several with commas", conbus("ip: a, b:5 ,c", PORT, TIME), "a:10001,b:5,c:10001 10000"],
  ["several as a list", conbus("ip: [a, 'b:5']", PORT, TIME), "a:10001,b:5 10000"],
  ["a list of lines", conbus("ip:", "  - a", "  - b:5", PORT, TIME), "a:10001,b:5 10000"],
  ["other programs' keys", `homekit: !secret {a: [1]}\n${conbus("ip: a", "more: 1", PORT, TIME)}`, "a:10001 10000"],
  ["CRLF", conbus("ip: a", PORT, TIME).replaceAll("\n", "\r\n"), "a:10001 10000"],
  ["a BOM", `\uFEFF${conbus("ip: a", PORT, TIME)}`, "a:10001 10000"],
  ["JSON", '{"conbus": {"ip": "a", "port": 10001, "timeout": 10}}', "a:10001 10000"],
  ["an alias", `x: &x {ip: a, port: 10001, timeout: 10}\nconbus: *x\n`, "a:10001 10000"],
  ["a merge", `x: &x {ip: a, port: 1, timeout: 10}\n${conbus("<<: *x", PORT)}`, "a:10001 10000"],
  ["aliases without end elsewhere", `${bomb("x")}${conbus("ip: a", PORT, TIME)}`, "a:10001 10000"],
];
for (const [what, text, found] of good) {
  test(`cli.yml with ${what}`, () => assert.deepEqual(read(text), { found, warnings: [] }));
}

/** Aliases of aliases: a hundred million of them in a few lines. */
function bomb(key: string): string {
  const levels = Array.from({ length: 8 }, (_, level) => {
    const item = level === 0 ? "1" : `*a${level - 1}`;
    return `${level === 7 ? key : `k${level}`}: &a${level} [${Array(10).fill(item).join(",")}]\n`;
  });
  return levels.join("");
}

const FALLBACK = "10.0.3.162:10001 10000";
const ALL = "conbus.ip 10.0.3.162, conbus.port 10001 and conbus.timeout 10 are used";

const fallbacks: [string, string | undefined, string, string[]][] = [
  ["no file", undefined, FALLBACK, [`cli.yml: no such file; ${ALL}`]],
  ["an empty file", "", FALLBACK, [`cli.yml: conbus is missing; ${ALL}`]],
  ["comments alone", "# nothing\n", FALLBACK, [`cli.yml: conbus is missing; ${ALL}`]],
  ["other keys alone", "a: 1\n", FALLBACK, [`cli.yml: conbus is missing; ${ALL}`]],
  ["an empty conbus", "conbus:\n", FALLBACK, [`cli.yml: conbus is missing; ${ALL}`]],
  ["no ip", conbus("port: 5", TIME), "10.0.3.162:5 10000", ["cli.yml: conbus.ip is missing; 10.0.3.162 is used"]],
  ["no port", conbus("ip: a", TIME), "a:10001 10000", ["cli.yml: conbus.port is missing; 10001 is used"]],
  ["no timeout", conbus("ip: a", PORT), "a:10001 10000", ["cli.yml: conbus.timeout is missing; 10 is used"]],
  [
    "a port for some",
    conbus("ip: a:5,b", TIME),
    "a:5,b:10001 10000",
    ["cli.yml: conbus.port is missing; 10001 is used"],
  ],
  [
    "nothing in conbus",
    "conbus: {}\n",
    FALLBACK,
    ["ip is missing; 10.0.3.162", "port is missing; 10001", "timeout is missing; 10"].map(
      (text) => `cli.yml: conbus.${text} is used`,
    ),
  ],
];
for (const [what, text, found, warnings] of fallbacks) {
  test(`cli.yml with ${what}: a warning names the default`, () => assert.deepEqual(read(text), { found, warnings }));
}

test("the defaults are those of the original", () => {
  assert.deepEqual(CONBUS_FALLBACK, { ip: "10.0.3.162", port: 10001, timeout: 10 });
});

const wrong: [string, string, RegExp][] = [
  ["a syntax error", "conbus: [\n", /^cli\.yml:2:1: /],
  ["a tab", "conbus:\n\tip: a\n", /^cli\.yml:2:1: Tabs/],
  ["a key twice", conbus("ip: a", "ip: b"), /^cli\.yml:3:3: Map keys must be unique/],
  ["conbus twice", `${conbus("ip: a")}${conbus("ip: b")}`, /^cli\.yml:3:1: Map keys/],
  ["two documents", "a: 1\n---\nb: 1\n", /^cli\.yml:2:1: /],
  ["a list", "- conbus\n", /^cli\.yml: a mapping is wanted/],
  ["a word", "conbus\n", /^cli\.yml: a mapping is wanted/],
  ["NUL bytes", "\0\0\0", /^cli\.yml: a mapping is wanted/],
  ["conbus as a word", "conbus: 10.0.3.162\n", /^cli\.yml: conbus: a mapping is wanted/],
  ["conbus as a list", "conbus: [ip]\n", /^cli\.yml: conbus: a mapping is wanted/],
  ["an alias of nothing", "conbus: *x\n", /^cli\.yml: conbus: Unresolved alias/],
  ["an alias of itself", conbus("ip: &a [*a]"), /^cli\.yml: conbus\.ip: .* not a list/],
  ["aliases without end", bomb("conbus"), /^cli\.yml: conbus: Excessive alias count/],
  ["deep nesting", "[".repeat(100_000), /^cli\.yml:1:\d+: /],
  ["port 0", conbus("ip: a", "port: 0"), /^cli\.yml: conbus\.port: 0: a number from 1 to 65535 is wanted$/],
  ["port 65536", conbus("ip: a", "port: 65536"), /conbus\.port: 65536: /],
  ["a port below 0", conbus("ip: a", "port: -1"), /conbus\.port: -1: /],
  ["a port with a fraction", conbus("ip: a", "port: 1.5"), /conbus\.port: 1\.5: /],
  ["a port that is a word", conbus("ip: a", "port: x"), /conbus\.port: "x": /],
  ["a port that is a list", conbus("ip: a", "port: [1]"), /conbus\.port: a list: /],
  ["a port that is a yes", conbus("ip: a", "port: true"), /conbus\.port: true: /],
  ["a wrong port that nobody needs", conbus("ip: a:5", "port: x"), /conbus\.port: "x": /],
  ["a timeout of 0", conbus("ip: a", PORT, "timeout: 0"), /conbus\.timeout: 0: seconds are wanted, more than 0/],
  ["a timeout below 0", conbus("ip: a", PORT, "timeout: -5"), /conbus\.timeout: -5: /],
  ["a timeout without end", conbus("ip: a", PORT, "timeout: .inf"), /conbus\.timeout: Infinity: /],
  ["a timeout of 601", conbus("ip: a", PORT, "timeout: 601"), /conbus\.timeout: 601: .* 600$/],
  ["a timeout with a unit", conbus("ip: a", PORT, "timeout: 10s"), /conbus\.timeout: "10s": /],
  ["an ip that is a number", conbus("ip: 10.5"), /conbus\.ip: an address or a name is wanted, not 10\.5$/],
  ["an ip that is a mapping", conbus("ip: {a: b}"), /conbus\.ip: .* not a mapping$/],
  ["an ip that is empty", conbus("ip: ''"), /conbus\.ip: .* not nothing$/],
  ["a comma too many", conbus("ip: a,"), /conbus\.ip: .* not nothing$/],
  ["an empty list", conbus("ip: []"), /conbus\.ip: .* not an empty list$/],
  ["nothing in a list", conbus("ip: [a, null]"), /conbus\.ip: .* not nothing$/],
  ["an address out of range", conbus("ip: 10.0.3.256"), /conbus\.ip: bad host "10\.0\.3\.256"/],
  ["half an address", conbus("ip: 10.0.3."), /conbus\.ip: bad host/],
  ["a port that is none", conbus("ip: a:x"), /conbus\.ip: bad port "x"/],
  ["control characters", conbus('ip: "a\\e[2J\\nb"'), /^[\x20-\x7e]+$/],
];
for (const [what, text, message] of wrong) {
  test(`cli.yml with ${what} is refused in one line`, () => {
    const parsed = parseCliYml(text, "cli.yml");
    assert.ok(!parsed.ok, JSON.stringify(parsed));
    assert.match(parsed.message, message);
    assert.doesNotMatch(parsed.message, /[\p{Cc}]/u);
    assert.ok(parsed.message.length < 300, parsed.message);
  });
}

test("every prefix of a file is accepted or refused, and never throws", () => {
  const text = `x: &x {a: 1}\n${conbus("ip: [a, 'b:5']", PORT, TIME)}`;
  for (let size = 0; size <= text.length; size += 1) {
    const parsed = parseCliYml(text.slice(0, size), "cli.yml");
    assert.equal(typeof parsed.ok, "boolean");
  }
});
