import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { printSettings } from "#src/core/config/print-settings.js";
import type { Settings } from "#src/core/config/settings.js";

/** What a file leads to. */
function read(text: string): Settings {
  const { settings, problems } = parseConfigFile(text, "f");
  assert.deepEqual(problems, [], text);
  const { values, ...lines } = settings;
  return { ...DEFAULT_SETTINGS, ...values, ...lines };
}

test("settings are printed in the long form: named sections, long names, times with units", () => {
  const printed = printSettings(
    read(
      [
        ...["[host]", "keepalive=60", "renotify=2.5"],
        ...["[mux]", "5021=h:1 PROT=modbus CACH=500 TIME=60"],
        ...[
          "[mux inverter]",
          "LISTEN=5020, 127.0.0.1:5022",
          "TARGET=192.168.1.22:1502",
          "PROT=modbus",
          "TIME=5",
          "CACH=1000",
        ],
        ...["[tunnel]", "7000=EXPOSE a:1>b:2 c:3>d:4 HLTH=7200"],
        ...["[tunnel plant]", "listen=7001", "expose=[::1]:1>b:2", "tls=1", "cert=/my cert", "pkey=/k", "secr=hush"],
        ...["[tunnel farm]", "listen=7002", "expose=barn a:1 > b:2, mill@c:3>d:4"],
        ...["tls=1", "cert=/c", "pkey=/k", "device=barn:hush", "devc=mill:hu+sh:hush"],
        ...["[direct mail]", "listen=8125", "target=a:1,b:2", "bala=least", "ntfy=5/urn:x:1/Act"],
        ...["[device office]", "server=two:7000", "tls", "secret=hush"],
      ].join("\n"),
    ),
  );
  const sections = printed.split("\n\n");
  for (const section of [
    "[mux]\n5021=h:1 protocol=modbus cache=500ms",
    "[mux inverter]\nlisten=5020, 127.0.0.1:5022\ntarget=192.168.1.22:1502\nprotocol=modbus\ntimeout=5s\ncache=1s",
    "[tunnel]\n7000=EXPOSE a:1>b:2 c:3>d:4 health-check=2h",
    "[tunnel plant]\nlisten=7001\nexpose=[::1]:1 > b:2\ntls=true\ncertificate=/my cert\nprivate-key=/k\nsecret=***",
    "[tunnel farm]\nlisten=7002\nexpose=barn@a:1 > b:2\nexpose=mill@c:3 > d:4\ntls=true\ncertificate=/c\nprivate-key=/k\ndevice=barn:***\ndevice=mill:***",
    "[direct mail]\nlisten=8125\ntarget=a:1, b:2\nbalance=least\nnotify=5/urn:x:1/Act",
    "[device office]\nserver=two:7000\nallow=\ntls=true\nca=\ncert=\nkey=\nsecret=***\nname=",
  ]) {
    assert.ok(sections.includes(section), `${section}\n--- is not in\n${printed}`);
  }
  assert.match(printed, /^renotify=2500ms\nkeepalive=1m$/m);
  assert.doesNotMatch(printed, /hush/);
});

test("a value that a reader would take for another one is printed in quotes", () => {
  for (const value of [" /a ", "'/a'", '"/a"', "/a ; b", "/a #", "'", '"', "/a;b", "/a\\b"]) {
    const text = `[direct x]\nlisten=1\ntarget=h:1\nmonitor=hex\nmonitor-file=${JSON.stringify(value)}`;
    const settings = read(text);
    assert.equal(settings.direct[0]?.route.options.monitorFile, value);
    assert.deepEqual(read(printSettings(settings)), settings, value);
    assert.deepEqual(parseConfigFile(printSettings(settings), "f").warnings, [], value);
  }
});

test("rules for writes are printed a line each, and in one line with + for blanks; read again they are the same", () => {
  const rules = ["unit 1 holding 100-110 from 192.168.1.5 values 0-100", "unit 1 coil 5", "unit 1 function 65"];
  const named = ["[mux pump]", "listen=5020", "target=h:1", "protocol=modbus", "writes=deny"].concat(
    rules.map((rule) => `allow-write=${rule}`),
    "writer-lock=30s",
  );
  const settings = read(named.join("\n"));
  const printed = printSettings(settings);
  assert.ok(printed.split("\n\n").includes(named.join("\n")), printed);
  assert.deepEqual(read(printed), settings);

  const words = rules.map((rule) => `allow-write=${rule.replaceAll(" ", "+")}`).join(" ");
  const line = `[mux]\n5020=h:1 protocol=modbus writes=deny ${words}`;
  const inLine = read(line);
  assert.deepEqual(inLine.mux[0]?.route.mux.allowedWrites, settings.mux[0]?.route.mux.allowedWrites);
  assert.ok(printSettings(inLine).split("\n\n").includes(line), printSettings(inLine));
  assert.deepEqual(read(printSettings(inLine)), inLine);
});

