import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseNamePatterns } from "#src/core/net/access-patterns.js";
import {
  isForeign,
  isForwarded,
  isHostTrusted,
  type PageHeaders,
  pagePath,
  parseMessagesQuery,
} from "#src/core/web/request.js";

const trusted = [
  "127.0.0.1",
  "127.0.0.1:8080",
  "192.168.0.20:80",
  "[::1]",
  "[::1]:8080",
  "[fe80::1]:8080",
  "localhost",
  "LocalHost:8080",
];
for (const host of trusted) test(`Host: ${host} is taken`, () => assert.equal(isHostTrusted(host, []), true));

const strange = [
  undefined,
  "",
  ":8080",
  "evil.example",
  "evil.example:8080",
  "127.0.0.1.evil.example:8080",
  "localhost.evil.example",
  "localhost.",
  "127.0.0.1:8080:80",
  "127.0.0.1:",
  "127.0.0.1:http",
  "me@127.0.0.1",
  "127.0.0.1@evil.example",
  "127.1",
  "2130706433",
  "::1",
  "[::1",
  "[evil.example]",
  "[127.0.0.1]",
  "127.0.0.1 ",
  "127.0.0.1\nevil.example",
];
for (const host of strange) test(`Host: ${host} is refused`, () => assert.equal(isHostTrusted(host, []), false));

const named: [string, string, boolean][] = [
  ["hub.lan", "hub.lan:8080", true],
  ["hub.lan", "HUB.LAN.", true],
  ["hub.lan", "x.hub.lan", false],
  ["hub.lan", "hub.lan.evil.example", false],
  ["*.example.com, hub", "me.example.com", true],
  ["*.example.com, hub", "example.com", false],
  ["*.example.com, hub", "hub", true],
  ["*", "evil.example", true],
  ["*", "", false],
  ["*", "a:b:c", false],
  ["*", "[evil.example]", false],
];
for (const [names, host, expected] of named) {
  test(`names=${names}: Host: ${host} is ${expected ? "taken" : "refused"}`, () => {
    const patterns = parseNamePatterns(names);
    assert.ok(patterns.ok);
    assert.equal(isHostTrusted(host, patterns.value), expected);
  });
}

test("names are names, with *. before one of them at most", () => {
  for (const names of ["*.*.lan", "http://hub", "hub:8080", "*hub", "a b/c"]) {
    const patterns = parseNamePatterns(names);
    assert.ok(!patterns.ok && /bad name/.test(patterns.message), names);
  }
});

const HOST = "127.0.0.1:8080";
const NAMES = [{ kind: "name", name: "hub.lan" }] as const;
const askers: [boolean, PageHeaders][] = [
  [false, {}], // curl, Prometheus
  [false, { "sec-fetch-site": "same-origin" }],
  [false, { "sec-fetch-site": "none" }], // typed, or a bookmark
  [false, { "sec-fetch-site": "same-origin", origin: `http://${HOST}`, referer: `http://${HOST}/` }],
  [false, { origin: `http://${HOST}` }],
  [false, { origin: `https://${HOST}` }], // TLS ends before us
  [true, { "sec-fetch-site": "cross-site" }],
  [true, { "sec-fetch-site": "same-site" }], // another port of this machine
  [true, { "sec-fetch-site": "same-origin, none" }],
  [true, { "sec-fetch-site": "" }],
  [true, { origin: "http://evil.example" }],
  [true, { origin: "http://127.0.0.1:3480" }],
  [true, { origin: "http://127.0.0.1" }],
  [true, { origin: "null" }],
  [true, { origin: "" }],
  [true, { referer: "http://evil.example/127.0.0.1:8080" }],
  [true, { referer: "http://127.0.0.1:8080@evil.example/" }],
  [true, { "sec-fetch-site": "none", origin: "http://evil.example" }],
  [false, { "x-forwarded-host": "hub.lan:8123", origin: "https://hub.lan:8123" }], // a proxy with a Host of its own
  [false, { "x-forwarded-host": "hub.lan, inner", origin: "https://hub.lan" }],
  [true, { "x-forwarded-host": "hub.lan", origin: "http://evil.example" }],
  [true, { "x-forwarded-host": "evil.example", origin: "http://evil.example" }], // no name of ours
  [true, { "x-forwarded-host": "hub.lan", "sec-fetch-site": "cross-site" }],
];
for (const [foreign, asker] of askers) {
  test(`${JSON.stringify(asker)} ${foreign ? "is" : "is not"} from elsewhere`, () =>
    assert.equal(isForeign({ host: HOST, ...asker }, NAMES), foreign));
}

