import assert from "node:assert/strict";
import { test } from "node:test";
import { RawBridge } from "#src/mqtt/raw-bridge.js";
import { FakeEnd } from "../support/fake-end.js";

/** A bridge, and what sets something at its topic. */
function scene(remote: FakeEnd | undefined) {
  let set: (payload: Buffer) => void = () => assert.fail();
  const mqtt = {
    isBusy: false,
    publish() {},
    offer() {},
    subscribe(topic: string, heard: (payload: Buffer) => void) {
      assert.equal(topic, "box/set");
      set = heard;
      return () => {};
    },
  };
  const bridge = new RawBridge(
    "box",
    () => remote,
    mqtt,
    () => false,
  );
  return { bridge, set: (payload: Buffer) => set(payload) };
}

test("what others set is written, and counted; what is empty is nothing", () => {
  const remote = new FakeEnd();
  const { bridge, set } = scene(remote);
  for (const text of ["on", "", "off"]) set(Buffer.from(text));
  assert.deepEqual([remote.text, bridge.written, bridge.refused], ["onoff", 5, 0]);
});

test("what is set is refused where there is no remote, where it is too large, and where the remote does not take what came before", () => {
  const nobody = scene(undefined);
  nobody.set(Buffer.from("on"));
  assert.deepEqual([nobody.bridge.written, nobody.bridge.refused], [0, 1]);
  const remote = new FakeEnd();
  const { bridge, set } = scene(remote);
  set(Buffer.alloc(65_537));
  assert.deepEqual([remote.text, bridge.refused], ["", 1]);
  remote.setBusy(true);
  for (const bytes of [65_536, 1, 1]) set(Buffer.alloc(bytes));
  assert.deepEqual([bridge.written, bridge.refused], [65_537, 2]);
  remote.gone = true;
  set(Buffer.of(1));
  assert.equal(bridge.refused, 3);
});
