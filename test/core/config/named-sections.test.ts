import assert from "node:assert/strict";
import { test } from "node:test";
import { type FileSettings, parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { PROTOCOLS } from "#src/core/mux/protocols/protocols.js";

/** The settings of a file without mistakes. */
function read(...lines: string[]): FileSettings {
  const { settings, problems } = parseConfigFile(lines.join("\n"), "f");
  assert.deepEqual(problems, []);
  return settings;
}

/** The mistakes of a file, without its name. */
function problems(...lines: string[]): string[] {
  return parseConfigFile(lines.join("\n"), "f").problems.map((problem) => problem.replace(/^f:/, ""));
}

test("a named mux says the same as its line, and has a name", () => {
  const [named] = read(
    "[MUX  Hall  inverter]",
    "; a comment",
    "Listen = 5020",
    "target=192.168.1.22:1502",
    "protocol=modbus",
    "timeout=5s",
    "CACH=500ms",
    "pace = 2m",
  ).mux;
  const [line] = read("[mux]", "5020=192.168.1.22:1502 PROT=modbus TIME=5 cache=0.5s PACE=120").mux;
  assert.deepEqual(named, { ...line, name: "Hall inverter" });
});

test("a named direct line takes several servers, and listens on several addresses", () => {
  const [named] = read(
    "[direct conbus]",
    "listen=10001, 127.0.0.1:10002",
    "listen=[::1]:10003,*:10004",
    "target=10.0.3.162:10001, 10.0.3.163:10001",
    "target=hub:1",
    "balance=round",
    "retry=500ms",
  ).direct;
  const [line] = read("[direct]", "10001=10.0.3.162:10001,10.0.3.163:10001,hub:1 BALA=round RTRY=0.5").direct;
  const alsoListens = [
    { host: "127.0.0.1", port: 10002 },
    { host: "::1", port: 10003 },
    { host: "*", port: 10004 },
  ];
  assert.deepEqual(named, { ...line, name: "conbus", alsoListens });
});

test("an option keeps its former name beside the new one; given by both, it is given twice", () => {
  const [section, ...lines] = ["[direct x]", "listen=1", "target=hub:1"];
  const [former] = read(section ?? "", ...lines, "retry=500ms").direct;
  const [present] = read(section ?? "", ...lines, "Retry-While-Dialing=500ms").direct;
  assert.deepEqual(former, present);
  assert.deepEqual([former?.route.options.retryDialMs, read("[direct]", "1=hub:1 retry=2").direct.length], [500, 1]);
  const twice = problems(section ?? "", ...lines, "retry=1", "retry-while-dialing=1");
  assert.match(twice.join("\n"), /given twice, first in line 4/);
});

test("a named tunnel exposes one service a line, or several", () => {
  const [named] = read(
    "[tunnel plant]",
    "listen=7000",
    "expose=127.0.0.1:8080 > 192.168.0.3:80",
    "expose=0.0.0.0:8023>10.41.51.152:23, [::1]:1 > plc:2",
    "tls=yes",
    "certificate=/etc/my cert.pem",
    "private-key=/etc/key.pem",
    "secret=open;sesame #1",
  ).tunnel;
  const [line] = read(
    "[tunnel]",
    "7000=EXPOSE 127.0.0.1:8080>192.168.0.3:80 0.0.0.0:8023>10.41.51.152:23 [::1]:1>plc:2 TLS=1 CERT=x PKEY=/etc/key.pem",
  ).tunnel;
  assert.deepEqual(named?.route.exposures, line?.route.exposures);
  assert.deepEqual(named?.route.tunnel, {
    ...line?.route.tunnel,
    certificate: "/etc/my cert.pem",
    secret: "open;sesame #1",
  });
});

test("a machine can be the device of several servers", () => {
  const { values, namedDevices } = read(
    ...["[device]", "server=one:7000", "allow=10.0.0.1:23"],
    ...["[device office]", "server=two:7000", "allow=10.0.0.2:80", "tls=on", "secret=x"],
    ...["[device home]", "server=three:7000, four:7000"],
  );
  assert.deepEqual(values.deviceServers, [{ host: "one", port: 7000 }]);
  assert.deepEqual(
    namedDevices.map(({ name, deviceServers, deviceTls, deviceSecret, deviceAllow }) => [
      name,
      deviceServers.map(({ host }) => host).join(),
      deviceTls.kind,
      deviceSecret,
      deviceAllow.length,
    ]),
    [
      ["office", "two", "files", "x", 1],
      ["home", "three,four", "none", "", 0],
    ],
  );
  assert.deepEqual(namedDevices[1]?.deviceAuthority, DEFAULT_SETTINGS.deviceAuthority);
});

test("the word CONN may stand in front of a target, in any case and in every section of lines", () => {
  const lines = ["[direct]", "1=conn h:1", "[mux]", "2=CONN h:1", "[tunnel]", "3=CONN EXPOSE a:4>b:5"];
  const { direct, mux, tunnel } = read(...lines);
  assert.deepEqual([direct.length, mux.length, tunnel.length], [1, 1, 1]);
});

test("a line may name its address", () => {
  const { mux, direct } = read(
    "[mux]",
    "127.0.0.1:5020=h:1",
    "[direct]",
    "[::1]:8125=CONN h:1",
    "*:8126=h:2",
    "8127=h:3",
  );
  assert.deepEqual(
    [...mux, ...direct].map(({ host, port }) => [host, port]),
    [
      ["127.0.0.1", 5020],
      ["::1", 8125],
      ["*", 8126],
      [undefined, 8127],
    ],
  );
});

test("a value may hold > ; # = . and quotes; quotes around it are taken off", () => {
  const monitorFile = (text: string): string | undefined =>
    read("[direct a.b]", "listen=1", "target=h:1", "monitor=hex", `monitor-file=${text}`).direct[0]?.route.options
      .monitorFile;
  for (const value of ["/a>b;c#d=e.f", "a'b\"c", "a\\b", "[x]"]) assert.equal(monitorFile(value), value);
  assert.equal(monitorFile('" /with blanks "'), " /with blanks ");
  assert.equal(monitorFile('"x ; y"'), "x ; y");
});

const PROTOCOL_NAMES = PROTOCOLS.map(({ framing }) => framing.name).join("|");
const MUX = ["[mux inverter]", "listen=5020", "target=h:1"];

const wrong: [what: string, lines: string[], ...problems: string[]][] = [
  ["an opening bracket", ["mux inverter]", "listen=5020", "target=h:1"], "1: [mux inverter]: the [ is missing"],
  ["a bracket", ["[mux inverter", "listen=5020", "target=h:1"], "1: [mux inverter]: the ] is missing"],
  [
    "a name behind the bracket",
    ["[mux] inverter"],
    '1: [mux]: not understood: "inverter" behind the ]; a name stands inside: [mux inverter]',
  ],
  [
    "a comment behind a section",
    ["[mux inverter] ; mine", ...MUX.slice(1)],
    "1: [mux inverter]: a comment stands on a line of its own, not behind a section",
  ],
  [
    "a comment behind a value",
    [...MUX, "protocol=modbus", "cache=500ms ; my inverter"],
    '5: [mux inverter] cache: bad value "500ms ; my inverter": a time is wanted, such as 500ms, 5s, 2m or 1h; ' +
      'without a unit whole milliseconds are wanted; a comment stands on a line of its own: "; my inverter" counts as part of the value',
  ],
  ["a sign", [...MUX, "timeout 5s"], "4: [mux inverter] timeout 5s: the = is missing; did you mean timeout=5s?"],
  ["a colon for it", ["[mux x]", "target: h:1"], "2: [mux x] target: h:1: the = is missing; did you mean target=h:1?"],
  [
    "a sign and a value",
    [...MUX, "timeout"],
    '4: [mux inverter] timeout: bad value "": a time is wanted, such as 500ms, 5s, 2m or 1h; without a unit seconds are wanted; the = is missing',
  ],
  ["a letter of a key", [...MUX, "timout=5"], "4: [mux inverter] timout: unknown key; did you mean timeout?"],
  ["a letter of listen", ["[mux x]", "lisen=5020"], "2: [mux x] lisen: unknown key; did you mean listen?"],
  [
    "any sense",
    [...MUX, "colour=red"],
    "4: [mux inverter] colour: unknown key; known are listen, target and the options of [mux]",
  ],
  [
    "a letter of a protocol",
    [...MUX, "protocol=modbsu"],
    `4: [mux inverter] protocol: bad value "modbsu": ${PROTOCOL_NAMES} is wanted; did you mean modbus?`,
  ],
  [
    "a letter of a section",
    ["[tunel plant]"],
    "1: [tunel plant]: unknown section; did you mean [tunnel]?; known are [host], [access], [alert], [mqtt], [web], [device], [direct], [mux], [tunnel], [tls], [webhook]",
  ],
  [
    "a letter of a key of [host]",
    ["[host]", "keepalve=5"],
    "2: [host] keepalve: unknown key; known are ip, port, listen-tls, proxy-protocol, vera, log, log-format, log-level, log-size, log-files, debug, time, renotify, keepalive, webhook, audit-size, audit-files; did you mean keepalive?",
  ],
  ["UDP for a shared device", ["[mux x]", "listen=udp:1"], "2: [mux x] listen: udp: goes with [direct]"],
  [
    "a plugin that cannot read datagrams",
    ["[direct x]", "listen=1, udp:2", "target=h:1", "notify=5"],
    "1: [direct x]: notify does not go with listen=udp: a plugin reads a stream",
  ],
  [
    "a reset where there is none",
    ["[direct]", "udp:2=h:1 FAIL=reset"],
    "2: [direct] udp:2: FAIL=reset does not go with listen=udp: UDP has no reset",
  ],
  [
    "a UDP port twice",
    ["[direct x]", "listen=udp:2, 2, udp:2"],
    "2: [direct x] listen: port udp:2 is given twice, first in line 2",
  ],
  [
    "a TCP port twice, once by its protocol",
    ["[direct x]", "listen=2, TCP:2"],
    "2: [direct x] listen: port 2 is given twice, first in line 2",
  ],
  ["listen", ["[mux x]", "target=h:1"], "1: [mux x]: listen is missing: the port to listen on"],
  ["target", ["[mux x]", "listen=1"], "1: [mux x]: no target: host:port is wanted"],
  ["expose", ["[tunnel x]", "listen=1"], "1: [tunnel x]: nothing is exposed: host:port>service:port is wanted"],
  [
    "a service behind a port",
    ["[tunnel x]", "listen=1", "expose=127.0.0.1:8080"],
    '3: [tunnel x] expose: bad "127.0.0.1:8080": host:port>service:port is wanted',
  ],
  [
    "one word for a port and its service",
    ["[tunnel]", "1=EXPOSE 127.0.0.1:8080 > 192.168.0.3:80"],
    "2: [tunnel] 1: no blank can be beside the >: EXPOSE host:port>service:port is wanted",
  ],
  ["server", ["[device x]"], "1: [device x]: server is missing: host:port of the server"],
  ["one of two devices", [...MUX, "target=i:1"], "1: [mux inverter]: 2 targets: a mux shares one device"],
  [
    "the section for it",
    ["[tunnel x]", "target=h:1"],
    "2: [tunnel x] target: target goes with [direct NAME] and [mux NAME]",
  ],
  [
    "a name of its own",
    ["[mux]", "listen=5020"],
    "2: [mux] listen: listen stands in a section with a name of your own: [mux NAME]",
  ],
  ["no name", ["[host x]", "port=1"], "1: [host x]: [host] takes no name"],
  ["its first of two", [...MUX, "cache=1", "CACH=2"], "5: [mux inverter] cach: given twice, first in line 4"],
  ["the first section of two", [...MUX, "[MUX inverter]"], "4: [mux inverter]: stands twice, first in line 1"],
  [
    "another port",
    [...MUX, "[mux x]", "listen=127.0.0.1:5020"],
    "5: [mux x] listen: port 5020 is given twice, first in line 2",
  ],
  [
    "an address",
    ["[mux x]", "listen=a b:1"],
    '2: [mux x] listen: bad address "a b:1": port, address:port or [IPv6]:port is wanted',
  ],
  ["options that go together", [...MUX, "cache=5s"], "1: [mux inverter]: cache goes with Modbus and Conbus only"],
  [
    "a key of [device] once",
    ["[device x]", "server=h:1", "server=h:2"],
    "3: [device x] server: given twice, first in line 2",
  ],
  [
    "tls for a secret",
    ["[device x]", "server=h:1", "secret=x"],
    "1: [device x]: secret is told over TLS only: tls is wanted",
  ],
  [
    "a time that a number holds",
    ["[mux x]", "listen=1", "target=h:1", "timeout=99999999999999999"],
    '4: [mux x] timeout: bad value "99999999999999999": that is too long',
  ],
  [
    "white space in a notification",
    ["[direct x]", "listen=1", "target=h:1", "notify=5/a b/c"],
    '4: [direct x] notify: bad value "5/a b/c": white space is not taken',
  ],
];
for (const [what, lines, ...told] of wrong) {
  test(`missing: ${what}`, () => assert.deepEqual(problems(...lines), told));
}

test("a port of a line that is wrong is free for another line", () => {
  assert.deepEqual(problems("[mux]", "5020=h", "5020=h:1"), [
    '2: [mux] 5020: bad target "h": host:port is wanted, an IPv6 host in brackets',
  ]);
});

test("a section is over where the next one begins", () => {
  assert.deepEqual(problems("[mux x]", "target=h:1", "[host]", "ip=*", "[direct y]"), [
    "1: [mux x]: listen is missing: the port to listen on",
    "5: [direct y]: listen is missing: the port to listen on",
  ]);
});

test("what looks like a comment in a text is taken, and warned of", () => {
  const { settings, warnings } = parseConfigFile("[host]\nlog=/tmp/x.log ; the log\n", "f");
  assert.equal(settings.values.log, "/tmp/x.log ; the log");
  assert.deepEqual(warnings, [
    'f:2: [host] log: "; the log" counts as part of the value: a comment stands on a line of its own; quotes around the value say that it is meant',
  ]);
  assert.deepEqual(parseConfigFile('[host]\nlog="/tmp/x.log ; the log"\n', "f").warnings, []);
});
