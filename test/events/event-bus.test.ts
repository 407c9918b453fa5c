import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayEvent } from "#src/core/events/gateway-event.js";
import { EventBus } from "#src/events/event-bus.js";

const CLOSED: GatewayEvent = {
  ...{ event: "closed", time: "2026-11-30T07:00:00.000Z", pid: "p1", listener: 1, remote: "a:1", client: "b:2" },
  ...{ bytes: 3, text: "closed", reason: "by remote" },
};

test("subscribers get the events that they want, until they want none", () => {
  const bus = new EventBus();
  const changes: boolean[] = [];
  bus.connectionsChanged = () => changes.push(bus.wantsConnections);
  const [all, alerts]: [string[], string[]] = [[], []];
  const tell = (to: string[]) => (event: GatewayEvent) => void to.push(event.event);
  assert.deepEqual([bus.wanted, bus.wants("data")], [false, false]);
  const endAlerts = bus.subscribe(tell(alerts), ["server-down"]);
  assert.deepEqual(
    [bus.wanted, bus.wants("data"), bus.wants("server-down"), bus.wantsConnections],
    [true, false, true, false],
  );
  const one = tell(all);
  const [endOne, endOther] = [bus.subscribe(one), bus.subscribe(one)];
  bus.publish(CLOSED);
  endOne();
  endOne();
  bus.publish(CLOSED);
  endOther();
  bus.publish(CLOSED);
  endAlerts();
  assert.deepEqual([all.length, alerts, changes, bus.wanted], [3, [], [true, false], false]);
});
