import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type InheritedSocket,
  inheritedFiles,
  listeningPlaces,
  socketFor,
} from "#src/core/supervisor/inherited-socket.js";
import { watchdogPeriodMs } from "#src/core/supervisor/watchdog.js";

const PID = 4711;

for (const [title, env, expected] of [
  ["nothing", {}, []],
  ["two sockets with names", { LISTEN_PID: "4711", LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b" }, ["3 a", "4 b"]],
  ["more sockets than names", { LISTEN_PID: "4711", LISTEN_FDS: "2", LISTEN_FDNAMES: "a" }, ["3 a", "4 "]],
  ["no names", { LISTEN_PID: "4711", LISTEN_FDS: "1" }, ["3 "]],
  ["sockets of another process", { LISTEN_PID: "4712", LISTEN_FDS: "2" }, []],
  ["sockets of nobody", { LISTEN_FDS: "2" }, []],
  ["a number that is none", { LISTEN_PID: "4711", LISTEN_FDS: "-1" }, []],
] as const) {
  test(`LISTEN_FDS: ${title}`, () => {
    const files = inheritedFiles(env, PID).map(({ fd, name }) => `${fd} ${name}`);
    assert.deepEqual(files, expected);
  });
}

test("LISTEN_FDS: a wrong number of sockets keeps nobody busy", () => {
  assert.equal(inheritedFiles({ LISTEN_PID: "4711", LISTEN_FDS: "999999999" }, PID).length, 1000);
});

test("the tables of the kernel name the sockets that listen, by inode", () => {
  const heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const row = (local: string, state: string, inode: number): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100 0 0\n`;
  const loopback6 = "00000000000000000000000001000000";
  const mapped = "0000000000000000FFFF00000100007F";
  const some = "B80D0120000000000000000001000000"; // 2001:db8::1
  const table = [
    row("0100007F:09C8", "0A", 1),
    row(`${"0".repeat(32)}:09C9`, "0A", 2),
    row(`${loopback6}:0001`, "0A", 3),
    row(`${mapped}:FFFF`, "0A", 4),
    row(`${some}:0050`, "0A", 5),
    row("0100007F:09CA", "01", 6), // connected
    row("00000000:09CB", "07", 7), // UDP
  ];
  const tcp = listeningPlaces(heading + table.join(""), "tcp");
  assert.deepEqual(
    [...tcp].map(([inode, { host, port }]) => `${inode} ${host} ${port}`),
    ["1 127.0.0.1 2504", "2 :: 2505", "3 ::1 1", "4 127.0.0.1 65535", "5 2001:db8::1 80"],
  );
  assert.deepEqual([...listeningPlaces(heading + table.join(""), "udp").keys()], ["7"]);
  assert.equal(listeningPlaces("", "tcp").size, 0);
});

const SOCKETS = ["127.0.0.1 2504", ":: 2504", "0.0.0.0 80", "::1 81", "udp 0.0.0.0 2505"].map(
  (text, index): InheritedSocket => {
    const [port = "", host = "", udp] = text.split(" ").reverse();
    return { fd: index + 3, name: "", host, port: Number(port), datagrams: udp === "udp" };
  },
);

for (const [place, expected] of [
  ["127.0.0.1 2504", "127.0.0.1 2504"],
  ["::ffff:127.0.0.1 2504", "127.0.0.1 2504"],
  ["* 2504", ":: 2504"], // the widest
  ["* 80", "0.0.0.0 80"],
  ["* 81", "::1 81"], // the service manager may know better
  ["127.0.0.1 80", undefined], // that socket lets others in
  ["0:0:0:0:0:0:0:1 81", "::1 81"],
  ["* 82", undefined],
  ["* 2505", undefined],
  ["udp * 2505", "0.0.0.0 2505"],
  ["udp * 2504", undefined],
] as const) {
  test(`the socket for ${place} is ${expected ?? "none"}`, () => {
    const [port = "", host = "", udp] = place.split(" ").reverse();
    const wanted = { host: host === "*" ? undefined : host, port: Number(port), datagrams: udp === "udp" };
    const found = socketFor(wanted, SOCKETS);
    assert.equal(found && `${found.host} ${found.port}`, expected);
  });
}

for (const [env, expected] of [
  [{}, undefined],
  [{ WATCHDOG_USEC: "30000000" }, 15_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "4711" }, 15_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "4712" }, undefined],
  [{ WATCHDOG_USEC: "0" }, undefined],
  [{ WATCHDOG_USEC: "soon" }, undefined],
  [{ WATCHDOG_USEC: "1000" }, 1],
] as const) {
  test(`the watchdog of ${JSON.stringify(env)} is told every ${expected} ms`, () => {
    assert.equal(watchdogPeriodMs(env, PID), expected);
  });
}
