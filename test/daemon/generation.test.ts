import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "#src/connection/connection.js";
import { generationOf } from "#src/daemon/generation.js";
import { from } from "../support/origin.js";
import { servicesHere } from "../support/services.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

test("a connection keeps its generation: what a reload changes is for those that come later", async (t) => {
  const { services, settings, generation, control } = servicesHere(t, { vera: "http://127.0.0.1:1" });
  const { end, peer } = await socketEnd(t);
  const connection = new Connection("a1", end, from("127.0.0.1"), { name: "a port", port: 1 }, generation.context);
  services.registry.add(connection, services.descriptors.takeReserved());
  connection.beginSetup();
  const before = services.luupClients.current;
  const changed = { ...settings, vera: "http://127.0.0.1:2", stop: "never" as const };
  services.configure(changed);
  const next = generationOf(changed, services, control);
  assert.notEqual(services.luupClients.current, before);
  assert.deepEqual(
    [connection.notificationSender === before, next.context.notificationSender === services.luupClients.current],
    [true, true],
  );
  const origin = from("127.0.0.1");
  assert.equal(generation.context.access.denialReason("stop", origin), undefined);
  assert.match(next.context.access.denialReason("stop", origin) ?? "", /stop=never/);
  connection.stop("enough");
  peer.end();
  await until(() => connection.isFinished, "its end");
});

test("generations share what outlives a reload, and count their clients together", (t) => {
  const { services, settings, generation, control } = servicesHere(t);
  const next = generationOf({ ...settings, maxPerClient: 1 }, services, control);
  for (const key of ["log", "own", "monitor", "alerts", "sockets", "descriptors", "finalNotifications"] as const) {
    assert.equal(next.context[key], generation.context[key], key);
  }
  const origin = from("192.0.2.7");
  const port = { accepts: "clients", throughDaemon: "allowed" } as const;
  assert.equal(next.admission.denialReason(origin, port), undefined);
  const old = { id: "1", origin, isClientGone: false, traffic: { received: 0, sent: 0 } };
  services.registry.add(old as never, services.descriptors.takeReserved());
  assert.match(next.admission.denialReason(origin, port) ?? "", /has 1 connections already/);
  assert.equal(generation.admission.denialReason(origin, port), undefined);
});
