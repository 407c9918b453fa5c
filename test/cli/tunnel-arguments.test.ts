import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTunnelArguments } from "#src/cli/tunnel-arguments.js";
import { formatHostPort } from "#src/core/net/address.js";
import { formatServices } from "#src/core/tunnel/service-rules.js";

/** The settings of a command line. */
function parsed(text: string) {
  const result = parseTunnelArguments(text.split(" ").filter(Boolean));
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result.value;
}

function server(text: string) {
  const value = parsed(text);
  if (value.kind !== "server") assert.fail(value.kind);
  const { exposures } = value.line.route;
  const exposed = exposures.map(({ listen, service }) => `${formatHostPort(listen)}>${formatHostPort(service)}`);
  return { ...value, exposed };
}

const servers: [text: string, ip: string, port: number, exposed: string[]][] = [
  ["7000 0.0.0.0:8023 10.41.51.152:23", "*", 7000, ["0.0.0.0:8023>10.41.51.152:23"]],
  [":7000 127.0.0.1:8023 plc:23", "*", 7000, ["127.0.0.1:8023>plc:23"]],
  ["0.0.0.0:7000 127.0.0.1:1 [::1]:2", "*", 7000, ["127.0.0.1:1>[::1]:2"]],
  ["10.0.0.1:7000 10.0.0.2:7000 b:1", "10.0.0.1", 7000, ["10.0.0.2:7000>b:1"]],
  ["[::1]:7000 127.0.0.1:1 a:1 127.0.0.1:2 b:2", "::1", 7000, ["127.0.0.1:1>a:1", "127.0.0.1:2>b:2"]],
];
for (const [text, ip, port, exposed] of servers) {
  test(`tunnel server ${text}`, () => {
    const found = server(`server ${text}`);
    assert.deepEqual([found.ip, found.line.port, found.exposed, found.debug], [ip, port, exposed, false]);
  });
}

test("options, and -v, -d and their long forms, may stand anywhere", () => {
  const { line, exposed } = server("server STAL=7 7000 127.0.0.1:1 a:1 IDLE=600 HLTH=0");
  assert.deepEqual(exposed, ["127.0.0.1:1>a:1"]);
  assert.deepEqual(
    [line.route.tunnel.stallMs, line.route.tunnel.probeMs, line.route.options.quietMs],
    [7000, 0, 600_000],
  );
  for (const flag of ["-v", "-d", "--verbose", "--debug"]) {
    assert.equal(server(`${flag} server 7000 127.0.0.1:1 a:1`).debug, true);
    assert.equal(server(`server 7000 127.0.0.1:1 a:1 ${flag}`).debug, true);
  }
});

test("several devices: the name in front of the port; a device says its own", () => {
  const { line } = server("server 7000 barn@127.0.0.1:1 a:1 TLS=1 CERT=/c PKEY=/k DEVC=barn:sesame");
  assert.deepEqual([line.route.exposures[0]?.device, line.route.tunnel.devices.length], ["barn", 1]);
  const found = parsed("device --server h:1 --allow a:1 --tls --secret sesame --name barn");
  assert.ok(found.kind === "device");
  assert.deepEqual([found.values.deviceName, found.values.deviceSecret], ["barn", "sesame"]);
});

test("tunnel device sets the same as [device]", () => {
  const found = parsed("device --server hub:7000 --allow=10.41.51.152:23,192.168.0.0/24:80,[::1]:22 -v");
  assert.ok(found.kind === "device" && found.debug);
  assert.deepEqual(found.values.deviceServers, [{ host: "hub", port: 7000 }]);
  const services = "10.41.51.152/32:23, 192.168.0.0/24:80, [::1/128]:22";
  assert.equal(formatServices(found.values.deviceAllow ?? []), services);
});

test("tunnel device: its secret and its certificate", () => {
  const { kind, ...found } = parsed("device --server h:1 --allow a:1 --tls --ca /a --cert /c --key /k --secret 007");
  assert.ok(kind === "device" && "values" in found);
  const { deviceTls, deviceAuthority, deviceCertificate, deviceKey, deviceSecret } = found.values;
  assert.deepEqual(
    [deviceTls?.kind, deviceAuthority, deviceCertificate, deviceKey, deviceSecret],
    ["files", "/a", "/c", "/k", "007"],
  );
});

