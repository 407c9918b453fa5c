import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_DIRECT_OPTIONS, DIRECT_OPTIONS } from "#src/core/direct/direct-options.js";
import { MUX_OPTIONS } from "#src/core/mux/mux-option-rows.js";
import { DEFAULT_MUX_OPTIONS } from "#src/core/mux/mux-options.js";
import { LINE_OPTIONS, OPTIONS } from "#src/core/options/conn-option-rows.js";
import { DEFAULT_OPTIONS } from "#src/core/options/conn-options.js";
import { type OptionRow, parseOptions } from "#src/core/options/option-table.js";
import { DEFAULT_TUNNEL_OPTIONS, TUNNEL_OPTIONS } from "#src/core/tunnel/tunnel-options.js";

/** A value of each option that is not its default. */
const VALUES: Readonly<Record<string, string>> = {
  BLKS: "512",
  NTFY: "5/urn:x:1/Act/pid",
  PRTO: "tls",
  TLSV: "0",
  TLSN: "box.local",
  TLSM: "1.0",
  TLSL: "1",
  TLSI: "box",
  MONI: "hex",
  MONF: "id,json",
  MONL: "/var/log/x.log",
  LEND: "cr",
  BALA: "least",
  FAIL: "reset",
  RATE: "2.5/s",
  PROT: "modbus",
  DPRO: "modbus-serial",
  UMAP: "2:1,3:7",
  POOL: "2",
  PIPE: "3",
  QLEN: "4",
  PROB: "000000000006010300000001",
  ALWR: "unit 1 coil 5",
  PUBL: "unit 1 coil 5 as pump",
  MODE: "broadcast",
  LOGN: "me\\r",
  TLS: "1",
  CERT: "/etc/cert.pem",
  PKEY: "/etc/key.pem",
  CAFI: "/etc/ca.pem",
  SECR: "hush",
  DEVC: "barn:hush",
  PRXY: "10.0.0.0/8,::1",
};

/** A value that is not the default. */
function sampleOf({ key, unit, range, defaultText }: OptionRow<object>): string {
  const words = unit === "word" ? range.split(", ").filter((word) => word !== defaultText) : [];
  return VALUES[key] ?? words[0] ?? "7";
}

const CONN = [...LINE_OPTIONS, ...OPTIONS];

interface Table {
  readonly name: string;
  readonly rows: readonly OptionRow<object>[];
  readonly defaults: object;
}

function table<T extends object>(name: string, rows: readonly OptionRow<T>[], defaults: T): Table {
  return { name, rows: rows as unknown as readonly OptionRow<object>[], defaults };
}

const TABLES: readonly Table[] = [
  table("conn", CONN, DEFAULT_OPTIONS),
  table("direct", DIRECT_OPTIONS, DEFAULT_DIRECT_OPTIONS),
  table("mux", MUX_OPTIONS, DEFAULT_MUX_OPTIONS),
  table("tunnel", TUNNEL_OPTIONS, DEFAULT_TUNNEL_OPTIONS),
];

