import assert from "node:assert/strict";
import { test } from "node:test";
import { searchHosts } from "#src/core/net/hosts-file.js";

const HOSTS = `# comment
::1\tlocalhost ip6-localhost # more
127.0.0.1 localhost
192.168.0.7   Heating heating.lan#tight
nonsense heating
192.168.0.8 heating
192.168.0.7 heating
`;

/** The addresses of a name, and the number of steps of the search. */
function search(text: string, name: string): { addresses: string[]; pieces: number } {
  const searching = searchHosts(text, name);
  for (let pieces = 1; ; pieces += 1) {
    const { done, value } = searching.next();
    if (done === true) return { addresses: value, pieces };
  }
}

const addressesInHosts = (text: string, name: string): string[] => search(text, name).addresses;

test("the search ignores case, comments and nonsense; it returns IPv4 first and each address once", () => {
  assert.deepEqual(addressesInHosts(HOSTS, "LOCALHOST"), ["127.0.0.1", "::1"]);
  assert.deepEqual(addressesInHosts(HOSTS, "heating"), ["192.168.0.7", "192.168.0.8"]);
  assert.deepEqual(addressesInHosts(HOSTS, "heating.lan."), ["192.168.0.7"]);
  for (const absent of ["more", "127.0.0.1", "", "comment"]) assert.deepEqual(addressesInHosts(HOSTS, absent), []);
});

test("a file of some megabytes takes many steps, and no step ends within a line", () => {
  const lines = Array.from({ length: 50_000 }, (_, n) => `10.0.${(n >> 8) & 255}.${n & 255} advertiser-${n}.example\n`);
  const text = lines.join("");
  for (const n of [0, 4567, 49_999]) {
    const { addresses, pieces } = search(text, `advertiser-${n}.example`);
    assert.deepEqual(addresses, [`10.0.${(n >> 8) & 255}.${n & 255}`]);
    assert.ok(pieces > 10, `${pieces} pieces`);
  }
  assert.deepEqual(search(text, "localhost").addresses, []);
  assert.deepEqual(search("", "localhost"), { addresses: [], pieces: 1 });
});
