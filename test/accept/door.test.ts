import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Door, type DoorRules, type Entry, type Guest, type Pass } from "#src/accept/door.js";
import type { ClientOrigin } from "#src/core/net/client-origin.js";
import type { Dial } from "#src/dial/dial.js";
import { DialError } from "#src/dial/dial-error.js";
import type { End } from "#src/sockets/end.js";
import { QueuedEnd } from "#src/sockets/queued-end.js";
import { ManualClock } from "../support/clock.js";

const REFUSE: DoorRules = { maxClients: 1, whenFull: "refuse", sharesRemote: false };
const REPLACE: DoorRules = { maxClients: 1, whenFull: "replace-oldest", sharesRemote: false };
const MOMENT_MS = 50;
const DIAL_MS = 4000;

/** A remote that is gone when its owner lets it go. */
class Remote extends QueuedEnd {
  constructor() {
    super({ host: "device", port: 23 });
  }
  get unsent(): number {
    return 0;
  }
  write(): void {}
  end(): void {}
  override reset(): void {
    this.destroy();
  }
  protected released(): void {}
}

/** A client of a door, and the dial for its remote. */
class Visitor implements Guest {
  readonly name: string;
  readonly origin: ClientOrigin;
  isAway = false;
  lastActivityAt = 0;
  isPresent = false;
  entry: Entry | undefined;
  evictedFor: string | undefined;
  hasLeft = false;
  remote: End | undefined;
  failure: string | undefined;
  dialled = 0;
  #outcome: { succeed: (end: End) => void; fail: (error: Error) => void } | undefined;
  #dial: Dial | undefined;
  readonly #clock: ManualClock;

  constructor(name: string, clock: ManualClock) {
    this.name = name;
    this.origin = { address: name, line: "direct", hops: 0 };
    this.#clock = clock;
  }

  mayReturnFrom({ address }: ClientOrigin): boolean {
    return this.isAway && address === this.origin.address;
  }

  get pass(): Pass | undefined {
    return this.entry?.kind === "in" ? this.entry.pass : undefined;
  }

  get isDialling(): boolean {
    return this.#outcome !== undefined;
  }

  come(door: Door, rules: DoorRules): this {
    door.enter(this, rules, (entry) => {
      this.entry = entry;
      if (entry.kind !== "in") return;
      entry.pass.guest = this;
      this.isPresent = true;
      this.lastActivityAt = this.#clock.now();
      this.#dial = entry.pass.dial(() => this.#start(), DIAL_MS);
      this.#dial.end.then(
        (end) => {
          if (this.isPresent) this.remote = end;
          else end.destroy();
        },
        (error: Error) => {
          this.failure = error.message;
          this.isPresent = false;
        },
      );
    });
    return this;
  }

  #start(): Dial {
    this.dialled += 1;
    const end = new Promise<End>((succeed, fail) => {
      this.#outcome = { succeed, fail };
    });
    return { kind: "socket", end, abort: () => this.refuse("given up") };
  }

  /** The device takes the connection. */
  accept(): void {
    this.#outcome?.succeed(new Remote());
    this.#outcome = undefined;
  }

  refuse(reason = "connection refused"): void {
    this.#outcome?.fail(new DialError(reason));
    this.#outcome = undefined;
  }

  /** The client has sent FIN; the device has not closed. */
  end(): void {
    this.isPresent = false;
  }

  /** Nothing is left of client and connection. */
  leave(): void {
    this.isPresent = false;
    if (this.remote === undefined) this.#dial?.abort();
    this.remote?.destroy();
  }

  evict(reason: string): void {
    this.evictedFor ??= reason;
    this.leave();
  }
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

function doorOf() {
  const clock = new ManualClock();
  const door = new Door(clock);
  let count = 0;
  const come = (rules: DoorRules, name?: string): Visitor => {
    count += 1;
    return new Visitor(name ?? `client ${count}`, clock).come(door, rules);
  };
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settle();
  };
  const served = async (rules: DoorRules): Promise<Visitor> => {
    const visitor = come(rules);
    visitor.accept();
    await settle();
    assert.ok(visitor.remote !== undefined, `${visitor.name} is served`);
    return visitor;
  };
  return { clock, come, advance, served };
}

