import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OPTIONS } from "#src/core/options/conn-option-rows.js";
import type { ConnOptions } from "#src/core/options/conn-options.js";
import type { CommandContext } from "#src/core/setup/command.js";
import { COMMANDS } from "#src/core/setup/commands/commands.js";
import { errorReply, runCommand } from "#src/core/setup/run-command.js";
import type { DaemonReport } from "#src/core/status/daemon-status.js";
import { Histogram } from "#src/core/status/histogram.js";
import { gathered } from "../../support/gathered.js";

const STATUS: DaemonReport = {
  version: "1.0.0",
  build: 10_000,
  pid: 1,
  startedAt: "",
  uptimeMs: 0,
  vera: "",
  listeners: [],
  directs: [],
  muxes: [],
  tunnels: [],
  devices: [],
  monitor: { watchers: 0, notShown: {} },
  traffic: { connections: 0, received: 0, sent: 0, resets: 3, datagramsDropped: { slow: 1, foreign: 2, unsent: 3 } },
  lines: {},
  clients: {},
  descriptors: { used: 0 },
  problems: [],
  notifications: {
    repeating: 0,
    failing: [],
    waiting: 0,
    inFlight: 0,
    farewells: { waiting: 0, givenUp: 0 },
    sent: 0,
    retried: 0,
    failed: 0,
    delay: new Histogram().status,
    answer: new Histogram().status,
  },
  webhooks: [],
  alerts: { waiting: 0, delivered: 0, givenUp: 0, dropped: 0 },
  logLinesLost: 0,
  connections: [],
};
const context: CommandContext = {
  connectionId: "ab",
  build: 10_000,
  commands: COMMANDS,
  presetOptions: {},
  denialReason: () => undefined,
  optionProblem: () => undefined,
  status: () => gathered(STATUS),
  places: { isConnection: () => false, isListener: () => false },
};

/** The outcome of a line as one short text. */
function run(line: string, changes: Partial<CommandContext> = {}): string {
  const ran = runCommand(line, { ...context, ...changes });
  if (ran === undefined) return "nothing";
  const { outcome } = ran;
  if (outcome.kind === "error") return errorReply(ran.word, outcome.message);
  if (outcome.kind === "report") return `report: ${[...outcome.pieces].join("")}`;
  return outcome.kind === "dial" ? `dial ${outcome.request.target.host}` : `${outcome.kind}: ${outcome.text}`;
}

