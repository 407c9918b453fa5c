import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { checkLoops } from "#src/core/config/loop-check.js";

const OWN = "10.77.0.1";

function problems(text: string, port = DEFAULT_SETTINGS.port): string[] {
  const { settings, problems } = parseConfigFile(text, "x");
  assert.deepEqual(problems, []);
  const { values, ...lines } = settings;
  return checkLoops({ ...DEFAULT_SETTINGS, port, ...values, ...lines }, (address) => address === OWN);
}

const ITSELF = "that is this daemon itself";
const CIRCLE = "leads back to itself";
const TUNNEL = "[tunnel]\n7000=EXPOSE 127.0.0.1:8000>127.0.0.1:8000\n[device]\n";

const cases: [string, ...string[]][] = [
  ["[direct]\n1=127.0.0.1:2504", `[direct] 1: 127.0.0.1:2504: ${ITSELF}`],
  ["[direct]\n1=LocalHost:2504", `[direct] 1: LocalHost:2504: ${ITSELF}`],
  ["[direct]\n1=10.77.0.1:2504", `[direct] 1: 10.77.0.1:2504: ${ITSELF}`],
  ["[direct]\n1=10.77.0.2:2504"],
  ["[direct]\n1=hub:2504"],
  ["[direct]\n1=[::]:2504 PRTO=udp", `[direct] 1: [::]:2504: ${ITSELF}`],
  ["[direct]\n1=127.0.0.1:2504 PRTO=tls", `[direct] 1: 127.0.0.1:2504: ${ITSELF}`],
  ["[direct]\n1=10.0.0.1:1,0.0.0.0:2504", `[direct] 1: 0.0.0.0:2504: ${ITSELF}`],
  ["[host]\nip=127.0.0.1\n[direct]\n1=10.77.0.1:2504"],
  ["[host]\nip=10.77.0.1\nport=9\n[direct]\n1=10.77.0.1:9", `[direct] 1: 10.77.0.1:9: ${ITSELF}`],
  ["[host]\nip=localhost\n[direct]\n1=localhost:2504", `[direct] 1: localhost:2504: ${ITSELF}`],
  ["[mux]\n1=127.0.0.1:2504 PROT=echo", `[mux] 1: 127.0.0.1:2504: ${ITSELF}`],
  ["[web]\nport=80\n[direct]\n1=127.0.0.1:80", `[direct] 1: 127.0.0.1:80: ${ITSELF}`],
  ["[device]\nserver=127.0.0.1:2504", `[device]: 127.0.0.1:2504: ${ITSELF}`],
  ["[device]\nserver=hub:1\nallow=localhost:2504, 127.0.0.0/8:2504", `[device]: localhost:2504: ${ITSELF}`],
  ["[direct]\n1=127.0.0.1:1", `[direct] 1: 127.0.0.1:1 ${CIRCLE}`],
  ["[direct]\n1=127.0.0.1:1 PRTO=udp"],
  ["[direct]\nudp:1=127.0.0.1:1"],
  ["[direct]\nudp:1=127.0.0.1:1 PRTO=udp", `[direct] 1: 127.0.0.1:1 ${CIRCLE}`],
  ["[direct]\nudp:1=127.0.0.1:2 PRTO=udp\nudp:2=127.0.0.1:1 PRTO=udp", `[direct] 2: 127.0.0.1:1 ${CIRCLE}`],
  ["[direct]\nudp:1=127.0.0.1:2\n2=127.0.0.1:1 PRTO=udp", `[direct] 2: 127.0.0.1:1 ${CIRCLE}`],
  ["[direct]\n1=127.0.0.1:2\n2=127.0.0.1:3\n3=127.0.0.1:4\n4=10.0.0.1:4"],
  ["[direct]\n1=127.0.0.1:2\n2=127.0.0.1:3\n3=10.0.0.1:1,[::1]:1", `[direct] 3: [::1]:1 ${CIRCLE}`],
  ["[direct]\n1=127.0.0.1:2\n[mux]\n2=127.0.0.1:1 PROT=echo", `[mux] 2: 127.0.0.1:1 ${CIRCLE}`],
  ["[direct]\n10.77.0.2:1=127.0.0.1:1"],
  ["[direct]\n127.0.0.1:1=127.0.0.1:1", `[direct] 1: 127.0.0.1:1 ${CIRCLE}`],
  ["[direct x]\nlisten=1,2\ntarget=127.0.0.1:2", `[direct x]: 127.0.0.1:2 ${CIRCLE}`],
  ["[mux x]\nlisten=1\ntarget=127.0.0.1:2504", `[mux x]: 127.0.0.1:2504: ${ITSELF}`],
  ["[device x]\nserver=127.0.0.1:2504", `[device x]: 127.0.0.1:2504: ${ITSELF}`],
  [`${TUNNEL}server=hub:7000\nallow=127.0.0.1:8000`],
  [`${TUNNEL}server=127.0.0.1:7000\nallow=127.0.0.1:8000`, `[device]: 127.0.0.1:8000 ${CIRCLE}`],
  [`${TUNNEL}server=127.0.0.1:7000\nallow=127.0.0.1:8001`],
  [`${TUNNEL}server=127.0.0.1:7000\nallow=127.0.0.1:9\n[direct]\n9=127.0.0.1:8000`, `[device]: 127.0.0.1:9 ${CIRCLE}`],
];
for (const [text, ...expected] of cases) {
  test(`${JSON.stringify(text)}: ${expected.length === 0 ? "nothing is wrong" : expected}`, () =>
    assert.deepEqual(problems(text), expected));
}

test("without a proxy port, that port belongs to another program", () =>
  assert.deepEqual(problems("[direct]\n1=127.0.0.1:2504", 0), []));
