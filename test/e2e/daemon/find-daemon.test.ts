import assert from "node:assert/strict";
import { env } from "node:process";
import { after, type TestContext, test } from "node:test";
import { reload, stop } from "#src/cli/control-command.js";
import type { DaemonPlace } from "#src/cli/daemon-place.js";
import { findDaemon } from "#src/cli/find-daemon.js";
import type { Started } from "#src/cli/outcome.js";
import { settleSelection } from "#src/cli/settle-selection.js";
import { status } from "#src/cli/status-command.js";
import { parseWatchArguments } from "#src/cli/watch-arguments.js";
import { ConfigFile } from "../../support/config.js";
import { freePort } from "../../support/free-port.js";
import { startHere } from "../../support/in-process.js";

// Which daemon `sockproxyd status`, `stop`, `reload`, `watch` and `record` find where no word says which.

const before = env["SOCKPROXYD_CONFIG"];
after(() => {
  if (before === undefined) delete env["SOCKPROXYD_CONFIG"];
  else env["SOCKPROXYD_CONFIG"] = before;
});

/** What a command says, its exit status, and what it says besides. */
async function run(
  command: (argv: readonly string[], complain: (text: string) => void) => Promise<Started>,
  ...argv: string[]
): Promise<[text: string, status: number, besides: string]> {
  let besides = "";
  const started = await command(argv, (text) => {
    besides += text;
  });
  if (started.kind === "running") throw new Error("it starts a daemon");
  const text = started.kind === "answer" ? started.text : started.lines.join("\n");
  return [text, started.status ?? 0, besides];
}

/** A daemon with the file that SOCKPROXYD_CONFIG names. */
async function configured(t: TestContext, more = ""): Promise<{ port: number; file: ConfigFile }> {
  const file = new ConfigFile();
  const daemon = await startHere("-c", file.path);
  t.after(() => daemon.stop());
  file.write(`[host]\nip=127.0.0.1\nport=${daemon.port}\n${more}`);
  env["SOCKPROXYD_CONFIG"] = file.path;
  return { port: daemon.port, file };
}

test("without words the configuration file says where the daemon is", async (t) => {
  const { port, file } = await configured(t);
  const [shown, code, besides] = await run(status, "--json");
  assert.deepEqual([code, besides], [0, `the daemon is 127.0.0.1:${port}: ${file.path} says so`]);
  assert.ok(JSON.parse(shown).pid === process.pid);
  assert.deepEqual((await run(reload)).slice(0, 2), ["reloaded", 0]);
  assert.deepEqual((await run(stop)).slice(0, 2), ["stopped", 0]);
});

test("where nobody listens there, the usual port is asked; the message says where it has looked", async (t) => {
  const daemon = await startHere();
  t.after(() => daemon.stop());
  const [one, two] = [await freePort(), await freePort()];
  const at = (port: number): DaemonPlace => ({ address: { host: "127.0.0.1", port } });
  const guess = (orElse: DaemonPlace): DaemonPlace => ({ ...at(one), guessed: { from: "a file says so", orElse } });
  assert.deepEqual(await findDaemon(guess(at(daemon.port)), () => {}), { kind: "told", value: at(daemon.port) });
  const refused = (port: number): string => `127.0.0.1:${port}: connection refused: no daemon listens there`;
  assert.deepEqual(await findDaemon(guess(at(two)), () => {}), {
    kind: "absent",
    message: `${refused(one)} (a file says so); ${refused(two)}`,
  });
  const alone = { ...at(one), guessed: { from: "there is no file" } };
  assert.deepEqual(await findDaemon(alone, () => {}), {
    kind: "absent",
    message: `${refused(one)}; there is no file`,
  });
});

test("watch: a port that stands alone is a daemon, as in status, unless the usual daemon has such a line", async (t) => {
  const line = await freePort();
  const { port } = await configured(t, `[direct]\n${line}=CONN 127.0.0.1:1\n`);
  await run(reload);
  const settle = async (word: string): Promise<[unknown, string, string]> => {
    const parsed = parseWatchArguments([word]);
    assert.ok(parsed.ok && parsed.value.kind === "watch");
    let said = "";
    const settled = await settleSelection(parsed.value, (text) => {
      said = text;
    });
    assert.ok(settled.kind === "told");
    return [settled.value.daemon.address, settled.value.command, said];
  };
  const other = await freePort();
  const at = (port: number): object => ({ host: "127.0.0.1", port });
  assert.deepEqual((await settle(String(other))).slice(0, 2), [at(other), "WTCH MONF=client"]);
  assert.deepEqual((await settle(String(port))).slice(0, 2), [at(port), "WTCH MONF=client"]);
  const [address, command, said] = await settle(String(line));
  assert.deepEqual([address, command], [at(port), `WTCH ${line} MONF=client`]);
  assert.equal(said, `${line} is a port of the daemon 127.0.0.1:${port}: --only ${line} says so`);
});
