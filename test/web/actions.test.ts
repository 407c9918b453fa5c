import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { Action } from "#src/core/web/action.js";
import type { Reader } from "#src/core/web/reader.js";
import { Actions, type Controls } from "#src/web/actions.js";
import type { HttpReply } from "#src/web/http-reply.js";
import { MemoryLog } from "../support/in-process.js";
import { from } from "../support/origin.js";

const HERE: Reader = { origin: from("127.0.0.1"), isForwarded: false, mayBeRebound: false };
const ELSEWHERE: Reader = { ...HERE, origin: from("192.168.0.7") };

function textOf(reply: HttpReply): string {
  return "body" in reply ? String(reply.body).trimEnd() : "";
}

/** Actions, and what the daemon was told. */
function fixture() {
  const log = new MemoryLog();
  const told: string[] = [];
  let problem: string | undefined;
  const controls: Controls = {
    closeConnection(id, reason) {
      told.push(`close ${id} ${reason}`);
      return id === "a" ? "closed" : id === "b" ? "closing" : "unknown";
    },
    setDebug: (on) => void told.push(`debug ${on}`),
    reload: async (reason) => {
      told.push(`reload ${reason}`);
      return problem;
    },
  };
  const actions = new Actions({ log, controls });
  const { token = "" } = JSON.parse(textOf(actions.offer(HERE, false)));
  const perform = async (
    kind: Action["kind"],
    body: string | readonly string[],
    { reader = HERE, headers = {}, hasLogin = false }: { reader?: Reader; headers?: object; hasLogin?: boolean } = {},
  ): Promise<[number, string]> => {
    const all = { "content-type": "application/json", "x-token": token, ...headers };
    const chunks = [body].flat().map((text) => Buffer.from(text));
    const request = Object.assign(Readable.from(chunks), { headers: all }) as unknown as IncomingMessage;
    const reply = await actions.perform(kind, request, reader, hasLogin);
    return [reply.status, textOf(reply)];
  };
  const breakConfiguration = (): void => {
    problem = "[web] port: bad";
  };
  return { actions, log, told, perform, token, breakConfiguration };
}

test("close, debug and reload reach the daemon, and the log tells who it was", async () => {
  const { perform, told, log, breakConfiguration } = fixture();
  assert.deepEqual(await perform("close", '{"connection":"a"}'), [200, '{"text":"connection a is closed"}']);
  assert.deepEqual(await perform("close", '{"connection":"b"}'), [409, 'connection "b" is closing already']);
  assert.deepEqual(await perform("close", '{"connection":"\\u001b"}'), [404, 'no connection "?"']);
  const reader = { ...ELSEWHERE, user: "me", isForwarded: true };
  assert.deepEqual(await perform("debug", '{"on":true}', { reader }), [200, '{"text":"debug lines are switched on"}']);
  assert.deepEqual(await perform("reload", "{}"), [200, '{"text":"the configuration is read again"}']);
  breakConfiguration();
  assert.deepEqual(await perform("reload", "{}"), [409, "[web] port: bad"]);
  assert.deepEqual(told, [
    "close a closed on the web page by 127.0.0.1",
    "close b closed on the web page by 127.0.0.1",
    "close \x1b closed on the web page by 127.0.0.1",
    "debug true",
    "reload web page, 127.0.0.1",
    "reload web page, 127.0.0.1",
  ]);
  assert.deepEqual(log.lines, [
    "INFO web page: connection a is closed by 127.0.0.1",
    "INFO web page: debug lines are switched on by me from 192.168.0.7 (through a proxy)",
  ]);
});

const refused: [string, number, RegExp, Action["kind"], string | string[], object?][] = [
  ["no type", 415, /application\/json/, "reload", "{}", { "content-type": undefined }],
  ["a form", 415, /application\/json/, "reload", "{}", { "content-type": "text/plain" }],
  ["no token", 403, /^the token is missing/, "reload", "{}", { "x-token": undefined }],
  ["another token", 403, /^the token/, "reload", "{}", { "x-token": "0".repeat(32) }],
  ["no JSON", 400, /^the body is no JSON object; \{\} is wanted/, "reload", ""],
  ["a list", 400, /no JSON object/, "reload", "[]"],
  ["null", 400, /no JSON object/, "reload", "null"],
  ["a missing member", 400, /^"connection" is missing; \{"connection": string\} is wanted/, "close", "{}"],
  ["a wrong member", 400, /^"on" is no boolean/, "debug", '{"on":"false"}'],
  ["one member more", 400, /^unknown member "now"/, "reload", '{"now":1}'],
  ["a member of every object", 400, /^unknown member "__proto__"/, "reload", '{"__proto__":{}}'],
  ["an inherited member", 400, /is missing/, "close", '{"__proto__":{"connection":"a"}}'],
  ["a long body", 413, /more than 1024 bytes/, "reload", ["{", " ".repeat(1000), " ".repeat(1000), "}"]],
];
for (const [what, status, message, kind, body, headers] of refused) {
  test(`${what} does nothing`, async () => {
    const { perform, told } = fixture();
    const [code, text] = await perform(kind, body, headers && { headers });
    assert.equal(code, status);
    assert.match(text, message);
    assert.deepEqual(told, []);
  });
}

test("who may change something: this machine, and others with the login", async () => {
  const { actions, perform, told } = fixture();
  const elsewhere: [Reader, boolean, RegExp][] = [
    [ELSEWHERE, false, /^nothing can be changed: not from another machine; \[web\] user and password/],
    [ELSEWHERE, true, /not from another machine; with the login only/],
    [{ ...HERE, isForwarded: true }, true, /not through a proxy; with the login only/],
    [{ ...HERE, origin: { ...HERE.origin, hops: 1 } }, false, /not from another machine/],
    [{ ...HERE, origin: { ...HERE.origin, address: undefined } }, false, /not from another machine/],
  ];
  for (const [reader, hasLogin, message] of elsewhere) {
    const [status, text] = await perform("reload", "{}", { reader, hasLogin });
    assert.equal(status, 403);
    assert.match(text, message);
    const offer = JSON.parse(textOf(actions.offer(reader, hasLogin)));
    assert.deepEqual([offer.allowed, offer.token], [false, undefined]);
    assert.ok(text.endsWith(offer.why));
  }
  assert.deepEqual(told, []);
  assert.equal((await perform("reload", "{}", { reader: { ...ELSEWHERE, user: "me" }, hasLogin: true }))[0], 200);
});

test("each run has a token of its own", () => {
  assert.notEqual(fixture().token, fixture().token);
  assert.match(fixture().token, /^[\da-f]{32}$/);
});
