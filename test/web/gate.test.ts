import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNamePatterns, parseNetworks } from "#src/core/net/access-patterns.js";
import { actionDenialReason, isHere } from "#src/core/web/reader.js";
import { Gate } from "#src/web/gate.js";
import { ManualClock } from "../support/clock.js";
import { from } from "../support/origin.js";

const HERE = from("127.0.0.1");
const ELSEWHERE = from("192.168.0.7");
const basic = (login: string): string => `Basic ${Buffer.from(login).toString("base64")}`;

/** A gate with a login, and what became of whoever came. */
function fixture({ names = "", webUser = "me", webPassword = "größer:x", trusted = "" } = {}) {
  const clock = new ManualClock();
  const gate = new Gate(clock);
  const patterns = parseNamePatterns(names);
  const proxies = parseNetworks(trusted);
  assert.ok(patterns.ok && proxies.ok);
  gate.configure({ webNames: patterns.value, webUser, webPassword, webTrustedProxy: proxies.value });
  const refusals: string[] = [];
  const enter = (origin = ELSEWHERE, headers: Record<string, string> = {}): string => {
    const entered = gate.enter({ host: "127.0.0.1", ...headers }, origin, (reason) => void refusals.push(reason));
    return "reply" in entered ? String(entered.reply.status) : (entered.reader.user ?? "nobody");
  };
  return { clock, gate, refusals, enter };
}

test("this machine needs no login; others, and whoever comes through a proxy, do", () => {
  const { enter, refusals } = fixture();
  assert.equal(enter(HERE), "nobody");
  assert.equal(enter(HERE, { authorization: "Basic x" }), "nobody");
  assert.equal(enter(HERE, { "x-forwarded-for": "127.0.0.1" }), "401");
  assert.equal(enter(ELSEWHERE), "401");
  assert.equal(enter({ ...HERE, hops: 1 }), "401");
  for (const origin of [HERE, ELSEWHERE]) assert.equal(enter(origin, { authorization: basic("me:größer:x") }), "me");
  assert.equal(enter(ELSEWHERE, { authorization: basic("me:größer:x").replace("Basic", "bAsIc ") }), "me");
  assert.deepEqual(refusals, []);
});

test("a wrong login is refused, and told to the log", () => {
  const { enter, refusals } = fixture();
  const wrong = ["me:", "me:größer", "you:größer:x", ":", "me:größer:x ", "me:größer:x\0"].map(basic);
  for (const authorization of [...wrong, "Basic", "Basic  "]) assert.equal(enter(ELSEWHERE, { authorization }), "401");
  assert.equal(refusals.length, wrong.length + 1);
  assert.equal(enter(ELSEWHERE, { authorization: "Bearer x" }), "401");
});

test("without a login in the configuration everybody enters, and nobody has logged in", () => {
  const { enter } = fixture({ webUser: "", webPassword: "" });
  assert.equal(enter(ELSEWHERE), "nobody");
  assert.equal(enter(ELSEWHERE, { authorization: basic(":") }), "nobody");
});

test("whoever guesses waits, and nobody else does", () => {
  const { clock, enter, refusals } = fixture();
  const guess = { authorization: basic("me:guess") };
  for (let count = 0; count < 10; count += 1) assert.equal(enter(ELSEWHERE, guess), "401");
  assert.equal(enter(ELSEWHERE, guess), "429");
  assert.equal(enter(ELSEWHERE, { authorization: basic("me:größer:x") }), "429", "not even the right one is looked at");
  assert.equal(enter(from("192.168.0.8"), { authorization: basic("me:größer:x") }), "me");
  assert.equal(enter(HERE), "nobody");
  clock.advance(10_000);
  assert.equal(enter(ELSEWHERE, guess), "401");
  assert.equal(enter(ELSEWHERE, guess), "429");
  clock.advance(10_000);
  assert.equal(enter(ELSEWHERE, { authorization: basic("me:größer:x") }), "me");
  assert.equal(refusals.length, 11);
});

test("behind a proxy, each reader has tries of its own; all together they have ten times as many", () => {
  const { clock, enter } = fixture();
  const through = (reader: string, login: string): string =>
    enter(HERE, { authorization: basic(login), "x-forwarded-for": `10.0.0.9, ${reader}` });
  for (let count = 0; count < 11; count += 1) through("10.0.0.1", "me:guess");
  assert.equal(through("10.0.0.1", "me:größer:x"), "429");
  assert.equal(through("10.0.0.2", "me:größer:x"), "me");
  for (let count = 0; count < 95; count += 1) through(`10.0.1.${count}`, "me:guess");
  assert.equal(through("10.0.0.2", "me:größer:x"), "429", "one who forges its address gets no further");
  clock.advance(10_000);
  assert.equal(through("10.0.0.2", "me:größer:x"), "me");
});

test("the page is called by names of the configuration; a reload changes login and names", () => {
  const { gate, enter } = fixture({ names: "hub.lan" });
  assert.equal(enter(HERE, { host: "hub.lan:8080" }), "nobody");
  assert.equal(enter(HERE, { host: "evil.example" }), "403");
  gate.configure({ webNames: [], webUser: "me", webPassword: "new", webTrustedProxy: [] });
  assert.equal(enter(HERE, { host: "hub.lan:8080" }), "403");
  assert.equal(enter(ELSEWHERE, { authorization: basic("me:new") }), "me");
});

test("a name that only names=* knows gives nobody the rights of this machine", () => {
  const { enter } = fixture({ names: "*, hub.lan" });
  for (const host of ["127.0.0.1", "localhost:80", "hub.lan", "[::1]"]) assert.equal(enter(HERE, { host }), "nobody");
  assert.equal(enter(HERE, { host: "rebound.example" }), "401");
  assert.equal(enter(HERE, { host: "rebound.example", authorization: basic("me:größer:x") }), "me");
  const open = fixture({ names: "*", webUser: "", webPassword: "" });
  const entered = open.gate.enter({ host: "rebound.example" }, HERE, () => {});
  assert.ok("reader" in entered && !isHere(entered.reader));
  assert.match(actionDenialReason(entered.reader, false) ?? "", /^not by a name that only \[web\] names=\* knows/);
});

test("a trusted proxy speaks for users who have logged in; nobody else does by its headers", () => {
  const { enter } = fixture({ names: "*", trusted: "172.30.32.2, 127.0.0.1" });
  const ingress = from("172.30.32.2");
  const headers = { host: "ha.lan", "x-ingress-path": "/x", "x-remote-user-name": "anna" };
  assert.equal(enter(ingress, headers), "anna");
  assert.equal(enter(ingress, { host: "ha.lan", "x-ingress-path": "/x" }), "a user of the proxy");
  assert.equal(enter(ingress, { host: "ha.lan", "x-remote-user-name": "anna" }), "401", "it speaks for itself");
  assert.equal(enter({ ...ingress, hops: 1 }, headers), "401", "through a port of the daemon");
  assert.equal(enter(ELSEWHERE, headers), "401");
  assert.equal(enter(HERE, headers), "401", "a page that rebinds a name sends what headers it likes");
  assert.equal(enter(HERE, { ...headers, host: "127.0.0.1" }), "anna");
});