describe("a door for one client", () => {
  test("refuses another one a moment later, and says who is there", async () => {
    const { come, advance, served } = doorOf();
    await served(REFUSE);
    await advance(3000);
    const second = come(REFUSE);
    assert.equal(second.entry, undefined);
    await advance(MOMENT_MS);
    assert.deepEqual(second.entry, {
      kind: "full",
      reason: "as many clients are connected as max-clients=1 allows",
      detail: "; the oldest is client 1, for 3 s",
    });
  });

  test("lets it in when the first has ended meanwhile; its dial waits until the remote of the first is gone", async () => {
    const { come, advance, served } = doorOf();
    const first = await served(REFUSE);
    const second = come(REFUSE);
    first.end();
    await advance(MOMENT_MS);
    assert.deepEqual([second.entry?.kind, second.dialled], ["in", 0]);
    first.leave();
    await advance(MOMENT_MS - 1);
    assert.equal(second.dialled, 0, "the device may need a moment");
    await advance(1);
    assert.equal(second.dialled, 1);
  });

  test("a client that is away keeps its place from others, and comes in itself; its successor has the remote", async () => {
    const { come, advance, served } = doorOf();
    const first = await served(REFUSE);
    first.isAway = true;
    const stranger = come(REFUSE);
    await advance(MOMENT_MS);
    assert.equal(stranger.entry?.kind, "full");
    const back = come(REFUSE, first.name);
    assert.equal(back.entry?.kind, "in");
    assert.ok(first.pass !== undefined && back.pass !== undefined);
    back.pass.takeOver(first.pass);
    first.end();
    assert.deepEqual([first.pass.hasPlace, back.pass.hasPlace], [false, true]);
    first.remote?.destroy();
    assert.equal(back.pass.hasPlace, false, "the place goes with the remote");
  });

  test("a client that is away makes room for itself when it does not get its connection again", async () => {
    const { come, advance, served } = doorOf();
    const first = await served(REFUSE);
    first.isAway = true;
    const back = come(REFUSE, first.name);
    assert.deepEqual([back.entry?.kind, back.dialled], ["in", 0]);
    await advance(1000);
    assert.match(first.evictedFor ?? "", /another one waits for its place/);
    await advance(MOMENT_MS);
    assert.equal(back.dialled, 1);
  });

  test("a newcomer that leaves without a byte replaces nobody", async () => {
    const { come, advance, served } = doorOf();
    const first = await served(REPLACE);
    const probe = come(REPLACE);
    probe.hasLeft = true;
    await advance(MOMENT_MS);
    assert.deepEqual([probe.entry, first.evictedFor], [{ kind: "left" }, undefined]);
  });

  test("replaces the oldest, and dials when its remote is gone", async () => {
    const { come, advance, served } = doorOf();
    const first = await served(REPLACE);
    const second = come(REPLACE);
    await advance(MOMENT_MS);
    assert.equal(first.evictedFor, "replaced by client 2, a newer client (when-full)");
    assert.deepEqual([second.entry?.kind, second.dialled], ["in", 0]);
    await advance(MOMENT_MS);
    second.refuse(); // the device has not got it yet
    await settle();
    await advance(250);
    assert.equal(second.dialled, 2);
    second.accept();
    await settle();
    assert.ok(second.remote !== undefined);
  });

  test("takes the place of a client that has ended, a second after its last byte, and not before", async () => {
    const { clock, come, advance, served } = doorOf();
    const first = await served(REFUSE);
    first.end();
    const second = come(REFUSE);
    await advance(900);
    first.lastActivityAt = clock.now(); // its answer is still coming
    await advance(100);
    assert.equal(first.evictedFor, undefined);
    await advance(1000);
    assert.equal(first.evictedFor, "by client, and another one waits for its place (max-clients)");
    await advance(MOMENT_MS);
    assert.equal(second.dialled, 1);
  });

  test("an answer that never ends keeps its place; who waits for it is told in time", async () => {
    const { clock, come, advance, served } = doorOf();
    const first = await served(REFUSE);
    first.end();
    const second = come(REFUSE);
    for (let at = 0; at < DIAL_MS; at += 500) {
      first.lastActivityAt = clock.now();
      await advance(500);
    }
    assert.equal(second.failure, "other clients do not leave it (max-clients)");
    assert.deepEqual([first.evictedFor, second.dialled], [undefined, 0]);
  });

  test("a client that is replaced while its remote is dialled keeps its place until that is decided", async () => {
    const { come, advance } = doorOf();
    const first = come(REPLACE);
    const second = come(REPLACE);
    await advance(MOMENT_MS);
    assert.ok(first.evictedFor !== undefined);
    await advance(500);
    assert.equal(second.dialled, 0);
    first.accept(); // too late: it is let go
    await settle();
    await advance(MOMENT_MS);
    assert.equal(second.dialled, 1);
  });

  test("but no longer than a second", async () => {
    const { come, advance } = doorOf();
    const first = come(REPLACE);
    const second = come(REPLACE);
    await advance(MOMENT_MS);
    await advance(1000);
    assert.equal(first.failure, "given up");
    await advance(MOMENT_MS);
    assert.equal(second.dialled, 1);
  });

  test("replaces ten times at once, and then twice a minute", async () => {
    const { come, advance, served } = doorOf();
    await served(REPLACE);
    const kinds: string[] = [];
    const newcomer = async (): Promise<void> => {
      const visitor = come(REPLACE);
      await advance(MOMENT_MS);
      kinds.push(visitor.entry?.kind ?? "");
      await advance(MOMENT_MS);
      visitor.accept();
      await settle();
    };
    for (let count = 0; count < 12; count += 1) await newcomer();
    assert.deepEqual(kinds.splice(0), [...Array<string>(10).fill("in"), "full", "full"]);
    await advance(30_000);
    await newcomer();
    await newcomer();
    assert.deepEqual(kinds, ["in", "full"]);
  });

  test("of several clients the oldest goes; all that are too many do, once a reload has lowered the limit", async () => {
    const { come, advance, served } = doorOf();
    const three = { ...REPLACE, maxClients: 3 };
    const first = await served(three);
    const others = [await served(three), await served(three)];
    const fourth = come(three);
    await advance(2 * MOMENT_MS);
    fourth.accept();
    await settle();
    assert.deepEqual(
      [first, ...others, fourth].map(({ isPresent }) => isPresent),
      [false, true, true, true],
    );
    const last = come(REPLACE);
    await advance(2 * MOMENT_MS);
    assert.deepEqual(
      [...others, fourth].map(({ isPresent }) => isPresent),
      [false, false, false],
    );
    assert.equal(last.dialled, 1);
  });

  test("where clients share the remote, nobody waits for it", async () => {
    const { come, advance, served } = doorOf();
    const shared = { ...REPLACE, sharesRemote: true };
    await served(shared);
    const second = come(shared);
    await advance(MOMENT_MS);
    assert.equal(second.dialled, 1);
  });
});

