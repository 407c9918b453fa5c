import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cutText,
  type DeviceStatus,
  deviceLine,
  resumedText,
  type TunnelStatus,
  tunnelLines,
  tunnelStatus,
} from "#src/core/tunnel/tunnel-status.js";

const LINK = { address: "10.0.0.9:40000", ageMs: 5999, clients: 2, received: 10, sent: 20 };
const TUNNEL: TunnelStatus = {
  ...{ port: 7000, exposed: ["0.0.0.0:8023>10.41.51.152:23", "127.0.0.1:8080>192.168.0.3:80"], listening: true },
  ...{ link: LINK, links: 3, clients: 4, refused: 5, stalled: 6, replaced: 0, resumed: 8, turnedAway: 7 },
  ...{ received: 110, sent: 120 },
};
const firstLine = (tunnel: TunnelStatus): string => tunnelLines(tunnel)[0] ?? "";
const HEAD = " tunnel 7000 0.0.0.0:8023>10.41.51.152:23 127.0.0.1:8080>192.168.0.3:80:";
const TAIL = "4 clients so far, 5 refused, 6 stalled, 7 devices turned away, 110 bytes received, 120 sent";

test("a tunnel: whether its device is there, and ready", () => {
  assert.equal(firstLine(TUNNEL), `${HEAD} device 10.0.0.9:40000 for 5 s, 2 clients; ${TAIL}`);
  const waiting = firstLine({ ...TUNNEL, listening: false });
  assert.equal(waiting, `${HEAD} device 10.0.0.9:40000 (not ready) for 5 s, 2 clients; ${TAIL}`);
  const { link: _, ...lost } = TUNNEL;
  assert.equal(firstLine({ ...lost, listening: false }), `${HEAD} no device, 0 clients; ${TAIL}`);
  assert.ok(firstLine({ ...TUNNEL, name: "plant" }).startsWith(HEAD.replace("tunnel", "tunnel plant")));
});

test("a tunnel with several devices: how many are there, and a line for each", () => {
  const { link: _, ...line } = TUNNEL;
  const counts = { links: 1, clients: 2, refused: 0, stalled: 0, replaced: 0, resumed: 0, received: 7, sent: 8 };
  const [barn, mill] = [
    { device: "barn", exposed: ["a:1>b:1"], listening: true, link: LINK, ...counts },
    { device: "mill", exposed: ["a:2>b:2"], listening: false, ...counts },
  ];
  assert.deepEqual(tunnelLines({ ...line, name: "farm", exposed: ["a:1>b:1", "a:2>b:2"], devices: [barn, mill] }), [
    ` tunnel farm 7000 a:1>b:1 a:2>b:2: 1 of 2 devices, 2 clients; ${TAIL}`,
    " tunnel farm 7000 device barn a:1>b:1: device 10.0.0.9:40000 for 5 s, 2 clients; 2 clients so far, 0 refused, 0 stalled, 7 bytes received, 8 sent",
    " tunnel farm 7000 device mill a:2>b:2: no device, 0 clients; 2 clients so far, 0 refused, 0 stalled, 7 bytes received, 8 sent",
  ]);
});

test("the status of a line is the sum of its devices; one without a name is the line itself", () => {
  const counts = { links: 1, clients: 2, refused: 3, stalled: 4, replaced: 5, resumed: 9, received: 6, sent: 7 };
  const slot = { exposed: ["a:1>b:1"], listening: true, link: LINK, ...counts };
  const alone = tunnelStatus({ port: 7000 }, [slot], 8);
  assert.deepEqual(alone, { port: 7000, ...slot, turnedAway: 8 });
  const { link: _, ...idle } = { ...slot, device: "mill", listening: false };
  const devices = [{ ...slot, device: "barn" }, idle];
  const doubled = { links: 2, clients: 4, refused: 6, stalled: 8, replaced: 10, resumed: 18, received: 12, sent: 14 };
  assert.deepEqual(tunnelStatus({ port: 7000, name: "farm" }, devices, 8), {
    ...{ port: 7000, name: "farm", exposed: ["a:1>b:1", "a:1>b:1"], listening: true, turnedAway: 8, devices },
    ...doubled,
  });
});

test("a device that waits says why", () => {
  const { link: _, ...lost } = DEVICE;
  const line = deviceLine({ ...lost, connected: false, problem: "link lost: refused: secret" });
  assert.match(line, /: not connected \(link lost: refused: secret\), 0 clients;/);
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

test("a link that waits for another connection", () => {
  const link = { ...LINK, resuming: true } as const;
  assert.match(firstLine({ ...TUNNEL, link }), /device 10\.0\.0\.9:40000 \(waiting to resume\) for 5 s, 2 clients;/);
  assert.match(deviceLine({ ...DEVICE, link }), /: waiting to resume for 5 s, 2 clients;/);
  assert.equal(cutText("by remote", 3, 30_000), "link lost: by remote; 3 clients wait up to 30 s");
  assert.equal(cutText("by remote", 1, 500), "link lost: by remote; 1 client waits up to 0.5 s");
  assert.equal(resumedText(2149, 3), "link resumed after 2.1 s, 3 clients go on");
  assert.equal(resumedText(12, 1), "link resumed after 0 s, 1 client goes on");
});