const wrong: [text: string, message: RegExp][] = [
  ["", /^server or device is wanted$/],
  ["start", /^unknown side "start": server or device is wanted$/],
  ["-x", /^unknown option -x$/],
  ["server", /^bad <server:port> "": port or address:port is wanted$/],
  ["server x 127.0.0.1:1 a:1", /^bad <server:port> "x"/],
  ["server 70000 127.0.0.1:1 a:1", /^bad <server:port> "70000"/],
  ["server 7000", /^nothing is exposed: <host:port> <service:port> is wanted$/],
  ["server 7000 127.0.0.1:1", /^"127.0.0.1:1" has no <service:port> behind it$/],
  ["server 7000 127.0.0.1:1 a:1 127.0.0.1:2", /^"127.0.0.1:2" has no/],
  ["server 7000 8023 a:1", /^bad target "8023"/],
  ["server 7000 127.0.0.1:1 a", /^bad target "a"/],
  ["server 7000 127.0.0.1:1 a:1 127.0.0.1:1 b:1", /^127.0.0.1:1 is exposed twice$/],
  ["server 7000 127.0.0.1:7000 a:1", /^127.0.0.1:7000 is where the device connects$/],
  ["server 127.0.0.1:7000 0.0.0.0:7000 a:1", /^0.0.0.0:7000 is where the device connects$/],
  ["server 7000 127.0.0.1:1 a:1 FOO=1", /^unknown option "FOO"$/],
  ["server 7000 127.0.0.1:1 a:1 STAL=x", /^bad STAL "x"/],
  ["server 7000 127.0.0.1:1 a:1 PRTO=udp", /PRTO has no place here/],
  ["server 7000 127.0.0.1:1 a:1 --allow a:1", /^--allow goes with device$/],
  ["server 7000 127.0.0.1:1 a:1 --tls", /^--tls goes with device$/],
  ["server 7000 127.0.0.1:1 a:1 --secret x", /^--secret goes with device$/],
  ["device --server h:1 --allow a:1 --secret x", /^secret is told over TLS only: tls is wanted$/],
  ["device --server h:1 --allow a:1 --name barn", /^name goes with secret/],
  ["device --server h:1 --allow a:1 --tls --secret x --name ba/rn", /^--name: the name of a device is wanted/],
  ["server 7000 barn@127.0.0.1:1 a:1", /^barn is no device of this line/],
  ["device --server h:1 --allow a:1 --ca /a", /^ca, cert and key go with tls$/],
  ["device --server h:1 --allow a:1 --tls --key /k", /^cert and key: one needs the other$/],
  ["device --server h:1 --allow a:1 --tls --ca=", /^--ca wants one value: file$/],
  ["device --server h:1 --allow a:1 --tls --secret", /^--secret wants one value: secret$/],
  ["device", /^--server is missing: host:port of the server$/],
  ["device --server hub:7000", /^--allow is missing: /],
  ["device --allow a:1", /^--server is missing: /],
  ["device --server --allow a:1", /^--server wants one value/],
  ["device --server hub --allow a:1", /^--server: bad target "hub"/],
  ["device --server hub:7000 --server hub:7001 --allow a:1", /^--server wants one value/],
  ["device --server hub:7000 --allow", /^--allow wants one value/],
  ["device --server hub:7000 --allow 10.0.0.1", /^--allow: bad service "10.0.0.1"/],
  ["device --server hub:7000 --allow a:1 more", /^unexpected argument "more"$/],
];
for (const [text, message] of wrong) {
  test(`tunnel ${text} is refused`, () => {
    const result = parseTunnelArguments(text.split(" ").filter(Boolean));
    assert.ok(!result.ok);
    assert.match(result.message, message);
  });
}

test("--help works at any place", () => {
  for (const text of ["--help", "-h", "server --help", "device -h"]) assert.equal(parsed(text).kind, "help");
});
