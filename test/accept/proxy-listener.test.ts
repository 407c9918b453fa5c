import assert from "node:assert/strict";
import { test } from "node:test";
import { controlListeners } from "#src/accept/control-listener.js";
import type { AcceptedClient } from "#src/accept/listener.js";
import { proxyListeners } from "#src/accept/proxy-listener.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { FakeEnd } from "../support/fake-end.js";

test("clients of the proxy's port begin in setup mode, and read in its words why they are rejected", () => {
  const [listener] = proxyListeners({ ...DEFAULT_SETTINGS, port: 2504 });
  const begun: string[] = [];
  listener?.welcome({ beginSetup: () => begun.push("setup") } as unknown as AcceptedClient);
  assert.deepEqual(begun, ["setup"]);
  const client = new FakeEnd();
  listener?.reject(client as unknown as StreamEnd, "no room");
  assert.equal(client.text, "ERR ACCESS no room\n");
  assert.deepEqual([listener?.essential, listener?.throughDaemon], [true, "refused"]);
});

test("`port=0` means no proxy port", () => {
  assert.deepEqual(proxyListeners({ ...DEFAULT_SETTINGS, port: 0 }), []);
});

test("there is a control socket where the settings name one", () => {
  assert.deepEqual(controlListeners(DEFAULT_SETTINGS), []);
  const [listener] = controlListeners({ ...DEFAULT_SETTINGS, control: "/run/user/1/control.sock" });
  assert.deepEqual([listener?.path, listener?.essential, listener?.port], ["/run/user/1/control.sock", true, 0]);
});
