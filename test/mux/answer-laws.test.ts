// Law: no answer of one request ever reaches another, whatever the device does.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DeviceHabits } from "#src/core/mux/device-habits.js";
import type { Protocol } from "#src/core/mux/protocol.js";
import { UnitHealth } from "#src/core/mux/unit-health.js";
import { type ClientRequest, PendingRequest } from "#src/mux/pending-request.js";
import { RequestPipeline } from "#src/mux/request-pipeline.js";
import type { RequestPipelineOwner } from "#src/mux/request-pipeline-owner.js";
import { ManualClock } from "../support/clock.js";
import { type ModbusKind, readPdu, unwrap, wrap } from "../support/modbus.js";
import { muxRoute, requestOf, TestConnection } from "../support/mux-parts.js";

/** What a kind of device says. The key of a request, 0 to 999, is what its answer holds. */
interface Kind {
  readonly options: string;
  request(key: number): Buffer;
  answer(request: Buffer, ownId: number): Buffer;
  keyOf(answer: Buffer): number;
  /** What the device says unasked. */
  readonly unasked: Buffer;
  /** Whether it may come again, or say something, while a request waits. */
  readonly tells: boolean;
  /** Whether the device answers in any order. */
  readonly isOrderless?: boolean;
}

const UNASKED_ISO = Buffer.from("\0\x1a08000020000000000000999999", "latin1");

function iso(mti: string, key: number): Buffer {
  const text = `${mti}0020000000000000${String(key).padStart(6, "0")}`;
  return Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)]);
}

/** `units`: how many there are behind a gateway, each with registers of its own. */
interface ModbusKindOf {
  readonly kind?: ModbusKind;
  readonly units?: number;
  readonly tells?: true;
  idOf?(id: number, ownId: number): number;
}

function modbus(options: string, { kind = "modbus", units = 1, tells, idOf = (id) => id }: ModbusKindOf): Kind {
  return {
    options: `PROT=${kind} ${options}`,
    request: (key) => wrap(kind, { id: 0, unit: 1 + (key % units), pdu: readPdu(key) }),
    answer(request, ownId) {
      const { id, unit, pdu } = unwrap(kind, request);
      return wrap(kind, { id: idOf(id, ownId) & 0xffff, unit, pdu: Buffer.of(3, 2, pdu[1] ?? 0, pdu[2] ?? 0) });
    },
    keyOf: (answer) => unwrap(kind, answer).pdu.readUInt16BE(2),
    unasked: wrap(kind, { id: 0xeeee, unit: 1, pdu: Buffer.of(4, 2, 0xff, 0xff) }),
    tells: tells === true,
    isOrderless: options.includes("PIPE") || units > 1,
  };
}

const KINDS: Readonly<Record<string, Kind>> = {
  "ids come back": modbus("", { tells: true }),
  "ids come back, in any order": modbus("PIPE=4", { tells: true }),
  "units behind a gateway": modbus("PIPE=2", { tells: true, units: 3 }),
  "ids of its own": modbus("PIPE=4", { idOf: (id, ownId) => id + 0x8000 + ownId }),
  "id 0": modbus("", { idOf: () => 0 }),
  "bytes of ids swapped": modbus("", { idOf: (id) => ((id & 0xff) << 8) | (id >> 8) }),
  "a serial line": modbus("", { kind: "modbus-serial" }),
  "units of a serial line": modbus("", { kind: "modbus-serial", units: 3 }),
  "units of a serial line in ASCII": modbus("", { kind: "modbus-ascii", units: 3 }),
  iso8583: {
    options: "PROT=iso8583",
    request: (key) => iso("0200", key),
    answer: (request) => iso("0210", Number(request.toString("latin1", 22))),
    keyOf: (answer) => Number(answer.toString("latin1", 22)),
    unasked: Buffer.concat([Buffer.of(0, 0), UNASKED_ISO]),
    tells: true,
  },
  echo: {
    options: "PROT=echo",
    request: (key) => Buffer.from(`${key}\n`),
    answer: (request) => Buffer.from(`=${request}`),
    keyOf: (answer) => Number(answer.toString("latin1", 1)),
    unasked: Buffer.from("alarm\n"),
    tells: false,
  },
};

type Step =
  | { readonly do: "ask" | "unasked" | "again"; readonly n: number }
  | { readonly do: "answer"; readonly n: number; readonly how: "once" | "twice" | "in halves" | "never" }
  | { readonly do: "pass"; readonly n: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("ask" as const), n: fc.nat(999) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("answer" as const),
      n: fc.nat(3),
      how: fc.constantFrom("once", "once", "once", "twice", "in halves", "never"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("unasked" as const, "again" as const), n: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("pass" as const), n: fc.constantFrom(10, 150, 210, 900, 2100) }),
  },
);

