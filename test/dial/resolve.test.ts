import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { test } from "node:test";
import {
  permittedLookup,
  resolveHost,
  resolvePermitted,
  type TargetRules,
  targetDenialReason,
} from "#src/dial/resolve.js";

const TARGET = { host: "localhost", port: 80 };

/** Rules that permit some addresses, and know some as the daemon's own. */
function rules({
  permitted = () => true,
  own = [] as readonly string[],
}: {
  readonly permitted?: (host: string, address: string) => boolean;
  readonly own?: readonly string[];
} = {}): TargetRules {
  return { access: { permits: permitted }, own: { isOffLimits: (address) => own.includes(address) } };
}

test("an address is itself", async () => {
  assert.deepEqual(await resolveHost("192.0.2.1"), [{ address: "192.0.2.1", family: 4 }]);
  assert.deepEqual(await resolveHost("2001:db8::1"), [{ address: "2001:db8::1", family: 6 }]);
});

test("a name of the hosts file has its addresses there, whatever a name server says", async () => {
  const addresses = await resolveHost("LOCALHOST");
  assert.deepEqual(addresses[0], { address: "127.0.0.1", family: 4 });
});

test("addresses that are not permitted are left out; the reason of the first is that of all", async () => {
  const asked: string[] = [];
  const none = rules({
    permitted: (host, address) => {
      asked.push(`${host} ${address}`);
      return false;
    },
  });
  await assert.rejects(resolvePermitted(TARGET, none), { message: "not permitted ([access])" });
  assert.equal(asked[0], "localhost 127.0.0.1", "a rule may be about the name or the address");
  await assert.rejects(resolvePermitted({ host: "127.0.0.1", port: 80 }, rules({ own: ["127.0.0.1"] })), {
    message: "that is this daemon itself",
  });
  const [first] = await resolvePermitted(TARGET, rules({ own: ["::1"] }));
  assert.equal(first?.address, "127.0.0.1");
});

test("the daemon itself is denied before [access] is asked", () => {
  const both = rules({ own: ["10.0.0.1"], permitted: () => false });
  assert.equal(targetDenialReason(TARGET, "10.0.0.1", both), "that is this daemon itself");
  assert.equal(targetDenialReason(TARGET, "10.0.0.2", both), "not permitted ([access])");
  assert.equal(targetDenialReason(TARGET, "10.0.0.2", rules()), undefined);
});

test("sockets that look up get one address or all of them, or the error", async () => {
  const ask = (permitted: boolean, all: boolean): Promise<unknown[]> =>
    new Promise((resolve) => {
      permittedLookup({ host: "127.0.0.1", port: 80 }, rules({ permitted: () => permitted }))(
        "127.0.0.1",
        { all },
        (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) =>
          resolve([error?.message, address, family]),
      );
    });
  assert.deepEqual(await ask(true, false), [undefined, "127.0.0.1", 4]);
  assert.deepEqual(await ask(true, true), [undefined, [{ address: "127.0.0.1", family: 4 }], undefined]);
  assert.deepEqual(await ask(false, false), ["not permitted ([access])", "", undefined]);
});
