import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { after, test } from "node:test";
import { reload, stop } from "#src/cli/control-command.js";
import type { Started } from "#src/cli/outcome.js";
import { status } from "#src/cli/status-command.js";
import { Certificates, type Pair } from "../../support/certificates.js";
import { ConfigFile } from "../../support/config.js";
import { startHere } from "../../support/in-process.js";
import { missing } from "../../support/peers.js";

// `sockproxyd status`, `stop` and `reload`, in the process of the test. Terminals and exit statuses are in test/long/.

type Command = (argv: readonly string[], complain: (text: string) => void) => Promise<Started>;

/** What a command says, and its exit status. */
async function run(command: Command, ...argv: string[]): Promise<[text: string, status: number]> {
  const started = await command(argv, () => {});
  if (started.kind === "running") throw new Error("it starts a daemon");
  return started.kind === "answer" ? [started.text, started.status ?? 0] : [started.lines.join("\n"), started.status];
}

test("a daemon is asked, reloaded and ended by the file that it runs with", async () => {
  const config = new ConfigFile();
  const daemon = await startHere("-c", config.path);
  const place = `127.0.0.1:${daemon.port}`;
  config.write(`[host]\nip=127.0.0.1\nport=${daemon.port}\n`);

  const [shown, shownStatus] = await run(status, "-c", config.path);
  assert.equal(shownStatus, 0);
  assert.match(shown, new RegExp(`^sockproxyd \\S+ {2}${place} {2}up `));
  assert.match(shown, new RegExp(`^proxy port ${daemon.port} .* ok +0 `, "m"));
  const [json] = await run(status, "--json", String(daemon.port));
  assert.equal(JSON.parse(json).pid, process.pid);

  assert.deepEqual(await run(reload, "-c", config.path), ["reloaded", 0]);
  config.write(`[host]\nport=${daemon.port}\nbogus=1\n`);
  const [why, refused] = await run(reload, "-c", config.path);
  assert.match(why, new RegExp(`^${place}: .*sockproxyd\\.conf:3: \\[host\\] bogus: unknown key`));
  assert.equal(refused, 1);

  assert.deepEqual(await run(stop, place), ["stopped", 0]);
  for (const command of [status, reload, stop]) {
    assert.deepEqual(await run(command, place), [`${place}: connection refused: no daemon listens there`, 1]);
  }
});

test("a daemon that takes no STOP says why", async () => {
  const config = new ConfigFile("[access]\nstop=never\n");
  const daemon = await startHere("-c", config.path);
  const [why, refused] = await run(stop, `127.0.0.1:${daemon.port}`);
  assert.match(why, /^127\.0\.0\.1:\d+: .*stop/i);
  assert.equal(refused, 1);
  assert.equal((await run(status, String(daemon.port)))[1], 0);
  await daemon.stop();
});

test("a daemon whose port takes TLS: the certificate of its file, or of an authority", {
  skip: missing("openssl"),
}, async (t) => {
  const certificates = new Certificates();
  after(() => certificates.remove());
  const [own, other] = [certificates.make("own"), certificates.make("other")];
  const config = new ConfigFile();
  const of = ({ certificate, key }: Pair, more = ""): string =>
    `[host]\nip=127.0.0.1\n${more}listen-tls=open\n[tls open]\ncert=${certificate}\nkey=${key}\n`;
  config.write(of(own));
  const daemon = await startHere("-c", config.path);
  const port = `port=${daemon.port}\n`;
  t.after(() => daemon.stop());
  config.write(of(own, port));
  assert.deepEqual(await run(reload, "-c", config.path), ["reloaded", 0]);
  assert.equal((await run(status, String(daemon.port), "--ca", own.certificate))[1], 0);
  const [unknown] = await run(status, String(daemon.port), "--tls");
  assert.match(unknown, /TLS: self-signed certificate/);
  const wrong = new ConfigFile(of(other, port));
  const [text, code] = await run(stop, "-c", wrong.path);
  assert.match(text, /TLS: its certificate is another one than that of .*other\.pem/);
  assert.equal(code, 1);
});

test("a daemon that lets nobody in", async (t) => {
  const config = new ConfigFile("[access]\nclients=192.0.2.0/24\n");
  const daemon = await startHere("-c", config.path);
  t.after(() => daemon.stop());
  const [text, code] = await run(reload, String(daemon.port));
  assert.match(text, /^127\.0\.0\.1:\d+: ERR ACCESS /);
  assert.equal(code, 1);
});

test("a daemon without JSON ends, too, and one that a service manager starts anew counts as another", async () => {
  for (const [answer, said] of [
    [() => " ID               St Client", "stopped"],
    [(pid: number) => JSON.stringify({ pid, startedAt: "now" }), "stopped; another daemon listens there now"],
  ] as const) {
    let ended = 0;
    const server = createServer((socket) => {
      socket.on("error", () => {}).write("OK TOGGLEDBITS-SOCKPROXY 1 1a\n");
      socket.on("data", (data) => {
        if (data.toString() !== "STOP\n") return void socket.write(`${answer(ended)}\n`);
        ended += 1;
        socket.end("OK STOP\n");
        if (said === "stopped") server.close();
      });
    });
    assert.deepEqual(await run(stop, String(await listening(server))), [said, 0]);
  }
});

const strangers: [what: string, says: string, RegExp][] = [
  ["another program", "220 mail.example.com\r\n", /what listens there is no sockproxyd, it says "220 mail/],
  ["no status", "OK TOGGLEDBITS-SOCKPROXY 1 1a\nhello\n", /its answer to STAT JSON is not understood: hello/],
];
for (const [what, says, message] of strangers) {
  test(`a stranger at the port: ${what}`, async () => {
    const server = createServer((socket) => socket.on("error", () => {}).write(says));
    const [text, code] = await run(status, String(await listening(server)));
    assert.match(text, message);
    assert.equal(code, 1);
  });
}

test("a port that closes without a word", async () => {
  const server = createServer((socket) => socket.end());
  const [text, code] = await run(stop, String(await listening(server)));
  assert.match(text, /it closes the connection without an answer/);
  assert.equal(code, 1);
});

function listening(server: Server): Promise<number> {
  after(() => server.close());
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}