test("port 80 may be left out", () => {
  assert.equal(isForeign({ host: "127.0.0.1:80", origin: "http://127.0.0.1" }, NAMES), false);
  assert.equal(isForeign({ host: "[::1]", origin: "http://[::1]:80" }, NAMES), false);
  assert.equal(isForeign({ host: "[fe80::1%eth0]", origin: "null" }, NAMES), true);
});

const forwarded: [boolean, PageHeaders][] = [
  [false, { host: HOST, cookie: "x" }],
  [true, { "x-forwarded-for": "" }],
  [true, { forwarded: "for=192.0.2.7" }],
  [true, { via: "1.1 proxy" }],
  [true, { "x-real-ip": "127.0.0.1" }],
  [true, { "x-ingress-path": "/api/hassio_ingress/x" }],
  [true, { "x-forwarded-prefix": "/sockproxyd" }], // somebody stands behind a proxy that says no more than this, too
  [true, { "x-forwarded-proto": "https" }],
  [true, { "x-forwarded": "for=192.0.2.7" }],
  [true, { "cf-connecting-ip": "192.0.2.7" }],
  [true, { "true-client-ip": "192.0.2.7" }],
  [false, { "x-forward": "1", "x-token": "via", "x-client": "1" }],
];
for (const [expected, headers] of forwarded) {
  test(`${JSON.stringify(headers)} ${expected ? "comes through a proxy" : "comes from the reader"}`, () =>
    assert.equal(isForwarded(headers), expected));
}

const paths: [string, PageHeaders, string][] = [
  ["/status", {}, "/status"],
  ["/hub/status", {}, "/hub/status"],
  ["/hub/status", { "x-forwarded-prefix": "/hub" }, "/status"],
  ["/hub/", { "x-forwarded-prefix": "/hub/" }, "/"],
  ["/status", { "x-forwarded-prefix": "/hub" }, "/status"],
  ["/hubble/status", { "x-forwarded-prefix": "/hub" }, "/hubble/status"],
  ["/api/ingress/x/status", { "x-ingress-path": "/api/ingress/x" }, "/status"],
];
for (const [path, headers, expected] of paths) {
  test(`${path} with ${JSON.stringify(headers)} is ${expected}`, () => assert.equal(pagePath(path, headers), expected));
}

const PLACES = { isConnection: (id: string) => id === "ab1", isListener: (port: number) => port === 10_001 };

function read(query: string) {
  return parseMessagesQuery(new Map(new URLSearchParams(query)), PLACES);
}

const orders: [string, object, string?][] = [
  ["", { kind: "all" }],
  ["listener=&connection=&view=", { kind: "all" }],
  ["listener=10001", { kind: "listener", port: 10_001 }],
  ["connection=ab1&view=CONBUS", { kind: "connection", id: "ab1" }, "conbus"],
  ["view=hex", { kind: "all" }, "hex"],
  ["listener=10001&last=7", { kind: "listener", port: 10_001 }],
];
for (const [query, filter, view] of orders) {
  test(`?${query} asks for ${JSON.stringify(filter)}`, () => {
    const request = read(query);
    assert.ok(request.ok);
    const { watch, last } = request.value;
    assert.deepEqual(watch.filter, filter);
    assert.equal(watch.view?.name, view);
    assert.deepEqual(watch.format, ["json"]);
    assert.equal(last, query.includes("last=") ? 7 : 0);
  });
}

const mistakes: [string, RegExp][] = [
  ["listener=10002", /nothing listens on port 10002/],
  ["listener=ab1", /nothing listens on port ab1/],
  ["connection=1234", /no connection "1234"/],
  ["connection=10001", /no connection "10001"/],
  ["connection=zz", /no connection "zz"/],
  ["listener=10001&connection=ab1", /not both/],
  ["view=morse", /unknown view "morse"; known are conbus, /],
  ["lisener=10001", /unknown parameter "lisener"/],
  ["last=101", /last: an integer from 0 to 100/],
  ["last=", /last: an integer/],
  ["__proto__=x", /unknown parameter "__proto__"/],
];
for (const [query, message] of mistakes) {
  test(`?${query} is a mistake`, () => {
    const request = read(query);
    assert.ok(!request.ok);
    assert.match(request.message, message);
  });
}

test("the page loads nothing from elsewhere and inserts no HTML", () => {
  for (const file of readdirSync("web").filter((name) => /\.(html|css|js)$/.test(name))) {
    const text = readFileSync(`web/${file}`, "utf8").replaceAll("http://www.w3.org/2000/svg", ""); // a name, not an address
    assert.doesNotMatch(text, /https?:|url\(|innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|@import/, file);
    assert.doesNotMatch(text, /\son[a-z]+=|\sstyle=|<style|<script>/, file); // what its own policy would forbid
  }
});
