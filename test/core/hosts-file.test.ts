import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesInHosts } from "#src/core/hosts-file.js";

const HOSTS = `# comment
::1\tlocalhost ip6-localhost # more
127.0.0.1 localhost
192.168.0.7   Heating heating.lan#tight
nonsense heating
192.168.0.8 heating
192.168.0.7 heating
`;

test("names are found in any case, IPv4 first, each address once, comments and nonsense passed over", () => {
  assert.deepEqual(addressesInHosts(HOSTS, "LOCALHOST"), ["127.0.0.1", "::1"]);
  assert.deepEqual(addressesInHosts(HOSTS, "heating"), ["192.168.0.7", "192.168.0.8"]);
  assert.deepEqual(addressesInHosts(HOSTS, "heating.lan."), ["192.168.0.7"]);
  for (const absent of ["more", "127.0.0.1", "", "comment"]) assert.deepEqual(addressesInHosts(HOSTS, absent), []);
});
