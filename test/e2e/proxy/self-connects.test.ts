import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { AccessRules } from "#src/access/access-rules.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { parseConnRequest } from "#src/core/options/conn-request.js";
import { dial } from "#src/dial/dial.js";
import { Link } from "#src/doctor/link.js";
import { httpConnector } from "#src/sockets/http-connector.js";
import { OwnSockets } from "#src/sockets/own-sockets.js";
import { systemClock } from "#src/system/clock.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { localNames } from "../../support/names.js";
import { insideNamespace, runInside } from "../../support/namespace.js";
import { missing } from "../../support/peers.js";

/** The kernel takes the ports of connections from so few that it soon takes the one that is connected to. Linux prefers the even ones. */
const RANGE = { first: 40_000, last: 40_007 };
const TARGET = { host: "127.0.0.1", port: RANGE.first };
const ATTEMPTS = 100;

const context = {
  ...{ clock: systemClock, names: localNames(), settings: DEFAULT_SETTINGS, access: new AccessRules(DEFAULT_SETTINGS) },
  ...{ own: new OwnSockets(systemClock), descriptors: new DescriptorBudget(undefined), tlsIdentities: new Map() },
};

function dialled(host: string, options: string): Promise<string> {
  const request = parseConnRequest(`${host}:${TARGET.port}${options}`);
  if (!request.ok) throw new Error(request.message);
  return dial(request.value, { address: "127.0.0.1", line: "", hops: 0 }, context).end.then(
    () => "connected",
    ({ message }: Error) => message,
  );
}

/** Connects once in every way that there is. @returns what becomes of it, in words */
const WAYS: Readonly<Record<string, () => Promise<string>>> = {
  "to an address": () => dialled(TARGET.host, ""),
  "to a name": () => dialled("localhost", ""),
  "by TLS": () => dialled(TARGET.host, " PRTO=tls"),
  async "by the doctor"() {
    const link = await Link.open(TARGET, context, 1000);
    return link instanceof Link ? "connected" : link.message;
  },
  "by HTTP": () =>
    new Promise((resolve) => {
      const options = { hostname: TARGET.host, port: String(TARGET.port), protocol: "http:" };
      httpConnector(1000, context)(options, (...[error]) => resolve(error === null ? "connected" : error.message));
    }),
};

if (!insideNamespace) {
  test("in a network of its own", { skip: missing("unshare", "ip") }, (t) => runInside(import.meta.url, t));
} else {
  writeFileSync("/proc/sys/net/ipv4/ip_local_port_range", `${RANGE.first} ${RANGE.last}`);
  for (const [way, connect] of Object.entries(WAYS)) {
    test(`${way}: nobody listens, and the kernel would connect the socket to itself`, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) assert.match(await connect(), /refused|ECONNREFUSED/);
    });
  }
}
