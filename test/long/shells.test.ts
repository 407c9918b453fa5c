import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { missing } from "../support/peers.js";

// The man page and the completions, as the programs that read them take them. `npm run build` has written them.

const PAGE = "build/man/sockproxyd.8";
const BASH = "build/completions/sockproxyd.bash";
const ZSH = "build/completions/_sockproxyd";
const FISH = "build/completions/sockproxyd.fish";
const LIMIT_MS = 60_000;

const home = mkdtempSync(`${tmpdir()}/sockproxyd-shells-`);
after(() => rmSync(home, { recursive: true }));
before(() => assert.equal(run(process.execPath, "scripts/manual.mjs"), ""));

/** What a program prints, which has to end with status 0. */
function run(program: string, ...args: string[]): string {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
  const done = spawnSync(program, args, { encoding: "utf8", timeout: LIMIT_MS, env });
  assert.equal(done.status, 0, `${program}: ${done.stderr}${done.stdout}`);
  return done.stdout + done.stderr;
}

test("mandoc has nothing against the man page, and shows the commands", { skip: missing("mandoc") }, () => {
  assert.equal(run("mandoc", "-Tlint", PAGE), "");
  const text = run("mandoc", "-Tascii", PAGE).replace(/.[\b]/g, ""); // bold and underlined: a letter, a backspace, a letter
  assert.match(text, /^ {3}sockproxyd mux$/m);
  assert.match(text, /^ {5}-p, --applicationProtocol protocol$/m);
  assert.match(text, /^EXIT STATUS$/m);
});

/** The words in front of the cursor, and words that are offered there, or not (!). */
const OFFERS: readonly (readonly [line: string, words: string])[] = [
  ["sockproxyd ", "watch mux tunnel reverse-proxy"],
  ["sockproxyd w", "watch !mux"],
  ["sockproxyd --op", "--optional-config !--check"],
  ["sockproxyd -c pack", "package.json !--check"],
  ["sockproxyd -c x --ch", "--check"],
  ["sockproxyd mux ", "server list"],
  ["sockproxyd mux -p modbus-r", "modbus-rtu !echo"],
  ["sockproxyd mux --tar", "--targetServer"],
  ["sockproxyd replay pack", "package.json"],
  ["sockproxyd replay --list", "--listen !package.json"],
  ["sockproxyd watch --as m", "modbus !hex"],
  ["sockproxyd reverse-proxy sta", "start status !stop"],
  ["sockproxyd reverse-proxy start --config pack", "package.json"],
];

/** Whether these words are offered. */
function judge(line: string, words: string, offered: readonly string[]): void {
  for (const word of words.split(" ")) {
    const wanted = !word.startsWith("!");
    assert.equal(offered.includes(word.replace("!", "")), wanted, `"${line}": ${word} in ${offered.join(" ")}`);
  }
}

test("bash offers commands, options, values and files", { skip: missing("bash") }, () => {
  const script = `source ${BASH}
    words=($1); [[ $1 == *' ' ]] && words+=('')
    COMP_WORDS=("\${words[@]}") COMP_CWORD=$(( \${#words[@]} - 1 ))
    _sockproxyd && printf '%s\\n' "\${COMPREPLY[@]}"`;
  for (const [line, words] of OFFERS) {
    judge(line, words, run("bash", "--norc", "-c", script, "bash", line).split("\n"));
  }
  judge("--as=m", "modbus !hex", run("bash", "--norc", "-c", script, "bash", "sockproxyd watch --as = m").split("\n"));
});

test("fish offers commands, options, values and files", { skip: missing("fish") }, () => {
  run("fish", "--no-execute", FISH);
  const lines = OFFERS.map(([line]) => `'${line}'`).join(" ");
  const script = `source ${FISH}; for line in ${lines}; complete -C "$line"; echo =; end`;
  const offered = run("fish", "--private", "-c", script).split("\n=\n");
  for (const [index, [line, words]] of OFFERS.entries()) {
    const names = (offered[index] ?? "").split("\n").map((text) => text.split("\t")[0] ?? "");
    judge(line, words, names);
  }
});

test("zsh completes commands, options, values and files", { skip: missing("zsh") }, () => {
  run("zsh", "-n", ZSH);
  const completed = [
    ["sockproxyd wat", "sockproxyd watch"],
    ["sockproxyd --optio", "sockproxyd --optional-config"],
    ["sockproxyd -c package.js", "sockproxyd -c package.json"],
    ["sockproxyd record package.js", "sockproxyd record package.json"],
    ["sockproxyd mux --targ", "sockproxyd mux --targetServer"],
    ["sockproxyd watch --as mod", "sockproxyd watch --as modbus"],
    ["sockproxyd reverse-proxy sto", "sockproxyd reverse-proxy stop"],
  ] as const;
  // A terminal types the line and a tab, then makes an echo of it (^A: its beginning, ^E: its end). It waits for each prompt: a tab that is
  // typed before is no key yet. npm sets EDITOR=vi, where ^A is another key.
  const script = `zmodload zsh/zpty
    zpty shell env TERM=dumb zsh -f -i
    zpty -w shell "bindkey -e; fpath=($PWD/build/completions \\$fpath); autoload -Uz compinit; compinit -u -D; PS1=REA''DY"
    zpty -r -m shell out '*READY*'
    ${completed
      .map(
        ([line]) => `zpty -w -n shell '${line}'$'\\t\\x01echo "[\\x05]"\\n'
    zpty -r -m shell out '*READY*'
    print -r -- $out`,
      )
      .join("\n")}`;
  const out = run("zsh", "-f", "-c", script);
  for (const [line, whole] of completed)
    assert.match(out, new RegExp(`^\\[${whole} ?\\]\\r?$`, "m"), `${line}: ${JSON.stringify(out)}`);
});
