import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { readSession, type SessionState } from "#src/core/upgrade/session-state.js";

const STATE: SessionState = {
  id: "1a22",
  port: "*:2504",
  origin: { address: "10.0.0.5", line: "proxy port 2504", hops: 0 },
  client: { host: "10.0.0.5", port: 40_000 },
  openedEpochMs: 1_800_000_000_000,
  ageMs: 1234.5,
  progress: { received: 10, receivedAgoMs: 5, sent: 20, sentAgoMs: 6 },
  remote: {
    peer: { host: "10.0.0.9", port: 8899 },
    request: {
      target: { host: "device", port: 8899 },
      options: { ...DEFAULT_OPTIONS, paceMs: 1500, notify: { device: 7, service: "urn:x", action: "Got", pid: "p" } },
    },
    ways: [
      {
        ...{ target: "7/urn:x/Got/p", unannounced: true, pacedForMs: 900, retryInMs: 0, attempt: 0 },
        ...{ sent: 3, retried: 0, failed: 0, lastOutcome: "200", failingMs: 5, toldBytes: 4 },
        notices: [{ event: "connected", time: "2026-01-01T00:00:00.000Z", text: "there it is", pid: "p" }],
      },
    ],
  },
};

/** As it comes through the channel between the processes. */
function sent(state: unknown): unknown {
  return JSON.parse(JSON.stringify(state));
}

test("the state of a connection comes through as it is, without what a later version adds", () => {
  const { remote: _, ...client } = STATE;
  const [from, to] = [
    { host: "10.0.0.5", port: 1 },
    { host: "10.0.0.6", port: 2 },
  ];
  const origins = [
    { line: "x", hops: 1, isProxied: true },
    { line: "x", hops: 1, endpoints: { from, to }, tells: true },
  ];
  const parked = [
    { bytes: "AAAA", ended: true, isCut: false, restMs: 5 },
    { bytes: "AAAA", ended: false, closed: "reset by remote", isCut: true, restMs: 5 },
  ];
  for (const state of [
    ...[STATE, client, ...origins.map((origin) => ({ ...client, origin }))],
    ...parked.map((each) => ({ ...STATE, remote: { ...STATE.remote, parked: each } })),
  ]) {
    const read = readSession({ ...(sent(state) as object), later: { a: 1 } });
    assert.deepEqual(sent(read), { ok: true, value: sent(state) });
  }
});

test("options that another version did not have get their default", () => {
  const state = sent(STATE) as { remote: { request: { options: Record<string, unknown> } } };
  delete state.remote.request.options["quietMs"];
  const read = readSession(state);
  assert.equal(read.ok && read.value.remote?.request.options.quietMs, DEFAULT_OPTIONS.quietMs);
});

const WRONG: readonly (readonly [string, (state: Record<string, never>) => void, string])[] = [
  ["no id", (state) => delete state["id"], "id is no text"],
  ["a negative age", (state) => Object.assign(state, { ageMs: -1 }), "ageMs is no number of 0 or more"],
  ["no client", (state) => Object.assign(state, { client: "10.0.0.5:1" }), "client is no object"],
  [
    "a count that is none",
    (state) => Object.assign(state["progress"] ?? {}, { sent: null }),
    "sent is no number of 0 or more",
  ],
  [
    "no options",
    (state) => delete (state["remote"] as never as SessionState["remote"] as never)?.["request"]?.["options"],
    "options is no object",
  ],
];
for (const [what, spoil, message] of WRONG) {
  test(`a state with ${what} is refused: ${message}`, () => {
    const state = sent(STATE) as Record<string, never>;
    spoil(state);
    assert.deepEqual(readSession(state), { ok: false, message });
  });
}

test("no state throws, whatever it is", () => {
  fc.assert(fc.property(fc.anything(), (value) => assert.equal(typeof readSession(value).ok, "boolean")));
});
