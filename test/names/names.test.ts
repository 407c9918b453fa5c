import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Family, HostAddress } from "#src/core/names/host-address.js";
import type { Answer } from "#src/core/names/lookup-progress.js";
import { Times } from "#src/log/times.js";
import type { Search } from "#src/names/name-search.js";
import { Names } from "#src/names/names.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";

const SILENCE = "silence";

/** What the sources of a test say: of the servers `hub 4`, of the system `hub`. What is missing has no answer. */
class Sources {
  /** By server: addresses, separated by blanks, with a TTL in seconds behind a slash; or the kind of an answer without addresses. */
  readonly servers: Record<string, string>[] = [{}];
  system: Record<string, string> = {};
  hostsFile: Record<string, HostAddress[]> = {};
  readonly asked: string[] = [];
  areCurrent = true;

  get sources() {
    return {
      hosts: async (name: string) => this.hostsFile[name] ?? [],
      servers: () => ({
        count: this.servers.length,
        ask: (server: number, name: string, family: Family) => this.#ask(server, name, family),
        areCurrent: () => this.areCurrent,
      }),
      system: (name: string): Promise<HostAddress[] | undefined> => {
        this.asked.push(`system ${name}`);
        const text = this.system[name];
        if (text === SILENCE) return Promise.resolve(undefined);
        return text === undefined ? new Promise(() => {}) : Promise.resolve(addresses(text, 4));
      },
      close() {},
    };
  }

  #ask(server: number, name: string, family: Family): Promise<Answer> {
    this.asked.push(`${server} ${name} ${family}`);
    const text = this.servers[server]?.[`${name} ${family}`] ?? this.servers[server]?.[name];
    if (text === undefined) return new Promise(() => {});
    if (text === "none" || text === "unknown" || text === SILENCE) return Promise.resolve({ kind: text });
    const [list = "", ttl = "60"] = text.split("/");
    return Promise.resolve({ kind: "found", addresses: addresses(list, family), ttlMs: Number(ttl) * 1000 });
  }
}

function addresses(text: string, family: Family): HostAddress[] {
  return text
    .split(" ")
    .filter(Boolean)
    .map((address) => ({ address, family }));
}

function fixture() {
  const [clock, log, world] = [new ManualClock(), new MemoryLog(), new Sources()];
  const names = new Names(clock, log, world.sources);
  /** Begins a search, whose events come as text. */
  const search = (host: string): { readonly heard: string[]; readonly search: Search } => {
    const heard: string[] = [];
    const begun = names.search(host, {
      found: (found) => void heard.push(found.map(({ address }) => address).join(" ")),
      ended: (isKept, error) => void heard.push(error?.code ?? (isKept ? "kept" : "over")),
    });
    return { heard, search: begun };
  };
  /** All that is heard without time passing. */
  const hear = async (host: string): Promise<string[]> => {
    const { heard } = search(host);
    await settled();
    return heard;
  };
  return { clock, log, world, names, search, hear };
}