for (const { name, rows, defaults } of TABLES) {
  const set = (word: string): object => {
    const parsed = parseOptions([word], rows, defaults, "file");
    assert.ok(parsed.ok, parsed.ok ? "" : `${word}: ${parsed.message}`);
    return parsed.value;
  };

  test(`${name}: the long name and the four letters set the same, in any case`, () => {
    for (const row of rows) {
      const value = sampleOf(row);
      const byKey = set(`${row.key}=${value}`);
      assert.notDeepEqual(byKey, defaults, row.key);
      assert.deepEqual(set(`${row.name}=${value}`), byKey);
      assert.deepEqual(set(`${row.name.toUpperCase()}=${value}`), byKey);
      assert.deepEqual(set(`${row.key.toLowerCase()}=${value}`), byKey);
    }
  });

  test(`${name}: the printed form sets the same, and a default is not printed`, () => {
    for (const row of rows.filter(({ isSecret }) => !isSecret)) {
      assert.deepEqual(row.print(defaults), [], row.key);
      const options = set(`${row.key}=${sampleOf(row)}`);
      const [printed, ...more] = row.print(options);
      assert.deepEqual(set(`${row.name}=${printed}`), options);
      assert.deepEqual(more, []);
      if (row.defaultText !== "") assert.deepEqual(set(`${row.name}=${row.defaultText}`), defaults);
    }
  });

  test(`${name}: a bare time keeps its unit, and every unit is taken`, () => {
    for (const row of rows.filter(({ unit }) => unit === "ms" || unit === "s")) {
      assert.deepEqual(set(`${row.name}=7`), set(`${row.name}=7${row.unit}`), row.key);
      assert.deepEqual(set(`${row.name}=2000ms`), set(`${row.name}=2s`));
      assert.deepEqual(set(`${row.name}=1m30s`), set(`${row.name}=90s`));
      assert.deepEqual(row.print(set(`${row.name}=2500ms`)), ["2500ms"]);
      const [wrong] = [parseOptions([`${row.name}=5 apples`], rows, defaults, "file")];
      assert.ok(!wrong.ok && /a time is wanted, such as 500ms/.test(wrong.message), wrong.ok ? "" : wrong.message);
    }
  });

  test(`${name}: the wire takes four letters and bare numbers only, and suggests nothing`, () => {
    for (const row of rows) {
      const long = parseOptions([`${row.name}=7`], rows, defaults, "wire");
      if (row.name.toUpperCase() !== row.key) {
        assert.deepEqual(long, { ok: false, message: `unknown option "${row.name}"` });
      }
      if (row.unit !== "ms" && row.unit !== "s") continue;
      const timed = parseOptions([`${row.key}=7s`], rows, defaults, "wire");
      assert.ok(!timed.ok && timed.message.startsWith(`bad ${row.key} "7s": `));
    }
  });
}

test("a key has one long name wherever it stands, and no two options of a line share a name", () => {
  const names = new Map<string, string>();
  for (const { key, name } of TABLES.flatMap(({ rows }) => rows)) {
    if (name === "stall") continue; // of [mux]; STAL of [tunnel] had its longer name first
    if (key === "RTRY" && name === "retry") continue; // of [mux]: it tries on without an end
    if (key === "TLSI") continue; // named as TLS of [tunnel], whose lines do not take it
    assert.equal(names.get(key) ?? name, name, key);
    names.set(key, name);
    assert.match(name, /^[a-z]+(-[a-z]+)*$/);
  }
  assert.equal(new Set(names.values()).size, names.size);
});

test("a fraction of a millisecond is rounded up: it must not become 0, which means never", () => {
  const parsed = parseOptions(["PACE=0.0001", "IDLE=1.001"], OPTIONS, DEFAULT_OPTIONS, "file");
  assert.ok(parsed.ok);
  assert.deepEqual([parsed.value.paceMs, parsed.value.quietMs], [1, 1001]);
});

test("what may be a password is neither printed nor repeated in a message", () => {
  const secrets = TABLES.flatMap(({ rows, defaults }) =>
    rows.filter(({ isSecret }) => isSecret).map((row) => ({ row, rows, defaults })),
  );
  assert.deepEqual(
    secrets.map(({ row }) => row.key),
    ["LOGN", "SECR", "DEVC"],
  );
  for (const { row, rows, defaults } of secrets) {
    const parsed = parseOptions([`${row.key}=${sampleOf(row)}`], rows, defaults, "file");
    assert.match(String(parsed.ok && row.print(parsed.value)), /^(barn:)?\*\*\*$/);
    const wrong = parseOptions([`${row.key}=${"hush\\q".repeat(70_000)}`], rows, defaults, "file");
    assert.ok(!wrong.ok && !wrong.message.includes("hush"), row.key);
  }
});

test("a near miss suggests the right name", () => {
  const told = (option: string): string => {
    const parsed = parseOptions([option], MUX_OPTIONS, DEFAULT_MUX_OPTIONS, "file");
    return parsed.ok ? "" : parsed.message;
  };
  assert.equal(told("cahce=1"), 'unknown option "cahce"; did you mean cache?');
  assert.equal(told("CAHC=1"), 'unknown option "CAHC"; did you mean CACH?');
  assert.match(told("protocol=modbsu"), /^bad protocol "modbsu": .*; did you mean modbus\?$/);
  assert.match(
    told("mode=brodcast"),
    /^bad mode "brodcast": request or broadcast is wanted; did you mean broadcast\?$/,
  );
  assert.equal(told("cache"), 'bad option "cache": cache=ms is wanted');
});
