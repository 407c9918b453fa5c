import type { Asker, Outcome, TestProtocol } from "../support/exchange.js";
import type { ModbusClient } from "../support/modbus-client.js";
import type { Mux } from "../support/mux.js";
import type { Animal } from "./animals/animal.js";

/** A story of the zoo: a device that people have, and what clients that share it see. A row of "Devices known to work" in docs/mux.md. */
export interface Story {
  /** The kind of device, in a few words. */
  readonly device: string;
  /** What it does that others do not: a short, plain sentence without a full stop. */
  readonly behaviour: string;
  /** What clients see: a short, plain sentence without a full stop. */
  readonly clients: string;
  /** The options of the mux line, in four-letter keys: `PROT=modbus TIME=2`. */
  readonly options: string;
  /** Takes more than two seconds: runs with the long tests. */
  readonly long?: true;
  /** Why the story cannot be true yet: the test says "todo". */
  readonly pending?: string;
  /** Does not answer reads of holding register 0 of unit 1, so the doctor cannot tell anything. */
  readonly beyondDoctor?: true;
  /** Opens the device. */
  animal(): Promise<Animal>;
  /** Clients visit the device through the daemon. @throws where they see something else */
  visit(visit: Visit): Promise<void>;
}

/** What a story has at hand while it is told. */
export interface Visit {
  readonly animal: Animal;
  readonly mux: Mux;
  /** The protocol of the clients: that of `PROT=`. */
  readonly protocol: TestProtocol;
  /** A new client, of any protocol. */
  client(): Promise<Asker>;
  /** A new client that writes its messages in a form of its own. */
  clientOf(kind: TestProtocol): Promise<Asker>;
  /** A new Modbus client. */
  modbus(): Promise<ModbusClient>;
  /** The lines of the daemon's log so far. */
  log(): string;
}

/** An outcome with the time it took. */
export interface Timed<T> {
  readonly value: T;
  readonly ms: number;
}

/** Waits and takes the time. */
export async function timed<T>(what: Promise<T>): Promise<Timed<T>> {
  const since = performance.now();
  const value = await what;
  return { value, ms: performance.now() - since };
}

/** Asks for each of the keys, one after the other; returns the outcomes. */
export async function askAll(client: Asker, keys: Iterable<number>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const key of keys) outcomes.push(await client.outcome(key));
  return outcomes;
}

/** The numbers from 0 to below `count`: the keys of requests. */
export function keys(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** `count` times the outcome "right". */
export function allRight(count: number): Outcome[] {
  return Array.from({ length: count }, () => "right" as const);
}