/** Lets promises that are resolved be heard. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("an address is itself; the hosts file counts before all servers", async () => {
  const { world, hear } = fixture();
  world.hostsFile["hub"] = [{ address: "10.0.0.9", family: 4 }];
  assert.deepEqual(await hear("fd00::1"), ["fd00::1", "over"]);
  assert.deepEqual(await hear("HUB."), ["10.0.0.9", "over"]);
  assert.deepEqual(world.asked, []);
});

describe("who is asked", () => {
  test("many who look for a name at once are one lookup", async () => {
    const { world, search, clock } = fixture();
    const all = ["a.test", "A.test", "a.test."].map((name) => search(name));
    await settled();
    world.servers[0] = { "a.test 4": "10.0.0.1", "a.test 6": "none" };
    clock.advance(1000); // the packets were lost
    await settled();
    for (const { heard } of all) assert.deepEqual(heard, ["10.0.0.1", "over"]);
    assert.deepEqual(world.asked, ["0 a.test 6", "0 a.test 4", "0 a.test 6", "0 a.test 4", "system a.test"]);
  });

  test("who comes after the system has got other servers asks these", async () => {
    const { world, search, hear } = fixture();
    search("a.test");
    await settled();
    world.servers[0] = { "a.test 4": "10.0.0.1", "a.test 6": "none" };
    world.areCurrent = false;
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"]);
  });

  test("however many names have no answer, one more is asked for: the oldest is given up, one that nobody waits for first", async () => {
    const { search, world, hear } = fixture();
    world.servers[0] = {
      "good.test 4": "10.0.0.1",
      "good.test 6": "none",
      "fine.test 4": "10.0.0.2",
      "fine.test 6": "none",
    };
    const dead = Array.from({ length: 2048 }, (_, index) => search(`dead${index}.test`));
    await settled();
    dead[7]?.search.cancel();
    assert.deepEqual(await hear("good.test"), ["10.0.0.1", "over"]);
    assert.deepEqual(dead[0]?.heard, []);
    search("dead.test");
    await settled();
    assert.deepEqual(await hear("fine.test"), ["10.0.0.2", "over"]);
    assert.deepEqual(
      dead.slice(0, 3).map(({ heard }) => heard),
      [["ETIMEOUT"], [], []],
    );
  });

  test("a dead first server costs 0.3 s", async () => {
    const { world, search, clock } = fixture();
    world.servers.push({ "a.test 4": "10.0.0.1", "a.test 6": "fd00::1" });
    const { heard } = search("a.test");
    await settled();
    clock.advance(299);
    await settled();
    assert.deepEqual(heard, []);
    clock.advance(1);
    await settled();
    assert.deepEqual(heard, ["fd00::1", "10.0.0.1", "over"]);
  });

  test("a server that fails costs nothing", async () => {
    const { world, hear } = fixture();
    world.servers[0] = { "a.test": SILENCE };
    world.servers.push({ "a.test 4": "10.0.0.1", "a.test 6": "none" });
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"]);
  });

  test("nobody knows the name, or nobody answers", async () => {
    const { world, hear } = fixture();
    world.servers[0] = { "a.test": "unknown", "b.test": SILENCE };
    world.system = { "a.test": "", "b.test": "" };
    assert.deepEqual(await hear("a.test"), ["ENOTFOUND"]);
    assert.deepEqual(await hear("b.test"), ["ETIMEOUT"]);
  });

  test("a family that never answers is waited for once", async () => {
    const { world, hear, clock } = fixture();
    world.servers[0] = { "a.test 4": "10.0.0.1/1", "a.test 6": SILENCE };
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"]);
    clock.advance(1000);
    delete world.servers[0]?.["a.test 6"];
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"], "though it is asked for");
  });
});

describe("what was found is kept", () => {
  test("for its TTL, at least 1 s", async () => {
    const { world, hear, clock } = fixture();
    world.servers[0] = { "a.test 4": "10.0.0.1/0", "a.test 6": "none" };
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"]);
    world.servers[0] = { "a.test 4": "10.0.0.2/5", "a.test 6": "none" };
    clock.advance(999);
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "kept"]);
    clock.advance(1);
    assert.deepEqual(await hear("a.test"), ["10.0.0.2", "over"]);
    clock.advance(4999);
    assert.deepEqual(await hear("a.test"), ["10.0.0.2", "kept"]);
  });

  test("not what is not there", async () => {
    const { world, hear } = fixture();
    world.servers[0] = { "a.test": "unknown" };
    world.system = { "a.test": "" };
    assert.deepEqual(await hear("a.test"), ["ENOTFOUND"]);
    world.servers[0] = { "a.test 4": "10.0.0.1", "a.test 6": "none" };
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"]);
  });

  test("an address that leads nowhere is asked for anew, unless it was found just now", async () => {
    const { world, search, clock } = fixture();
    world.servers[0] = { "a.test 4": "10.0.0.1", "a.test 6": "none" };
    const first = search("a.test");
    await settled();
    world.servers[0] = { "a.test 4": "10.0.0.2", "a.test 6": "none" };
    const early = search("a.test");
    await settled();
    early.search.refresh();
    await settled();
    assert.deepEqual(
      [first.heard, early.heard],
      [
        ["10.0.0.1", "over"],
        ["10.0.0.1", "kept", "over"],
      ],
    );
    clock.advance(1000);
    const late = search("a.test");
    await settled();
    late.search.refresh();
    await settled();
    assert.deepEqual(late.heard, ["10.0.0.1", "kept", "10.0.0.2", "over"]);
  });
});

describe("while the servers are silent", () => {
  /** A name whose time is over, and whose server is dead. */
  async function stale() {
    const all = fixture();
    all.world.servers[0] = { "a.test 4": "10.0.0.1/1", "a.test 6": "none" };
    await all.hear("a.test");
    all.world.servers[0] = {};
    all.clock.advance(5000);
    return all;
  }

  test("the old address is used also where AAAA never had an answer", async () => {
    const { world, hear, search, clock } = fixture();
    world.servers[0] = { "a.test 4": "10.0.0.1/1" };
    await hear("a.test");
    for (let second = 0; second < 10; second += 1) {
      clock.advance(1000);
      await settled();
    }
    world.servers[0] = { "a.test": SILENCE };
    world.system = { "a.test": "" };
    clock.advance(1000);
    const { heard } = search("a.test");
    await settled();
    assert.equal(heard[0], "10.0.0.1");
  });

  test("the old address is used after 0.5 s, then after 50 ms, and that is logged once", async () => {
    const { search, clock, log } = await stale();
    const first = search("a.test");
    await settled();
    clock.advance(499);
    assert.deepEqual(first.heard, []);
    clock.advance(1);
    assert.deepEqual(first.heard, ["10.0.0.1"]);
    const second = search("a.test");
    await settled();
    clock.advance(50);
    assert.deepEqual(second.heard, ["10.0.0.1"]);
    assert.deepEqual(log.lines, [
      `WARN name a.test: no answer from the name servers; 10.0.0.1 is used on (stale, since ${new Times().iso(1_600_000_002_000)})`,
    ]);
  });

  test("who has less time than that does not wait again", async () => {
    const { search, clock } = await stale();
    const hasty = search("a.test");
    await settled();
    clock.advance(300);
    hasty.search.cancel();
    clock.advance(700);
    const next = search("a.test");
    await settled();
    clock.advance(50);
    assert.deepEqual([hasty.heard, next.heard], [[], ["10.0.0.1"]]);
  });

  test("they are asked meanwhile; when they answer, that is logged once", async () => {
    const { world, search, clock, log, hear } = await stale();
    const waiting = search("a.test");
    await settled();
    clock.advance(500);
    world.servers[0] = { "a.test 4": "10.0.0.2/1", "a.test 6": "none" };
    clock.advance(500);
    await settled();
    assert.deepEqual(waiting.heard, ["10.0.0.1", "10.0.0.2", "over"]);
    assert.deepEqual(log.lines.slice(1), ["WARN name a.test: fresh again: 10.0.0.2"]);
    assert.deepEqual(await hear("a.test"), ["10.0.0.2", "kept"]);
  });

  test("servers that fail at once: the old address is used at once", async () => {
    const { world, hear } = await stale();
    world.servers[0] = { "a.test": SILENCE };
    world.system = { "a.test": "" };
    assert.deepEqual(await hear("a.test"), ["10.0.0.1", "over"]);
  });

  test("the word that there is no such name ends the old address", async () => {
    const { world, hear } = await stale();
    world.servers[0] = { "a.test": "unknown" };
    world.system = { "a.test": "" };
    assert.deepEqual(await hear("a.test"), ["ENOTFOUND"]);
    world.servers[0] = { "a.test": SILENCE };
    assert.deepEqual(await hear("a.test"), ["ETIMEOUT"]);
  });
});