/** One link, as both sides of it see it. */
interface DeviceLink {
  readonly connection: TestConnection;
  readonly pipeline: RequestPipeline;
  /** How many messages of the connection the device has taken. */
  seen: number;
  /** Requests that the device has not answered. */
  readonly asked: Buffer[];
  readonly given: Buffer[];
}

/** One device, all its links, and clients whose requests go out as soon as they can. */
class World {
  readonly clock = new ManualClock();
  readonly habits = new DeviceHabits();
  readonly units = new UnitHealth();
  answers = 0;
  #link: DeviceLink;
  #ownId = 0;
  readonly #kind: Kind;
  readonly #protocol: Protocol;
  readonly #waiting: number[] = [];
  readonly #keys = new Map<PendingRequest, number>();

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#protocol = muxRoute(kind.options).mux.protocol;
    this.#link = this.#connect();
  }

  ask(key: number): void {
    this.#waiting.push(key);
    this.#send();
  }

  /** The device answers one of the requests that it has got. */
  answer(n: number, how: "once" | "twice" | "in halves" | "never"): void {
    const { asked } = this.#link;
    const [request] = asked.splice(this.#kind.isOrderless ? n % Math.max(1, asked.length) : 0, 1);
    if (request === undefined || how === "never") return;
    this.#ownId += 1;
    const answer = this.#kind.answer(request, this.#ownId);
    this.#link.given.push(answer);
    const { pipeline } = this.#link;
    if (how === "in halves") {
      pipeline.data(answer.subarray(0, 3));
      if (!pipeline.isStopped) pipeline.data(answer.subarray(3));
    } else {
      pipeline.data(how === "twice" ? Buffer.concat([answer, answer]) : answer);
    }
    this.#send();
  }

  /** The device says an earlier answer again, or what nobody asked for. */
  say(what: "unasked" | "again", n: number): void {
    const { given, pipeline } = this.#link;
    if (pipeline.outstanding > 0 && !this.#kind.tells) return; // nothing can tell then: docs/mux.md says so
    const last = what === "unasked" ? this.#kind.unasked : given.at(this.#kind.tells ? -1 - n : -1);
    if (last !== undefined) pipeline.data(last);
    this.#send();
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    this.#send();
  }

  #send(): void {
    if (this.#link.pipeline.isStopped) this.#link = this.#connect();
    for (const key of this.#waiting.splice(0)) {
      const request = requestOf(this.#protocol, this.#kind.request(key));
      const isFree = this.#link.pipeline.room.isFor(request);
      if (isFree && this.#link.pipeline.health.isAmbiguous(request)) {
        this.#link.pipeline.retire("ambiguous");
        if (this.#link.pipeline.isStopped) this.#link = this.#connect();
      }
      if (!isFree || !this.#link.pipeline.room.isFor(request)) {
        this.#waiting.push(key);
        continue;
      }
      const pending = new PendingRequest({ request, client: { name: "" } } as unknown as ClientRequest);
      this.#keys.set(pending, key);
      this.#link.pipeline.send(pending);
    }
    const { connection, asked, seen } = this.#link;
    asked.push(...connection.written.slice(seen));
    this.#link.seen = connection.written.length;
  }

  #connect(): DeviceLink {
    const connection = new TestConnection();
    const { mux } = muxRoute(`${this.#kind.options} TIME=2`);
    const stop = (): void => pipeline.stop();
    const owner: RequestPipelineOwner = {
      clock: this.clock,
      habits: this.habits,
      units: this.units,
      options: () => mux,
      answer: (pending, { bytes }) => {
        assert.equal(this.#kind.keyOf(bytes), this.#keys.get(pending), "the answer to this request");
        this.answers += 1;
      },
      completed() {},
      failed() {},
      withdrawn() {},
      event() {},
      unsolicited() {},
      responsive() {},
      learned() {},
      closeWaitMs: () => 0,
      wasTurnedAway: () => false,
      isAwaited: () => false,
      ready() {},
      fault: (error) => assert.fail(String(error)),
      fail: stop,
      retire: stop,
      replace: stop,
    };
    const pipeline = new RequestPipeline(connection, owner);
    return { connection, pipeline, seen: 0, asked: [], given: [] };
  }
}

for (const [name, kind] of Object.entries(KINDS)) {
  test(`${kind.options}, ${name}: no request gets the answer to another one`, () => {
    let answers = 0;
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 10, maxLength: 60 }), (steps) => {
        const world = new World(kind);
        for (const step of steps) {
          if (step.do === "ask") world.ask(step.n);
          else if (step.do === "answer") world.answer(step.n, step.how);
          else if (step.do === "pass") world.pass(step.n);
          else world.say(step.do, step.n);
        }
        answers += world.answers;
      }),
      { numRuns: 150 },
    );
    assert.ok(answers > 30, `${answers} answers`); // the streams are not empty of answers
  });
}
