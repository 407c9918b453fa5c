import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Admission, descriptorWarning } from "#src/accept/admission.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { Settings } from "#src/core/config/settings.js";
import { type ClientOrigin, sharedOrigin } from "#src/core/net/client-origin.js";
import { DescriptorBudget } from "#src/system/descriptor-budget.js";
import { from } from "../support/origin.js";

const CLIENT = from("192.0.2.7");
const LAN = { kind: "network", family: "ipv4", address: "192.0.2.0", prefix: 24 } as const;
const DEVICES = { kind: "network", family: "ipv4", address: "198.51.100.0", prefix: 24 } as const;
const NO_MORE_FILES = "no more files can be opened (ulimit -n)";
const PORT = { accepts: "clients", throughDaemon: "allowed" } as const;
const CLOSED_PORT = { accepts: "clients", throughDaemon: "refused" } as const;
const DEVICE_PORT = { accepts: "devices", throughDaemon: "allowed" } as const;

/** An admission while these clients are connected, and so many descriptors are left. */
function admissionOf(settings: Partial<Settings>, connected: readonly ClientOrigin[] = [], descriptors = 100) {
  const budget = new DescriptorBudget(descriptors * 2);
  const clients = {
    open: connected.length,
    openOf: ({ address }: ClientOrigin) =>
      connected.filter((other) => address !== undefined && other.address === address).length,
  };
  const admission = new Admission({ ...DEFAULT_SETTINGS, ...settings }, clients, budget);
  return { admission, budget };
}

describe("the rules of [access]", () => {
  const cases: [
    string,
    Partial<Settings>,
    ClientOrigin,
    typeof PORT | typeof CLOSED_PORT | typeof DEVICE_PORT,
    string?,
  ][] = [
    ["without rules everybody may connect", {}, CLIENT, PORT],
    ["clients= names who may", { clients: [LAN] }, CLIENT, PORT],
    [
      "and nobody else",
      { clients: [LAN] },
      from("198.51.100.1"),
      PORT,
      "198.51.100.1 may not connect ([access] clients)",
    ],
    ["clients of a shared link were judged at their own port", { clients: [LAN] }, sharedOrigin("mux port 1"), PORT],
    ["devices= is the list of tunnels", { clients: [LAN], devices: [DEVICES] }, from("198.51.100.1"), DEVICE_PORT],
    [
      "in place of clients=",
      { clients: [LAN], devices: [DEVICES] },
      CLIENT,
      DEVICE_PORT,
      "192.0.2.7 may not be a device ([access] devices, clients)",
    ],
    ["a client may come through the daemon", {}, { ...CLIENT, hops: 8 }, PORT],
    ["but not to every port", {}, { ...CLIENT, hops: 1 }, CLOSED_PORT, "that is this daemon itself"],
    ["nor through too many", {}, { ...CLIENT, hops: 9 }, PORT, "more than 8 ports of this daemon in a row"],
    ["nor in a circle", {}, { ...CLIENT, hops: Number.POSITIVE_INFINITY }, PORT, "leads back to itself"],
  ];
  for (const [what, settings, origin, port, reason] of cases) {
    test(what, () => {
      const { admission, budget } = admissionOf(settings);
      assert.equal(admission.denialReason(origin, port), reason);
      const admitted = admission.admit(origin, port);
      assert.deepEqual([admitted.ok, budget.used], [reason === undefined, reason === undefined ? 1 : 0]);
      assert.deepEqual(admission.admitReader(origin, port).ok, reason === undefined, "the web page has the same rules");
    });
  }
});

test("max-connections counts all clients, but no readers of the web page", () => {
  const connected = [from("192.0.2.1"), sharedOrigin("mux port 1")];
  const { admission } = admissionOf({ maxConnections: 2 }, connected);
  const denied = admission.admit(CLIENT, PORT);
  assert.deepEqual(denied, { ok: false, message: "2 connections are open already ([access] max-connections)" });
  assert.equal(admission.admitReader(CLIENT, PORT).ok, true);
  assert.equal(admissionOf({ maxConnections: 3 }, connected).admission.admit(CLIENT, PORT).ok, true);
});

test("max-per-client counts clients by their address; those of a shared link have none", () => {
  const connected = [CLIENT, CLIENT, sharedOrigin("mux port 1"), sharedOrigin("mux port 1")];
  const { admission } = admissionOf({ maxPerClient: 2 }, connected);
  const denied = admission.admit(CLIENT, PORT);
  assert.deepEqual(denied, { ok: false, message: "192.0.2.7 has 2 connections already ([access] max-per-client)" });
  assert.equal(admission.admit(from("192.0.2.8"), PORT).ok, true);
  assert.equal(admission.admit(sharedOrigin("mux port 1"), PORT).ok, true);
});

test("an admitted client holds a descriptor; without one nobody is admitted", () => {
  const { admission, budget } = admissionOf({}, [], 2);
  const [first, second] = [admission.admit(CLIENT, PORT), admission.admitReader(CLIENT, PORT)];
  assert.ok(first.ok && second.ok);
  assert.deepEqual(admission.admit(CLIENT, PORT), { ok: false, message: NO_MORE_FILES });
  assert.deepEqual(admission.admitReader(CLIENT, PORT), { ok: false, message: NO_MORE_FILES });
  assert.equal(admission.denialReason(CLIENT, PORT), undefined, "the rules have nothing against it");
  first.value.release();
  assert.equal(admission.admit(CLIENT, PORT).ok, true);
  assert.equal(budget.used, 2);
});

test("the start warns when max-connections needs more files than the process may open", () => {
  const settings = { ...DEFAULT_SETTINGS, maxConnections: 1000 };
  assert.equal(
    descriptorWarning(settings, 1024),
    "max-connections=1000 needs 2128 open files, the limit (ulimit -n) is 1024: no more than 448 connections will be taken",
  );
  assert.equal(descriptorWarning(settings, 2128), undefined);
  assert.equal(descriptorWarning(settings, undefined), undefined);
  assert.equal(
    descriptorWarning({ ...settings, maxConnections: 0 }, 64),
    undefined,
    "as many as there are descriptors",
  );
});

test("clients of UDP, whose addresses may be forged, leave half of the descriptors to others", () => {
  const { admission, budget } = admissionOf({}, [], 100);
  const port = { ...PORT, datagrams: true } as const;
  const admit = (rules: typeof PORT): boolean => admission.admit(CLIENT, rules).ok;
  while (admit(port));
  const taken = budget.used;
  while (admit(PORT));
  assert.ok(Math.abs(budget.used - 2 * taken) <= 1, `${taken} of ${budget.used}`);
  const refused = admission.admit(CLIENT, port);
  assert.match(refused.ok ? "" : refused.message, /^half of the files .*ulimit -n/);
});
