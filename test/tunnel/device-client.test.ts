import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { Channel, type ChannelOwner } from "#src/tunnel/channel.js";
import { DeviceClient } from "#src/tunnel/device-client.js";
import type { TunnelContext } from "#src/tunnel/tunnel-context.js";

const NOBODY: ChannelOwner = { wants() {}, pending() {}, ended() {}, closed() {} };
const SERVICE = { host: "127.0.0.1", port: 23 };

test("a client that the peer has closed counts as gone, though its bytes wait for a service that does not read", async () => {
  const channel = new Channel(0, SERVICE, NOBODY);
  const context = {
    descriptors: new DescriptorBudget(0),
    own: { isOffLimits: () => false },
    access: { permits: () => true },
  } as unknown as TunnelContext;
  const owner = { over() {}, fault: (error: unknown) => assert.fail(String(error)) };
  const client = new DeviceClient(channel, SERVICE, sharedOrigin("device"), context, owner);
  assert.equal(await client.clientState(), "present");
  channel.deliver(Buffer.from("x"));
  channel.close();
  assert.equal(await client.clientState(), "ended");
});
