import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failureText } from "#src/core/upgrade/failure-text.js";
import {
  type FromPredecessor,
  type FromSuccessor,
  fromPredecessor,
  fromSuccessor,
} from "#src/core/upgrade/messages.js";
import { irreplaceable, type ProcessPlace } from "#src/core/upgrade/replaceable.js";
import { upgradeText } from "#src/core/upgrade/report.js";

const OLD: readonly FromPredecessor[] = [
  {
    kind: "sockets",
    protocol: 1,
    version: "1.10.0",
    sockets: [
      { name: "*:2504", fd: 4, host: "::", isInherited: true },
      { name: "/run/x.sock", fd: 5 },
    ],
    late: ["*:5020"],
  },
  { kind: "listen" },
  { kind: "free", name: "*:5020" },
  { kind: "session", id: "1a", session: { any: "thing" } },
  { kind: "remote", id: "1a" },
  { kind: "go", id: "1a" },
];
const NEW: readonly FromSuccessor[] = [
  { kind: "ready", protocol: 1, version: "1.11.0" },
  { kind: "started" },
  { kind: "reopen" },
  { kind: "stopping" },
  { kind: "failed", message: "why" },
  { kind: "adopted", id: "1a" },
  { kind: "declined", id: "1a", reason: "why" },
];

test("every message is read as it was written, whatever a later version adds to it", () => {
  for (const message of OLD) assert.deepEqual(fromPredecessor({ ...message, later: 1 }), message, message.kind);
  for (const message of NEW) assert.deepEqual(fromSuccessor({ ...message, later: 1 }), message, message.kind);
});

test("a message of a later version is unknown, and names its connection", () => {
  assert.deepEqual(fromPredecessor({ kind: "tls-session", id: "1a" }), { kind: "unknown", id: "1a" });
  assert.deepEqual(fromSuccessor({ kind: "maybe" }), { kind: "unknown" });
});

test("no message throws, whatever it is", () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom("sockets", "session", "free", "ready", "declined"), (value, kind) => {
      for (const message of [value, { ...(value as object), kind }]) {
        assert.equal(typeof fromPredecessor(message).kind, "string");
        assert.equal(typeof fromSuccessor(message).kind, "string");
      }
    }),
  );
});

const SHELL: ProcessPlace = {
  pid: 50,
  parentPid: 40,
  parent: "bash",
  tellsManager: false,
  systemdPid: undefined,
  isOrphan: false,
};
const PLACES: readonly (readonly [string, Partial<ProcessPlace>, RegExp | undefined])[] = [
  ["a shell", {}, undefined],
  ["an init script", { parentPid: 1, parent: "init" }, undefined],
  ["systemd, Type=notify", { parentPid: 1, parent: "systemd", systemdPid: "50", tellsManager: true }, undefined],
  ["systemd, another type", { parentPid: 1, parent: "systemd", systemdPid: "50" }, /Type=notify.*restart it$/],
  ["a shell that systemd has started", { systemdPid: "12" }, undefined],
  ["a container", { pid: 1, parentPid: 0, parent: "" }, /^the daemon is process 1 of a container/],
  ["a container with an init", { parentPid: 1, parent: "docker-init" }, /process 1 \(docker-init\)/],
  ["nobody in a container, whose starter is gone", { parentPid: 1, parent: "sh", isOrphan: true }, undefined],
  ["OpenWrt", { parentPid: 1, parent: "procd" }, /process 1 \(procd\)/],
  ["a supervisor", { parent: "supervisord" }, /^supervisord watches/],
];
for (const [where, place, expected] of PLACES) {
  test(`a daemon under ${where} ${expected === undefined ? "can" : "cannot"} be replaced`, () => {
    const refusal = irreplaceable({ ...SHELL, ...place });
    if (expected === undefined) assert.equal(refusal, undefined);
    else assert.match(refusal ?? "", expected);
  });
}

const FAILURES: readonly (readonly [string, string])[] = [
  ["sockproxyd: /etc/x: 3: what is this?\nsockproxyd: 4: and this?\n", "/etc/x: 3: what is this?; 4: and this?"],
  [
    "/usr/lib/x.cjs:1\nxx yy\n   ^^\n\nSyntaxError: Unexpected identifier\n    at wrapSafe\n\nNode.js v20\n",
    "SyntaxError: Unexpected identifier",
  ],
  ["Killed\n", "Killed"],
  ["", "Command failed"],
];
for (const [stderr, expected] of FAILURES) {
  test(`a program that fails has said why: ${expected}`, () => {
    assert.equal(failureText(stderr, "Command failed\nmore"), expected);
  });
}

test("the report of an upgrade says what moved, what stays, and how long the pause was", () => {
  const report = { from: "1.9.0", to: "1.10.0", pid: 7, moved: 2, longestMs: 16.2, limitMs: 60_000 };
  assert.equal(
    upgradeText({ ...report, staying: new Map([["TLS", 2]]) }),
    "1.9.0 to 1.10.0, process 7: 2 connections moved, the longest pause was 17 ms; 2 end where they are, within 60 s (2 TLS)",
  );
  assert.match(
    upgradeText({ ...report, moved: 1, staying: new Map([["UDP", 1]]) }),
    /: 1 connection moved, .*; 1 ends where it is, within 60 s \(1 UDP\)$/,
  );
  assert.equal(
    upgradeText({ ...report, to: "1.9.0", moved: 0, staying: new Map() }),
    "1.9.0, process 7: 0 connections moved; none stays",
  );
});
