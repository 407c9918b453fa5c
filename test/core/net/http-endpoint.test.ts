import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHttpEndpoint } from "#src/core/net/http-endpoint.js";

const cases: [url: string, origin: string, path: string, query: string, login: string | Buffer | undefined][] = [
  ["http://hub:3480", "http://hub:3480", "/", "", undefined],
  ["http://hub:80/", "http://hub", "/", "", undefined],
  ["https://hub:443/a%20b/", "https://hub", "/a%20b/", "", undefined],
  ["http://[::1]:3480/port_3480", "http://[::1]:3480", "/port_3480", "", undefined],
  ["http://hub/x?token=a%20b?c", "http://hub", "/x", "?token=a%20b?c", undefined],
  ["http://me:secret@hub/", "http://hub", "/", "", "me:secret"],
  ["http://me@hub/", "http://hub", "/", "", "me:"],
  ["http://:token@hub/", "http://hub", "/", "", ":token"],
  ["http://@hub/", "http://hub", "/", "", undefined],
  ["http://:@hub/", "http://hub", "/", "", undefined],
  ["http://me%40home:sec%3Aret%25@hub/", "http://hub", "/", "", "me@home:sec:ret%"],
  ["http://mü:ß@hub/", "http://hub", "/", "", "mü:ß"],
  ["http://%ff:%C3@hub/", "http://hub", "/", "", Buffer.from([0xff, 0x3a, 0xc3])], // no UTF-8: sent as it is
];
for (const [url, origin, path, query, login] of cases) {
  test(`${url} is taken apart`, () => {
    const authorization = login === undefined ? undefined : `Basic ${Buffer.from(login as string).toString("base64")}`;
    assert.deepEqual(parseHttpEndpoint(url), { origin, path, query, authorization });
  });
}
