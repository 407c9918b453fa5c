import assert from "node:assert/strict";
import { test } from "node:test";
import { type TargetRules, targetDenialReason } from "#src/dial/target-rules.js";

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

test("the daemon itself is denied before [access] is asked", () => {
  const both = rules({ own: ["10.0.0.1"], permitted: () => false });
  assert.equal(targetDenialReason(TARGET, "10.0.0.1", both), "that is this daemon itself");
  assert.equal(targetDenialReason(TARGET, "10.0.0.2", both), "not permitted ([access])");
  assert.equal(targetDenialReason(TARGET, "10.0.0.2", rules()), undefined);
});
