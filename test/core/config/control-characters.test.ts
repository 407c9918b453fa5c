// No value can have a control character in it, wherever it comes from: --check prints one line for each setting
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseCliYml } from "#src/cli/cli-yml.js";
import { parseMuxArguments } from "#src/cli/mux-arguments.js";
import { parseReverseProxyArguments } from "#src/cli/reverse-proxy-arguments.js";
import { parseArguments } from "#src/cli/serve-arguments.js";
import { parseTunnelArguments } from "#src/cli/tunnel-arguments.js";
import { parseWatchArguments } from "#src/cli/watch-arguments.js";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS, KEYS, PORT_SECTIONS } from "#src/core/config/keys.js";
import { printSettings } from "#src/core/config/print-settings.js";
import { printable } from "#src/core/parse/text.js";

const LINE_BREAK = "U\\+000A cannot be in it";

describe("in the configuration file", () => {
  for (const { section, key, defaultText } of KEYS) {
    test(`[${section}] ${key}`, () => {
      const { problems } = parseConfigFile(`[${section}]\n${key}="${defaultText}\\nlog=/some/file"`, "f");
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", new RegExp(`^f:2: \\[${section}\\] ${key}: .*${LINE_BREAK}$`));
    });
  }

  const lines = { direct: "127.0.0.1:1 MONI=hex MONL=/a", mux: "127.0.0.1:1", tunnel: "EXPOSE a:1>b:2" };
  for (const section of PORT_SECTIONS) {
    test(`a line of [${section}]`, () => {
      const line = (end: string): string => `[${section}]\n7000="${lines[section]}${end}"`;
      assert.deepEqual(parseConfigFile(line(""), "f").problems, []);
      const { problems } = parseConfigFile(line("\\nlog=/some/file"), "f");
      assert.match(problems.join("\n"), new RegExp(`^f:2: \\[${section}\\] 7000: .*${LINE_BREAK}$`));
    });
  }

  test("a tab outside quotes is a blank, inside it is refused", () => {
    const { settings, problems } = parseConfigFile(
      "[direct]\n7000\t=\tCONN\ta:1\tRTIM=5\t\n[access]\nclients=::1,\t10.0.0.1",
      "f",
    );
    assert.deepEqual(problems, []);
    assert.equal(settings.direct[0]?.route.options.receiveTimeoutMs, 5);
    assert.match(parseConfigFile('[host]\nlog="a\tb"', "f").problems.join(), /U\+0009/);
  });

  test("messages show the names of keys and sections in one line, too", () => {
    const { problems } = parseConfigFile('[host]\n"a\\nb"=1\n[a\u2028b\x1b[2J]\n', "f");
    assert.equal(problems.length, 2);
    for (const problem of problems) assert.equal(problem, printable(problem));
  });

  test("--check prints one line for each setting, whatever the file contains", () => {
    const count = printSettings(DEFAULT_SETTINGS).split("\n").length;
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.constantFrom("/log", '"/log\\u0085x=y"', "'/l\vx=y'"),
    );
    fc.assert(
      fc.property(fc.constantFrom("log", "vera", "ip", "ca"), text, (key, value) => {
        const section = key === "ca" ? "device" : "host";
        const { settings, problems } = parseConfigFile(`[${section}]\n${key}=${value}`, "f");
        if (problems.length > 0) return;
        const printed = printSettings({ ...DEFAULT_SETTINGS, ...settings.values });
        assert.equal(printed.split("\n").length, count);
        assert.equal(printable(printed.replaceAll("\n", "")), printed.replaceAll("\n", ""));
      }),
      { numRuns: 60 },
    );
  });
});

describe("on the command line", () => {
  const rows: readonly [string, () => { ok: boolean; message?: string }, RegExp][] = [
    ["-L", () => parseArguments(["-D", "-L", "a\nb"]), /^-L: /],
    ["-L=", () => parseArguments(["-L=a\nb"]), /^-L: /],
    ["-N, attached", () => parseArguments(["-Nhttp://u:secret@h/\nlog=x"]), /^-N: (?!.*secret)/],
    ["-c", () => parseArguments(["-c", "a\nb"]), /^-c: /],
    ["mux", () => parseMuxArguments(["--targetServer", "a:1\n"]), /^--targetServer: /],
    ["tunnel server", () => parseTunnelArguments(["server", "1", "a:1", "b:2", "SECR=a\nb"]), /^SECR: /],
    ["tunnel device", () => parseTunnelArguments(["device", "--key", "a\nb"]), /^--key: /],
    ["watch", () => parseWatchArguments(["12\nSTOP"]), /^an argument: /],
    ["reverse-proxy", () => parseReverseProxyArguments(["start", "--log", "a\nb"]), /^--log: /],
    ["reverse-proxy, an option of the line", () => parseReverseProxyArguments(["start", "MONL=a\nb"]), /^MONL: /],
  ];
  for (const [what, parse, name] of rows) {
    test(what, () => {
      const { ok, message = "" } = parse();
      assert.ok(!ok);
      assert.match(message, name);
      assert.match(message, new RegExp(`${LINE_BREAK}$`));
    });
  }
});

describe("in cli.yml", () => {
  for (const [key, text] of [
    ["ip", 'ip: "10.0.0.1\\n"'],
    ["ip", 'ip: [a, "b\\n"]'],
    ["ip", "ip: |\n    10.0.0.1\n"],
    ["port", 'port: "10001\\n"'],
    ["timeout", 'timeout: "10\\n"'],
  ] as const) {
    test(JSON.stringify(text), () => {
      const parsed = parseCliYml(`conbus:\n  ${text}\n`, "cli.yml");
      assert.ok(!parsed.ok);
      assert.match(parsed.message, new RegExp(`^cli\\.yml: conbus\\.${key}: .*${LINE_BREAK}$`));
    });
  }
});
