import assert from "node:assert/strict";
import { test } from "node:test";
import { droppedText, isMulticast, noneDropped } from "#src/core/net/datagrams.js";

test("groups are 224.0.0.0/4 and ff00::/8, however they are written", () => {
  const groups = ["224.0.0.1", "239.255.255.255", "::ffff:239.1.2.3", "ff02::fb", "FF02::fb%eth0"];
  const others = ["223.255.255.255", "240.0.0.0", "255.255.255.255", "127.0.0.1", "fe80::1", "2001:db8::ff02", "::"];
  for (const group of groups) assert.equal(isMulticast(group), true, group);
  for (const other of others) assert.equal(isMulticast(other), false, other);
});

test("dropped datagrams in words: the reasons that there were", () => {
  assert.equal(droppedText(noneDropped()), undefined);
  assert.equal(droppedText({ slow: 1, foreign: 0, unsent: 0 }), "1 datagram dropped (1 slow)");
  assert.equal(droppedText({ slow: 1, foreign: 0, unsent: 2 }), "3 datagrams dropped (1 slow, 2 unsent)");
});
