import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import { printable } from "#src/core/parse/text.js";
import { WebhookRequests } from "#src/core/webhook/webhook-request.js";
import type { WebhookSettings } from "#src/core/webhook/webhook-settings.js";

const EVENT: GatewayEvent = {
  ...{ event: "data", time: "2026-11-30T07:15:01.250Z", pid: "p/1", listener: 8125, remote: "a:1", client: "b:2" },
  ...{ bytes: 48, text: 'it says "1 < 2" & more' },
};

function requestsOf(more: Partial<WebhookSettings>): WebhookRequests {
  const requests = WebhookRequests.of({ name: "hub", url: "http://hub/", method: "POST", headers: [], ...more });
  assert.ok(requests.ok, requests.ok ? "" : requests.message);
  return requests.value;
}

const form = [{ name: "Content-Type", value: "application/x-www-form-urlencoded" }];
const json = [{ name: "content-type", value: "application/json; charset=utf-8" }];
const plain = [{ name: "Content-Type", value: "text/plain" }];

/** A body as the configuration has it, and what it becomes. */
const bodies: [body: string, headers: WebhookSettings["headers"], sent: string, type: string | undefined][] = [
  ['{"t":"{text}","n":{bytes}}', [], '{"t":"it says \\"1 < 2\\" & more","n":48}', "application/json"],
  [
    '{"t":{text},"name":{name},"a":"x\\"{pid}"}',
    json,
    '{"t":"it says \\"1 < 2\\" & more","name":null,"a":"x\\"p/1"}',
    undefined,
  ],
  [
    "pid={pid}&text={text}",
    [],
    "pid=p%2F1&text=it%20says%20%221%20%3C%202%22%20%26%20more",
    "application/x-www-form-urlencoded",
  ],
  ["{event} of {text}", [], 'data of it says "1 < 2" & more', "text/plain; charset=utf-8"],
  ["[{event}] {bytes}", [], "[data] 48", "text/plain; charset=utf-8"],
  ["[{bytes},{name}]", [], "[48,null]", "application/json"],
  ["{text}", form, "it%20says%20%221%20%3C%202%22%20%26%20more", undefined],
  ["<a t='{text}'/>", [], "<a t='it says &quot;1 &lt; 2&quot; &amp; more'/>", "application/xml"],
  ["{event} of {name}{pid}: {text}", plain, 'data of p/1: it says "1 < 2" & more', undefined],
  ['say "{text}" {{event}}', [], 'say "it says \\"1 < 2\\" & more" {event}', "text/plain; charset=utf-8"],
];
for (const [body, headers, sent, type] of bodies) {
  test(`the body ${body} as ${type ?? headers[0]?.value}`, () => {
    const request = requestsOf({ body, headers }).requestFor(EVENT);
    assert.equal(request.body, sent);
    assert.equal(request.headers["content-type"], type ?? headers[0]?.value);
  });
}

test("without a body the event is posted as JSON; a method without a body has none", () => {
  const { body = "", headers } = requestsOf({}).requestFor(EVENT);
  assert.deepEqual([JSON.parse(body), headers["content-type"]], [EVENT, "application/json"]);
  const got = requestsOf({ method: "GET" }).requestFor(EVENT);
  assert.deepEqual([got.body, got.headers["content-type"]], [undefined, undefined]);
});

test("words in path and query are percent-encoded, and no value is a step to another folder", () => {
  const { path, headers } = requestsOf({
    url: "https://me:p%40ss@hub:8111/a/{pid}/b c?t={text}&u={{pid}}#",
  }).requestFor(EVENT);
  assert.equal(path, "/a/p%2F1/b%20c?t=it%20says%20%221%20%3C%202%22%20%26%20more&u={pid}");
  assert.equal(headers["authorization"], `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  const stepping = requestsOf({ url: "http://hub/a/{pid}/set" });
  for (const pid of ["..", "."]) assert.doesNotMatch(stepping.requestFor({ ...EVENT, pid }).path, /\/\.{1,2}\//);
});

test("no value brings a character into XML that XML cannot have", () => {
  assert.equal(
    requestsOf({ body: "<a>{pid}</a>" }).requestFor({ ...EVENT, pid: "\uFFFE\uFFFF<" }).body,
    "<a>??&lt;</a>",
  );
});

const anything = fc.string({ unit: "binary", maxLength: 60 });

test("whatever a value is, it stays one value where it stands", () => {
  const all = requestsOf({
    url: "http://hub/a/{pid}/z?q={text}&z=1",
    headers: [{ name: "X-Pid", value: "<{pid}> {text}" }],
    body: '{"a":"{text}","b":{pid},"z":1}',
  });
  const posted = requestsOf({ body: "a={text}&b={pid}" });
  const marked = requestsOf({ body: "<a>{text}</a>" });
  fc.assert(
    fc.property(anything, anything, (pid, text) => {
      const event = { ...EVENT, pid, text };
      const [plainPid, plainText] = [printable(pid), printable(text)];
      const request = all.requestFor(event);
      assert.deepEqual(JSON.parse(request.body ?? ""), { a: plainText, b: plainPid, z: 1 });
      assert.match(request.headers["x-pid"] ?? "", /^[\x20-\x7e]*$/);
      const url = new URL(`http://hub${request.path}`);
      assert.deepEqual([url.searchParams.get("q"), url.searchParams.get("z")], [plainText, "1"]);
      assert.match(url.pathname, /^\/a\/[^/]*\/z$/);
      const form = new URLSearchParams(posted.requestFor(event).body);
      assert.deepEqual([form.get("a"), form.get("b")], [plainText, plainPid]);
      assert.match(marked.requestFor(event).body ?? "", /^<a>[^<>]*<\/a>$/);
    }),
  );
});