test("a hub's name is not unknown because its system had no time to ask", async () => {
  const { world, hear } = fixture();
  world.servers[0] = { "hub.local": "unknown", "hub.test": "unknown" };
  world.system = { "hub.local": SILENCE, "hub.test": SILENCE };
  assert.deepEqual(await hear("hub.local"), ["ETIMEOUT"]);
});

test("who has left hears nothing more", async () => {
  const { world, search, clock } = fixture();
  const { heard, search: begun } = search("a.test");
  await settled();
  begun.cancel();
  world.servers[0] = { "a.test 4": "10.0.0.1", "a.test 6": "none" };
  clock.advance(1000);
  await settled();
  assert.deepEqual(heard, []);
});

test("the first addresses, within a time", async () => {
  const { world, names, clock } = fixture();
  world.servers[0] = { "a.test 6": "fd00::1" };
  assert.deepEqual(await names.first("a.test"), [{ address: "fd00::1", family: 6 }]);
  const late = names.first("b.test", 2000);
  await settled();
  clock.advance(2000);
  await assert.rejects(late, { code: "ETIMEOUT" });
});

test("what leads nowhere is forgotten", async () => {
  const { world, hear, names } = fixture();
  world.servers[0] = { "a.test 4": "10.0.0.1", "a.test 6": "none" };
  await hear("a.test");
  names.forget("A.test.");
  world.servers[0] = { "a.test 4": "10.0.0.2", "a.test 6": "none" };
  assert.deepEqual(await hear("a.test"), ["10.0.0.2", "over"]);
});

test("the end gives up what is under way, and leaves no timer", async () => {
  const { names, search, clock } = fixture();
  search("a.test");
  await settled();
  names.close();
  assert.equal(clock.pending, 0);
});
