import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { parseNetwork } from "#src/core/net/access-patterns.js";
import { covers } from "#src/core/net/network-match.js";

function isCovered(network: string, address: string): boolean {
  const parsed = parseNetwork(network);
  return parsed?.ok ? covers(parsed.value, address) : assert.fail(network);
}

test("addresses and networks of both families", () => {
  const table: [network: string, address: string, covered: boolean][] = [
    ["192.168.1.5", "192.168.1.5", true],
    ["192.168.1.5", "192.168.1.6", false],
    ["192.168.1.5", "::ffff:192.168.1.5", true],
    ["192.168.1.0/24", "192.168.1.255", true],
    ["192.168.1.0/25", "192.168.1.128", false],
    ["0.0.0.0/0", "8.8.8.8", true],
    ["0.0.0.0/0", "fe80::1", false],
    ["::/0", "fe80::1", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["2001:db8::1", "2001:0db8:0:0:0:0:0:1", true],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["::1", "::1", true],
    ["127.0.0.1", "a shared link", false],
  ];
  for (const [network, address, covered] of table)
    assert.equal(isCovered(network, address), covered, `${network} ${address}`);
});

test("law: the same as the block list of Node says", () => {
  const family = fc.constantFrom("ipv4", "ipv6");
  fc.assert(
    fc.property(family, fc.ipV4(), fc.ipV4(), fc.ipV6(), fc.ipV6(), fc.nat(128), (kind, a4, b4, a6, b6, bits) => {
      const isV4 = kind === "ipv4";
      const [base, address] = isV4 ? [a4, b4] : [a6, b6];
      const prefix = isV4 ? bits % 33 : bits;
      const list = new BlockList();
      list.addSubnet(base, prefix, isV4 ? "ipv4" : "ipv6");
      for (const each of [address, base]) {
        if (each.startsWith("::ffff:") || base.startsWith("::ffff:")) continue; // IPv4 in IPv6 form counts as IPv4 here
        assert.equal(
          isCovered(`${base}/${prefix}`, each),
          list.check(each, isV4 ? "ipv4" : "ipv6"),
          `${base}/${prefix} ${each}`,
        );
      }
    }),
    { numRuns: 300 },
  );
});
