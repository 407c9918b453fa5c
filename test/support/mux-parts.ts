import assert from "node:assert/strict";
import { ClientRecord } from "#src/core/mux/client-records.js";
import { type MuxRoute, parseMuxRoute } from "#src/core/mux/mux-line.js";
import type { Protocol, Request } from "#src/core/mux/protocol.js";
import type { ClientOrigin } from "#src/core/net/client-origin.js";
import type { DeviceConnection } from "#src/mux/device-connection.js";
import type { Mux } from "#src/mux/mux.js";
import { MuxClient } from "#src/mux/mux-client.js";
import type { MuxClientOwner } from "#src/mux/mux-client-owner.js";
import type { End } from "#src/sockets/end.js";
import type { Clock } from "#src/system/clock.js";
import type { ManualClock } from "./clock.js";
import { wrap } from "./modbus.js";

const NO_OWNER: MuxClientOwner = {
  message() {},
  headReceived() {},
  malformed() {},
  wrongProtocol() {},
  resumed() {},
  inputEnded: () => false,
  gone() {},
  isQueueFull: () => false,
  isAnswered: () => true,
  isAwaited: () => false,
  isDeviceIdle: () => false,
  stallMs: () => 5000,
  readStalled() {},
};

/** Where a client of a test is. */
const HERE: ClientOrigin = { address: "192.0.2.7", line: "mux port 5020", hops: 0 };

/** Lets work continue that the program has put off to later passes of the event loop. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 5; count += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass in steps, and the work of each step finish before the next one. */
export async function pass(clock: ManualClock, ms: number, stepMs = 100): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs));
    await settle();
  }
}

/** The route of a `[mux]` line with these options. */
export function muxRoute(options: string, target = "127.0.0.1:1"): MuxRoute {
  const parsed = parseMuxRoute(`${target} ${options}`);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

/** A message as the protocol interprets it: it must be a request. */
export function requestOf(protocol: Protocol, bytes: Buffer): Request {
  const [cut] = protocol.framing.requests().push(bytes);
  const interpretation = protocol.interpret(bytes, cut?.kind === "junk" ? undefined : cut?.head, "pass");
  if (interpretation.kind !== "request") throw new Error(`no request: ${bytes.toString("latin1")}`);
  return interpretation.request;
}

/** A Modbus/TCP message to or from unit 1. */
export function modbusMessage(id: number, pdu: Buffer, unit = 1): Buffer {
  return wrap("modbus", { id, unit, pdu });
}

/** The PDU of the answer to a read of one register. */
export function registerPdu(value: number): Buffer {
  return Buffer.of(3, 2, value >> 8, value & 0xff);
}

/** A client of a mux whose relay is the test. */
export class TestMuxClient {
  readonly client: MuxClient;
  /** Everything that the client has got: bytes as text, `EOF`, `closed: …`, `finished`, `drained`. */
  readonly got: string[] = [];
  /** Called with everything that the client gets. */
  onGot: (text: string) => void = () => {};

  constructor(protocol: Protocol, clock: Clock, owner: Partial<MuxClientOwner> = {}) {
    this.client = new MuxClient(
      { origin: HERE, id: "7f", name: "192.0.2.7:40001", record: new ClientRecord("192.0.2.7", 0) },
      { host: "192.0.2.1", port: 502 },
      protocol,
      clock,
      { ...NO_OWNER, ...owner },
    );
    this.client.events = {
      data: (chunk) => this.#add(chunk.toString("latin1")),
      eof: () => this.#add("EOF"),
      drained: () => this.#add("drained"),
      finished: () => this.#add("finished"),
      closed: (error) => this.#add(`closed: ${error?.message}`),
      fault: (error) => this.#add(`fault: ${(error as Error).message}`),
    };
  }

  /** Takes everything that the client has got. */
  take(): string[] {
    return this.got.splice(0);
  }

  #add(text: string): void {
    this.got.push(text);
    this.onGot(text);
  }
}

/** A connection to a device without a socket. */
export class TestConnection implements Pick<DeviceConnection, "ready" | "unsent" | "write" | "pause" | "resume"> {
  ready = true;
  unsent = 0;
  readonly written: Buffer[] = [];
  readonly #pausedBy = new Set<unknown>();

  get isPaused(): boolean {
    return this.#pausedBy.size > 0;
  }

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    return true;
  }

  pause(by: unknown): void {
    this.#pausedBy.add(by);
  }

  resume(by: unknown): void {
    this.#pausedBy.delete(by);
  }
}

/** A client of a whole mux, whose relay is the test: it reads everything at once. */
export interface AttachedClient {
  readonly end: End;
  /** What the client has got, without signs of life. */
  readonly got: Buffer[];
  /** Why the mux has closed the client; `EOF`: in good order. */
  closed: string | undefined;
}

/** @param address of the client */
export function attachTo(mux: Mux, address = "192.0.2.7"): AttachedClient {
  const end = mux.attach({ origin: { ...HERE, address }, id: "1", name: `${address}:40001` });
  const client: AttachedClient = { end, got: [], closed: undefined };
  end.events = {
    data: (chunk) => void (chunk.length > 0 && client.got.push(Buffer.from(chunk))),
    eof: () => {
      client.closed = "EOF";
    },
    drained() {},
    finished() {},
    closed: (error) => {
      client.closed = error?.message ?? "";
    },
    fault: (error) => assert.fail(String(error)),
  };
  end.resume();
  return client;
}

/** Everything that a client has got, as text. */
export function textOf({ got }: AttachedClient): string {
  return Buffer.concat(got).toString("latin1");
}
