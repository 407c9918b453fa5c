import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeviceStatus, deviceLine, type TunnelStatus, tunnelLine } from "#src/core/tunnel/tunnel-status.js";

const LINK = { address: "10.0.0.9:40000", ageMs: 5999, clients: 2, received: 10, sent: 20 };
const TUNNEL: TunnelStatus = {
  ...{ port: 7000, exposed: ["0.0.0.0:8023>10.41.51.152:23", "127.0.0.1:8080>192.168.0.3:80"], listening: true },
  ...{ link: LINK, links: 3, clients: 4, refused: 5, stalled: 6, replaced: 0, resumed: 8, turnedAway: 7 },
  ...{ received: 110, sent: 120 },
};
const HEAD = " tunnel 7000 0.0.0.0:8023>10.41.51.152:23 127.0.0.1:8080>192.168.0.3:80:";
const TAIL = "4 clients so far, 5 refused, 6 stalled, 7 devices turned away, 110 bytes received, 120 sent";

test("a tunnel: whether its device is there, and ready", () => {
  assert.equal(tunnelLine(TUNNEL), `${HEAD} device 10.0.0.9:40000 for 5 s, 2 clients; ${TAIL}`);
  const waiting = tunnelLine({ ...TUNNEL, listening: false });
  assert.equal(waiting, `${HEAD} device 10.0.0.9:40000 (not ready) for 5 s, 2 clients; ${TAIL}`);
  const { link: _, ...lost } = TUNNEL;
  assert.equal(tunnelLine({ ...lost, listening: false }), `${HEAD} no device, 0 clients; ${TAIL}`);
  assert.ok(tunnelLine({ ...TUNNEL, name: "plant" }).startsWith(HEAD.replace("tunnel", "tunnel plant")));
});

const DEVICE: DeviceStatus = {
  ...{ server: "hub:7000", services: "10.0.0.1/32:23, plc:80", connected: true, link: LINK },
  ...{ links: 3, clients: 4, refused: 5, resumed: 6, received: 110, sent: 120 },
};

test("a device: its server, its services, whether it is connected", () => {
  const tail = "3 links and 4 clients so far, 5 refused, 110 bytes received, 120 sent";
  const head = " device of hub:7000 for 10.0.0.1/32:23, plc:80:";
  assert.ok(deviceLine({ ...DEVICE, name: "office" }).startsWith(head.replace("device", "device office")));
  assert.equal(deviceLine(DEVICE), `${head} connected for 5 s, 2 clients; ${tail}`);
  const { link: _, ...lost } = DEVICE;
  assert.equal(
    deviceLine({ ...lost, services: "", connected: false }),
    ` device of hub:7000 for nothing: not connected, 0 clients; ${tail}`,
  );
});
