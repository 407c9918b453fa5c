import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { AcceptedClient } from "#src/accept/listener.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { Settings } from "#src/core/config/settings.js";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import type { TunnelLines } from "#src/tunnel/tunnel-lines.js";
import { tunnelListeners } from "#src/tunnel/tunnel-listener.js";
import { Certificates } from "../support/certificates.js";

const certificates = new Certificates();
after(() => certificates.remove());

/** The listeners of one line, and what its server has accepted. */
function listenersOf(text: string, more: Partial<Settings> = {}) {
  const parsed = parseTunnelRoute(text);
  assert.ok(parsed.ok, text);
  const line = { port: 7000, text, route: parsed.value };
  const accepted: unknown[] = [];
  const server = { accept: (end: StreamEnd) => accepted.push(end) };
  const tunnelLines = { of: (asked: unknown) => (asked === line ? server : assert.fail("another line")) };
  const settings = { ...DEFAULT_SETTINGS, tunnel: [line], ...more };
  return { listeners: tunnelListeners(settings, { tunnelLines: tunnelLines as unknown as TunnelLines }), accepted };
}

test("a line has a port for devices, which gives their sockets to the server of the line", () => {
  const { listeners, accepted } = listenersOf("EXPOSE 127.0.0.1:1>127.0.0.1:2");
  const [listener] = listeners;
  assert.equal(listeners.length, 1);
  assert.deepEqual([listener?.kind, listener?.port, listener?.accepts], ["tunnel", 7000, "devices"]);
  assert.equal(listener?.tls, undefined);
  const end = {} as StreamEnd;
  const client = { handOver: (take: (given: StreamEnd, over: () => void) => unknown) => take(end, () => {}) };
  listener?.welcome(client as unknown as AcceptedClient);
  assert.deepEqual(accepted, [end]);
});

test("TLS=1: the files of the line are read, and a missing one is an error", () => {
  const { certificate, key } = certificates.make("server");
  const text = (keyFile: string): string => `EXPOSE 127.0.0.1:1>127.0.0.1:2 TLS=1 CERT=${certificate} PKEY=${keyFile}`;
  assert.ok(listenersOf(text(key)).listeners[0]?.tls);
  assert.throws(() => listenersOf(text("/nowhere.key")), /\/nowhere\.key/);
});