test("whatever clients and devices do, there are never more remotes than max-clients, and nobody waits for ever", async () => {
  const step = fc.record({
    what: fc.constantFrom("come", "accept", "refuse", "end", "leave", "wait"),
    who: fc.nat(7),
    ms: fc.constantFrom(1, 49, 50, 250, 1000, 4000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom("refuse" as const, "replace-oldest" as const),
      fc.array(step, { maxLength: 60 }),
      async (maxClients, whenFull, steps) => {
        const { come, advance } = doorOf();
        const rules = { maxClients, whenFull, sharesRemote: false };
        const visitors: Visitor[] = [];
        const check = (): void => {
          const remotes = visitors.filter(({ remote, isDialling }) => isDialling || (remote && !remote.gone));
          assert.ok(remotes.length <= maxClients, `${remotes.length} remotes`);
          assert.ok(visitors.filter(({ isPresent }) => isPresent).length <= maxClients);
        };
        for (const { what, who, ms } of steps) {
          const visitor = visitors.at(-1 - who);
          if (what === "come") visitors.push(come(rules));
          else if (what === "wait") await advance(ms);
          else if (visitor?.entry?.kind === "in") visitor[what]();
          await settle();
          check();
        }
        for (const visitor of visitors) visitor.refuse();
        for (let round = 0; round < 40; round += 1) {
          await advance(250);
          for (const visitor of visitors) visitor.accept();
          await settle();
          check();
        }
        for (const visitor of visitors) {
          if (visitor.isPresent) assert.ok(visitor.remote !== undefined, `${visitor.name} waits for ever`);
          visitor.leave();
        }
        await advance(DIAL_MS);
        const last = Array.from({ length: maxClients }, () => come(rules));
        assert.deepEqual(
          last.map(({ dialled }) => dialled),
          last.map(() => 1),
          "all places are free again",
        );
      },
    ),
    { numRuns: 150 },
  );
});
