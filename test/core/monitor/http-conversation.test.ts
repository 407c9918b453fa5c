import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpConversation } from "#src/core/monitor/http-conversation.js";

const METHODS_MAX = 256;

test("each response gets the method of its request, in order", () => {
  const conversation = new HttpConversation();
  for (const method of ["GET", "HEAD"]) conversation.requestSeen(method);
  assert.equal(conversation.responseSeen(), "GET");
  conversation.requestSeen("POST");
  assert.deepEqual(
    [1, 2, 3].map(() => conversation.responseSeen()),
    ["HEAD", "POST", undefined],
  );
});

test("of too many requests the last have no method, and a later request does not lend them its own", () => {
  const conversation = new HttpConversation();
  for (let count = 0; count < METHODS_MAX + 2; count += 1) conversation.requestSeen("GET");
  for (let count = 0; count < METHODS_MAX; count += 1) assert.equal(conversation.responseSeen(), "GET");
  conversation.requestSeen("HEAD"); // two without a method are still before it
  assert.deepEqual(
    [1, 2, 3].map(() => conversation.responseSeen()),
    [undefined, undefined, undefined],
  );
  conversation.requestSeen("PUT");
  assert.equal(conversation.responseSeen(), "PUT");
});

test("a protocol that has been switched stays so", () => {
  const conversation = new HttpConversation();
  assert.equal(conversation.switched, false);
  conversation.switchProtocol();
  assert.equal(conversation.switched, true);
});