const seen: Partial<CommandContext> = {
  places: { isConnection: (id) => id === "1a1fe153233", isListener: (port) => port === 10_001 },
};
const watches: [string, RegExp][] = [
  ["WTCH", /^watch: OK WTCH \{"filter":\{"kind":"all"\},"format":\[\]\}$/],
  ["wtch 10001", /"filter":\{"kind":"listener","port":10001\}/],
  ["WTCH 1a1fe153233 MONF=json", /"filter":\{"kind":"connection","id":"1a1fe153233"\},"format":\["json"\]/],
  ["WTCH MONI=line", /"view":\{"name":"line"/],
  ["WTCH 10002", /^ERR WTCH nothing listens on port 10002$/],
  ["WTCH 1a1fe", /^ERR WTCH no connection "1a1fe"/],
  ["WTCH 10001 10001", /^ERR WTCH unknown option "10001"/],
  ["WTCH MONI=morse", /^ERR WTCH bad MONI/],
  ["WTCH RTIM=5", /^ERR WTCH unknown option "RTIM"/],
];
for (const [line, expected] of watches) {
  test(`setup line ${line}`, () => {
    const ran = runCommand(line, { ...context, ...seen });
    const text =
      ran?.outcome.kind === "watch" ? `watch: OK WTCH ${JSON.stringify(ran.outcome.request)}` : run(line, seen);
    assert.match(text, expected);
  });
}

test("CONN with MONI needs the permission to monitor, CONN without MONI needs none", () => {
  const changes = { denialReason: () => "not from another machine" };
  assert.match(run("CONN h:1 MONI=hex", changes), /^ERR CONN MONI: not from another/);
  assert.match(run("CONN h:1", changes), /^dial h$/);
});

test("WTCH needs the permission to watch", () =>
  assert.match(run("WTCH", { denialReason: () => "not from another machine" }), /^ERR WTCH not from another/));

const table: [string, RegExp][] = [
  ["QUIT", /^quit: OK QUIT$/],
  ["quit", /^quit: OK QUIT$/],
  ["  QuIt  ", /^quit: OK QUIT$/],
  ["STOP", /^stop: OK STOP$/],
  ["CAPA", /^reply: OK CAPA BLKS RTIM NTFY PACE CONN UDP TLS( [A-Z]+)*$/],
  ["BILD", /^reply: OK \d+$/],
  ["HELP", /^reply: CONN host:port \[options\] /],
  ["STAT", /^report: {2}ID {15}St Client {11}Remote {14}#recv {3}#xmit Notify$/],
  ["stat json", /^report: \{"version":"1.0.0",/],
  ["NTFY 5 urn:x Act", /^reply: OK NTFY$/],
  ["NTFY 5 urn:x Act pid", /^reply: OK NTFY$/],
  ["BLKS 512", /^reply: OK BLKS$/],
  ["RTIM 1000", /^reply: OK RTIM$/],
  ["PACE 1.5", /^reply: OK PACE$/],
  ["CONN h:1", /^dial h$/],
  ["conn h:1", /^dial h$/],
  ["", /^nothing$/],
  ["   ", /^nothing$/],
  ["STAT\r", /^ERR STAT .*carriage return/],
  ["\r", /^ERR LINE .*carriage return/],
  ["CO\rNN h:1", /^ERR CO .*carriage return/],
  ["GET / HTTP/1.1", /^ERR GET unknown command/],
  ["STOPP", /^ERR STOPP unknown command/],
  ["STOP now", /^ERR STOP takes no argument, got "now"/],
  ["STAT XML", /^report: {2}ID /],
  ["STAT all JSON", /^report: {2}ID /],
  ["STAT JSON please", /^report: \{"version"/],
  ["QUIT now", /^quit: OK QUIT$/],
  ["CAPA all of them", /^reply: OK CAPA BLKS /],
  ["HELP CONN", /^reply: CONN host:port/],
  ["QUIT now\r", /^ERR QUIT .*carriage return/],
  ["BILD x", /^ERR BILD takes no argument/],
  ["CONN", /^ERR CONN no target/],
  ["CONN h:1 X=1", /^ERR CONN unknown option "X"/],
  ["PACE", /^reply: OK PACE$/],
  ["RTIM ", /^reply: OK RTIM$/],
  ["BLKS 0", /^reply: OK BLKS$/],
  ["BLKS 2048.0", /^reply: OK BLKS$/],
  ["RTIM 6e4", /^reply: OK RTIM$/],
  ["RTIM 60000 ms", /^ERR RTIM bad value "60000 ms"/],
  ["RTIM -1", /^ERR RTIM bad value "-1": milliseconds, 0 or more, are wanted; RTIM ms is wanted/],
  ["BLKS zero", /^ERR BLKS bad value "zero"/],
  ["NTFY x y z", /^ERR NTFY bad value "x y z"/],
  ["NTFY 1 a/b c d", /^ERR NTFY bad value/],
];
for (const [line, expected] of table) {
  test(`setup line ${JSON.stringify(line)}`, () => assert.match(run(line), expected));
}

test("an option that comes as a command sets what a later CONN uses", () => {
  const presetOptions: Partial<ConnOptions> = {};
  for (const line of ["NTFY 5 urn:x Act p", "PACE 2", "BLKS 9", "RTIM 7"]) {
    const ran = runCommand(line, context);
    assert.ok(ran?.outcome.kind === "reply");
    Object.assign(presetOptions, ran.outcome.presetOptions);
  }
  const ran = runCommand("CONN h:1 PACE=3", { ...context, presetOptions });
  assert.ok(ran?.outcome.kind === "dial");
  const { notify, paceMs, blockSize, receiveTimeoutMs } = ran.outcome.request.options;
  assert.deepEqual(notify, { device: 5, service: "urn:x", action: "Act", pid: "p" });
  assert.deepEqual([paceMs, blockSize, receiveTimeoutMs], [3000, 9, 7]);
});

test("RELD needs the permission to reload, and takes no argument", () => {
  assert.equal(run("RELD"), "reload: OK RELD");
  assert.equal(run("RELD", { denialReason: (permission) => permission }), "ERR RELD reload");
  assert.match(run("RELD now"), /^ERR RELD takes no argument, got "now"$/);
});

test("STOP needs the permission to stop", () =>
  assert.match(run("STOP", { denialReason: () => "not from another machine" }), /^ERR STOP not from another/));

test("TCPR takes the server and one service", () => {
  const ran = runCommand("tcpr  hub.example.com:7000 \t[::1]:23 ", context);
  assert.deepEqual(ran?.outcome, {
    kind: "device",
    text: "OK TCPR",
    server: { host: "hub.example.com", port: 7000 },
    service: { host: "::1", port: 23 },
  });
});

const links: [string, RegExp][] = [
  ["TCPR", /^ERR TCPR server:port local:port is wanted$/],
  ["TCPR hub:7000", /^ERR TCPR server:port local:port is wanted$/],
  ["TCPR hub:7000 a:1 b:1", /^ERR TCPR server:port local:port is wanted$/],
  ["TCPR hub a:1", /^ERR TCPR bad target "hub"/],
  ["TCPR hub:7000 a", /^ERR TCPR bad target "a"/],
  ["TCPR hub:7000 a:0", /^ERR TCPR bad port "0"/],
  ["TCPR hub:7000 10.0.0.0/8:1", /^ERR TCPR bad host "10.0.0.0\/8"/],
  ["TCPR hub:7000 [fe80::1%eth0]:1", /^ERR TCPR bad service/],
];
for (const [line, expected] of links) {
  test(`setup line ${line}`, () => assert.match(run(line), expected));
}

test("TCPR needs its permission before anything reads its arguments", () => {
  for (const line of ["TCPR", "TCPR hub:7000 a:1"]) {
    const asked: string[] = [];
    const denialReason = (permission: string) => {
      asked.push(permission);
      return "not from another machine";
    };
    assert.match(run(line, { denialReason }), /^ERR TCPR not from another machine$/);
    assert.deepEqual(asked, ["tunnel"]);
  }
});

test("a letter that only folds to one of a command (ſ, ı) does not match", () => {
  for (const line of ["\u017ftop", "quıt", "ſTAT"]) assert.match(run(line), /^ERR \S+ unknown command/);
  assert.match(run("CONN 127.0.0.1:1 RT\u0131M=5"), /^ERR CONN unknown option/);
});

test("HELP names every command and option, CAPA every capability", () => {
  for (const { word } of COMMANDS) assert.match(run("HELP"), new RegExp(`^(reply: )?${word}\\b`, "m"));
  for (const { usage } of OPTIONS) assert.ok(run("HELP").includes(usage));
  const words = run("CAPA").split(" ");
  for (const row of [...COMMANDS, ...OPTIONS])
    for (const word of row.capabilities) assert.ok(words.includes(word), word);
});

test("any line has a documented outcome, and an ERR reply is one printable line", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.string().map((text) => `CONN ${text}`),
      ),
      (line) => {
        const text = run(line.replaceAll("\n", ""), { denialReason: () => "no" });
        if (text.startsWith("ERR")) assert.match(text, /^ERR [\x21-\x7e]{1,16} [^\p{Cc}]{1,300}$/u);
      },
    ),
  );
});
