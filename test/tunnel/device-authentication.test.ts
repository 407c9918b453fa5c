import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_TUNNEL_OPTIONS, type TunnelOptions } from "#src/core/tunnel/tunnel-options.js";
import { identify } from "#src/tunnel/device-authentication.js";

const SECRET: TunnelOptions = { ...DEFAULT_TUNNEL_OPTIONS, secret: "sesame" };
const DEVICES: TunnelOptions = {
  ...DEFAULT_TUNNEL_OPTIONS,
  devices: [
    { name: "barn", secret: "straw" },
    { name: "mill", secret: "flour" },
  ],
};

const table: [TunnelOptions, name: string | undefined, secret: string | undefined, string][] = [
  [DEFAULT_TUNNEL_OPTIONS, undefined, undefined, "let in"],
  [DEFAULT_TUNNEL_OPTIONS, "barn", "whatever", "let in"],
  [SECRET, undefined, "sesame", "let in"],
  [SECRET, "barn", "sesame", "let in"],
  [SECRET, undefined, undefined, "it did not send the secret"],
  ...["", "sesam", "sesame ", "SESAME", "x".repeat(65_535)].map(
    (wrong) => [SECRET, undefined, wrong, "its secret is wrong"] as [TunnelOptions, undefined, string, string],
  ),
  [DEVICES, "barn", "straw", "barn"],
  [DEVICES, "mill", "flour", "mill"],
  [DEVICES, "barn", "flour", "its secret is wrong"],
  [DEVICES, "barn", undefined, "it did not send the secret"],
  [DEVICES, undefined, "straw", "it did not send a name"],
  [DEVICES, "bran", "straw", 'its name "bran" is unknown'],
  [DEVICES, "bran", "", 'its name "bran" is unknown'],
  [DEVICES, "x".repeat(50), "straw", `its name "${"x".repeat(40)}…" is unknown`],
];
for (const [options, name, secret, expected] of table) {
  const [shownName, shownSecret] = [name, secret].map((text) => text?.slice(0, 20) ?? "nothing");
  test(`${options.devices.length} devices, secret ${options.secret}: name ${shownName}, secret ${shownSecret}: ${expected}`, () => {
    const identity = identify(options, {
      ...(name !== undefined && { name }),
      ...(secret !== undefined && { secret: Buffer.from(secret) }),
    });
    assert.equal("wrong" in identity ? identity.wrong : (identity.device ?? "let in"), expected);
  });
}
