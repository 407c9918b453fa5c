import type { ModbusName } from "../mux/modbus-forms.js";
import type { ReadFunction } from "./frames.js";
import type { IdHabit } from "./ids.js";

/** What could not be tried, and why. */
export interface NotTried {
  readonly kind: "not tried";
  readonly reason: string;
}

/**
 * How long an idle link lives. `dies`: it stays open, and a request on it gets no answer. `aliveMs`: the longest pause behind which one got an
 * answer; 0: none did.
 */
export type IdleLife =
  | { readonly kind: "cut" | "kept"; readonly ms: number }
  | { readonly kind: "dies"; readonly ms: number; readonly aliveMs: number }
  | NotTried;

/** What the doctor has seen of a device. Times in milliseconds. */
export interface Observations {
  /** Until the first connection stood. */
  readonly connectMs: number;
  /** Bytes that came behind the connect, before anything was asked. */
  readonly greeting: string;
  readonly framing: ModbusName;
  /** The function that was asked, and what reading the register says: undefined for a value, else the exception. */
  readonly reading: { readonly code: ReadFunction; readonly register: number; readonly exception: number | undefined };
  /** From the connect to the first request that is answered; 0: at once. */
  readonly readyMs: number;
  /** Whether the request comes back before the answer. */
  readonly echoes: boolean;
  readonly ids: IdHabit;
  /** The unit that answers name, where it is not the one that was asked. */
  readonly answersAs: number | undefined;
  readonly speed: { readonly reads: number; readonly p50Ms: number; readonly worstMs: number; readonly lost: number };
  /** The pause between requests with which none is lost; 0: none is needed. */
  readonly gapMs: number;
  /** Bytes around the answers that nobody asked for, in all. */
  readonly unaskedBytes: number;
  readonly closesAfterAnswer: boolean;
  /** Registers that one read brings at most, from that register on. */
  readonly mostRegisters: number;
  /** Connections at once, of those that were tried. `newest`: a new one ends the ones before. `parallel`: it works on their requests at a time. */
  readonly links: {
    readonly count: number;
    readonly tried: number;
    readonly kept: "all" | "oldest" | "newest";
    readonly parallel: boolean;
  };
  /** Requests outstanding on one link that were all answered, each with its own id; 1 where it takes them one by one. */
  readonly pipeline: { readonly kind: "tried"; readonly requests: number } | NotTried;
  readonly idle: IdleLife;
}

/** What counts for a device as long as nothing else is seen of it. */
export const NOTHING_SEEN: Omit<Observations, "connectMs" | "framing" | "reading"> = {
  greeting: "",
  readyMs: 0,
  echoes: false,
  ids: "unknown",
  answersAs: undefined,
  speed: { reads: 0, p50Ms: 0, worstMs: 0, lost: 0 },
  gapMs: 0,
  unaskedBytes: 0,
  closesAfterAnswer: false,
  mostRegisters: 0,
  links: { count: 1, tried: 0, kept: "oldest", parallel: false },
  pipeline: { kind: "not tried", reason: "no time was left" },
  idle: { kind: "not tried", reason: "no time was left" },
};

/** What has been seen so far. */
export type Seen = Partial<Observations>;
