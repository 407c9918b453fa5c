import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { openPortWarnings } from "#src/core/config/open-ports.js";

/** The ports in the warning for these configuration lines; empty without a warning. */
function named(...lines: string[]): string {
  const { settings, problems } = parseConfigFile(lines.join("\n"), "f");
  assert.deepEqual(problems, []);
  const { values, ...ports } = settings;
  const warnings = openPortWarnings({ ...DEFAULT_SETTINGS, ...values, ...ports }, "X");
  assert.ok(warnings.length < 2);
  return (
    /^every machine that reaches this one can use (.*), without a password; X limits that$/.exec(
      warnings[0] ?? "",
    )?.[1] ?? ""
  );
}

const HERE = ["[host]", "ip=127.0.0.1"];
const rows: readonly (readonly [what: string, lines: readonly string[], ports: string])[] = [
  ["nothing configured", [], "port 2504"],
  ["an address of the network", ["[host]", "ip=192.168.0.5"], "192.168.0.5:2504"],
  ["a name", ["[host]", "ip=hub"], "hub:2504"],
  ["all IPv6 addresses", ["[host]", "ip=::"], "port 2504"],
  ["the loopback", HERE, ""],
  ["its IPv6 address", ["[host]", "ip=::1"], ""],
  ["its name", ["[host]", "ip=localhost"], ""],
  ["clients", ["[access]", "clients=10.0.0.0/8"], ""],
  ["clients that are everybody: somebody has thought of it", ["[access]", "clients=0.0.0.0/0,::/0"], ""],
  [
    "all kinds of lines",
    ["[direct]", "1=a:1", "[mux]", "2=a:1", "[tunnel]", "3=EXPOSE 127.0.0.1:4>a:1"],
    "port 2504, port 1, port 2, port 3",
  ],
  ["a web page", [...HERE, "[web]", "port=80", "address=*"], "port 80"],
  ["a web page with a login", [...HERE, "[web]", "port=80", "address=*", "user=me", "password=x"], ""],
  ["a web page for some", [...HERE, "[web]", "port=80", "address=*", "clients=10.0.0.1"], ""],
  ["a UDP port", [...HERE, "[direct]", "udp:*:1=a:1", "udp:10.0.0.1:2=a:1"], "port udp:1, udp:10.0.0.1:2"],
  ["many", ["[direct]", "1=a:1", "2=a:1", "3=a:1", "4=a:1", "5=a:1"], "port 2504, port 1, port 2, port 3, and 2 more"],
  ["an exposed port", [...HERE, "[tunnel]", "3=EXPOSE 10.0.0.1:4>a:1 127.0.0.1:5>a:1"], "10.0.0.1:4"],
  [
    "devices that have to be somewhere",
    ["[access]", "devices=10.0.0.1", "[tunnel]", "3=EXPOSE 127.0.0.1:4>a:1"],
    "port 2504",
  ],
  [
    "devices that have to know a secret",
    ["[tunnel]", "3=EXPOSE 127.0.0.1:4>a:1 TLS=1 CERT=c PKEY=k SECR=s"],
    "port 2504",
  ],
  [
    "clients that need a certificate",
    [
      ...["[host]", "listen-tls=ca", "[tls ca]", "cert=c", "key=k", "ca=a", "[tls open]", "cert=c", "key=k"],
      ...["[direct]", "1=a:1 LTLS=ca", "2=a:1 LTLS=open", "[mux]", "3=a:1 LTLS=ca"],
      ...["[tunnel]", "4=EXPOSE 0.0.0.0:5>a:1 TLS=ca LTLS=ca", "6=EXPOSE 0.0.0.0:7>a:1 TLS=open LTLS=open"],
    ],
    "port 2, port 6, port 7",
  ],
  ["several devices", ["[tunnel]", "3=EXPOSE barn@127.0.0.1:4>a:1 TLS=1 CERT=c PKEY=k DEVC=barn:s"], "port 2504"],
  ["a web page", [...HERE, "[web]", "port=80", "address=*"], "port 80"],
  ["no proxy port", ["[host]", "port=0", "[mux]", "127.0.0.1:2=a:1"], ""],
  [
    "lines that name their addresses",
    [...HERE, "[mux x]", "listen=10.0.0.1:2, 127.0.0.1:3, *:4", "target=a:1", "[direct]", "10.0.0.1:5=a:1"],
    "10.0.0.1:5, 10.0.0.1:2, port 4",
  ],
  ["a web page for this machine", [...HERE, "[web]", "port=80"], ""],
];
for (const [what, lines, ports] of rows) {
  test(`who can use the daemon: ${what}`, () => assert.equal(named(...lines), ports));
}
