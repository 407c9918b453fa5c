// Two daemons that are devices of one line, and a server, on a clock that the test moves.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parseTunnelRoute } from "#src/core/tunnel/tunnel-line.js";
import { ManualClock } from "../../support/clock.js";
import { freePort } from "../../support/free-port.js";
import { daemonHere } from "../../support/in-process.js";
import { quietFor, until } from "../../support/wait.js";

const FIRST_WAIT_MS = { least: 30_000, most: 45_000 };

async function server(t: TestContext, clock: ManualClock) {
  const [port, exposed] = [await freePort(), await freePort()];
  const route = parseTunnelRoute(`EXPOSE 127.0.0.1:${exposed}>127.0.0.1:1 HLTH=0`);
  assert.ok(route.ok);
  const { daemon, log } = await daemonHere({ tunnel: [{ port, route: route.value }] }, clock);
  t.after(() => daemon.stop("the test has ended"));
  const status = () => {
    const [tunnel] = daemon.status.tunnels;
    assert.ok(tunnel);
    return tunnel;
  };
  return { port, log, status };
}

async function device(t: TestContext, port: number, clock: ManualClock) {
  const { daemon, log } = await daemonHere({ deviceServers: [{ host: "127.0.0.1", port }] }, clock);
  t.after(() => daemon.stop("the test has ended"));
  return { log, status: () => daemon.status.devices[0] };
}

test("two of our own: the one that is replaced is told, and tries again after half a minute, then a minute", async (t) => {
  const clock = new ManualClock();
  const { port, log, status } = await server(t, clock);
  const one = await device(t, port, clock);
  await until(() => status().listening && one.status()?.connected === true, "the first device");
  await quietFor(20); // its HELLO
  const other = await device(t, port, clock);
  const replaced = ({ status: of }: typeof one) => /^link lost: replaced: /.test(of()?.problem ?? "");
  await until(() => replaced(one), "the first one to be told");
  const warnings = () => log.lines.filter((line) => line.includes("two devices replace each other"));
  await until(() => warnings().length > 0, "the warning");
  assert.match(warnings()[0] ?? "", /: 127\.0\.0\.1:\d+ and 127\.0\.0\.1:\d+; each needs a line of its own/);

  for (const [waiting, links] of [
    [one, 2],
    [other, 3],
  ] as const) {
    clock.advance(FIRST_WAIT_MS.least - 1000);
    await quietFor(20);
    assert.deepEqual([status().links, replaced(waiting)], [links, true], "not sooner");
    await until(() => {
      clock.advance(1000);
      return status().links > links;
    }, "it to come back");
    await until(() => replaced(waiting === one ? other : one), "the other one to be told");
    await quietFor(20);
  }
  assert.equal(warnings().length, 1);
  assert.match(
    one.log.lines.join("\n"),
    /WARN .*replaced: another device has connected, from 127\.0\.0\.1:\d+; the device tries again, first in \d\d s, then more and more rarely/,
  );
});

test("one of our own that comes back, alone, is served at once: as the same program, and as another one", async (t) => {
  const clock = new ManualClock();
  const { port, log, status } = await server(t, clock);
  for (let round = 1; round <= 10; round += 1) {
    const { daemon } = await daemonHere({ deviceServers: [{ host: "127.0.0.1", port }] }, clock);
    await until(() => status().links === round && status().listening, `round ${round}`);
    await daemon.stop("restarted");
    await until(() => status().link === undefined, "its end");
  }
  assert.doesNotMatch(log.lines.join("\n"), /WARN/);
});
