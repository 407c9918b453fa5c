import assert from "node:assert/strict";
import { test } from "node:test";
import { Alerts } from "#src/alerts/alerts.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { Settings, TunnelLine } from "#src/core/config/settings.js";
import type { HostPort } from "#src/core/net/address.js";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";
import { TLS_OF_FILES } from "#src/core/tunnel/tunnel-tls.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import type { TunnelContext } from "#src/tunnel/tunnel-context.js";
import { TunnelLines } from "#src/tunnel/tunnel-lines.js";
import { ManualClock } from "../support/clock.js";
import { statusOf } from "../support/gathered.js";
import { MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";

const SERVER = { host: "hub", port: 7000 };
const MOST_DEVICES = 64;

/** The tunnels of a daemon without free descriptors: each device reports that once and waits to try again. */
function fixture() {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const own = new OwnSockets(clock);
  const alerts = new Alerts(clock, log, localNames(clock));
  const host = { clock, log, own, alerts, settings: DEFAULT_SETTINGS, descriptors: new DescriptorBudget(0) };
  const tunnels = new TunnelLines(host as unknown as TunnelContext);
  const told = async (): Promise<number> => {
    await new Promise((resolve) => setImmediate(resolve));
    return log.lines.length;
  };
  return {
    ...{ tunnels, clock, told, own },
    configure: (settings: Partial<Settings>) =>
      tunnels.configure({ ...DEFAULT_SETTINGS, ...settings }, host as unknown as TunnelContext),
  };
}

test("a device stays as long as [device], and is replaced when any of its keys changes, the secret included", async () => {
  const { tunnels, clock, told, configure } = fixture();
  const device = { deviceServers: [SERVER], deviceTls: TLS_OF_FILES, deviceSecret: "sesame" };
  for (const _ of [1, 2]) {
    configure(device);
    assert.equal(await told(), 1);
  }
  configure({ ...device, deviceSecret: "open" });
  assert.equal(await told(), 2);
  assert.deepEqual([statusOf(tunnels).devices.length, clock.pending], [1, 1]);
  configure({});
  assert.deepEqual([statusOf(tunnels).devices.length, clock.pending], [0, 0]);
});

test("a section keeps a link to each of its servers, and a reload touches those alone that come or go", async () => {
  const { tunnels, clock, told, configure } = fixture();
  const [one, two, three] = ["one", "two", "three"].map((host) => ({ host, port: 7000 })) as [
    HostPort,
    HostPort,
    HostPort,
  ];
  const servers = () => statusOf(tunnels).devices.map(({ name, server }) => `${name} ${server}`);
  const home = (...deviceServers: HostPort[]) => ({
    namedDevices: [{ ...DEFAULT_SETTINGS, name: "home", deviceServers }],
  });
  configure(home(one, two));
  assert.deepEqual([await told(), servers()], [2, ["home one:7000", "home two:7000"]]);
  configure(home(three, two, one));
  assert.deepEqual([await told(), servers()], [3, ["home three:7000", "home two:7000", "home one:7000"]]);
  configure(home(two));
  assert.deepEqual([await told(), servers(), clock.pending], [3, ["home two:7000"], 1]);
});

test("TCPR starts one device for each server and service, at most 64; all end with the daemon", async () => {
  const { tunnels, clock, told } = fixture();
  const services = Array.from({ length: MOST_DEVICES }, (_, index) => ({ host: "10.0.0.1", port: index + 1 }));
  for (const service of [...services, ...services]) assert.equal(tunnels.startDevice(SERVER, service), undefined);
  assert.equal(await told(), MOST_DEVICES);
  assert.equal(tunnels.startDevice(SERVER, { host: "10.0.0.1", port: 99 }), "64 links are kept already");
  const { devices } = statusOf(tunnels);
  assert.deepEqual(
    devices.map(({ services: only }) => only),
    services.map(({ port }) => `10.0.0.1/32:${port}`),
  );
  tunnels.close("enough");
  assert.deepEqual([statusOf(tunnels).devices.length, clock.pending], [0, 0]);
});

test("TCPR starts no device whose server or service is the daemon itself", () => {
  const { tunnels, own } = fixture();
  const listener = { port: 2504, name: "proxy port 2504", throughDaemon: "refused", accepts: "clients" } as const;
  own.opened({ listener, bound: "*" });
  const itself = { host: "127.0.0.1", port: 2504 };
  const other = { host: "10.0.0.1", port: 23 };
  for (const [server, service] of [
    [itself, other],
    [other, itself],
  ] as const) {
    assert.equal(tunnels.startDevice(server, service), "127.0.0.1:2504: that is this daemon itself");
  }
  assert.equal(statusOf(tunnels).devices.length, 0);
});

test("a line that stays as it is keeps its server through a reload; a line that goes closes it", () => {
  const { tunnels, configure } = fixture();
  const lineOf = (text: string) => {
    const route = parseTunnelRoute(text);
    assert.ok(route.ok);
    return { port: 7000, text, route: route.value };
  };
  const line = lineOf("EXPOSE 127.0.0.1:1>127.0.0.1:2");
  configure({ tunnel: [line] });
  const server = tunnels.of(line);
  configure({ tunnel: [{ ...line }] });
  assert.equal(tunnels.of(line), server);
  assert.deepEqual(
    statusOf(tunnels).tunnels.map(({ port, exposed }) => [port, exposed]),
    [[7000, ["127.0.0.1:1>127.0.0.1:2"]]],
  );
  const changed = lineOf("EXPOSE 127.0.0.1:1>127.0.0.1:3");
  configure({ tunnel: [changed] });
  assert.notEqual(tunnels.of(changed), server);
  configure({});
  assert.deepEqual(statusOf(tunnels).tunnels, []);
});

test("thousands of lines are shown with a pause behind each; those that nobody wants are not looked at", () => {
  const { tunnels, configure } = fixture();
  const tunnel = Array.from({ length: 300 }, (_, index): TunnelLine => {
    const route = parseTunnelRoute("EXPOSE 127.0.0.1:1>a:2");
    assert.ok(route.ok);
    return { port: 7000 + index, name: `h${index}`, route: route.value };
  });
  configure({ tunnel });
  const gathering = tunnels.gather(({ lineNames: [key] }) => key !== "h7");
  let pauses = 0;
  let step = gathering.next();
  for (; !step.done; step = gathering.next()) pauses += 1;
  assert.deepEqual([pauses, step.value.tunnels.length], [299, 299]);
  assert.ok(tunnels.isIdle);
});