const host = fc.constantFrom("hub", "10.0.0.1", "[::1]", "plc.example.com");
const port = fc.integer({ min: 1, max: 65_535 });
const place = fc.tuple(host, port).map(([name, number]) => `${name}:${number}`);
const places = fc.uniqueArray(place, { minLength: 1, maxLength: 3 });
const bareTime = fc.oneof(fc.nat(100_000).map(String), fc.constantFrom("0", "0.5", "1.001", ".25", "60", "3600"));
const time = fc.oneof(
  bareTime,
  fc.tuple(fc.nat(5000), fc.constantFrom("ms", "s", "m", "h")).map((pair) => pair.join("")),
);
const file = fc
  .stringMatching(/^[\w/;#"'\\=> .é]{1,20}$/)
  .filter((text) => text.trim() === text && !/^(["']).*\1$/.test(text));

/** Options that every line takes, whatever else it says: pairs of a name and its value. */
const option = fc.oneof(
  fc.tuple(fc.constantFrom("PACE", "rntf", "Idle-Timeout", "health-check"), time),
  fc.tuple(fc.constant("CTIM"), fc.integer({ min: 1, max: 600_000 }).map(String)),
  fc.tuple(fc.constant("receive-timeout"), fc.constantFrom("0", "7", "1500", "2m", "1.5s")),
  fc.tuple(fc.constant("block-size"), fc.integer({ min: 1, max: 1_048_576 }).map(String)),
  fc.tuple(fc.constant("NTFY"), fc.constantFrom('5/urn:x:1/Act/p"id', "0", "7//Act")),
);
const named = fc.constant("monitor-file").chain((key) => fc.tuple(fc.constant(key), file));

interface Section {
  readonly kind: "direct" | "mux" | "tunnel";
  readonly named: boolean;
  readonly places: readonly string[];
  readonly options: readonly (readonly [string, string])[];
}

const section: fc.Arbitrary<Section> = fc.record({
  kind: fc.constantFrom("direct", "mux", "tunnel"),
  named: fc.boolean(),
  places,
  options: fc
    .tuple(
      fc.uniqueArray(option, { selector: ([key]) => key.slice(0, 2).toLowerCase(), maxLength: 4 }),
      fc.option(named),
    )
    .map(([pairs, watched]) => (watched === null ? pairs : [...pairs, ["monitor", "hex"] as const, watched])),
});

/** The section as somebody would write it. `index`: makes its ports and its name its own. */
function textOf({ kind, named, places, options }: Section, index: number): string {
  const listen = `${index % 2 === 0 ? "" : "127.0.0.1:"}${20_000 + index}`;
  const exposed = places.map((service, at) => `0.0.0.0:${30_000 + index * 10 + at}>${service}`);
  const targets = kind === "mux" ? places.slice(0, 1) : places;
  const values = options.filter(([, value]) => named || !/\s/.test(value)).map(([key, value]) => `${key}=${value}`);
  const isComplete =
    values.some((value) => value.startsWith("monitor=")) === values.some((value) => /^monitor-file/.test(value));
  const words = isComplete ? values : values.filter((value) => !value.startsWith("monitor"));
  if (!named) {
    const first = kind === "tunnel" ? `EXPOSE ${exposed.join(" ")}` : targets.join(",");
    return `[${kind}]\n${listen}=${[first, ...words].join(" ")}`;
  }
  const where = kind === "tunnel" ? exposed.map((place) => `expose=${place}`) : [`target=${targets.join(", ")}`];
  return [`[${kind} name ${index}]`, `listen=${listen}, ${40_000 + index}`, ...where, ...words].join("\n");
}

test("what is printed and read again means the same", () => {
  fc.assert(
    fc.property(fc.array(section, { maxLength: 6 }), time, (sections, renotify) => {
      const settings = read([`[host]\nrenotify=${renotify}`, ...sections.map(textOf)].join("\n"));
      const printed = printSettings(settings);
      assert.deepEqual(read(printed), settings, printed);
      assert.equal(printSettings(read(printed)), printed);
    }),
    { numRuns: 100 },
  );
});
