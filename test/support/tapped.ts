import type { FormatWord } from "#src/core/monitor/format.js";
import { type Hops, RELAYED } from "#src/core/monitor/hops.js";
import type { View } from "#src/core/monitor/view.js";
import { conbusView } from "#src/core/monitor/views/conbus-view.js";
import { Times } from "#src/log/times.js";
import type { TraceContext } from "#src/monitor/direction-trace.js";
import { LineQueue } from "#src/monitor/line-queue.js";
import { Subscriber } from "#src/monitor/subscriber.js";
import { Tap } from "#src/monitor/tap.js";
import { ManualClock } from "./clock.js";

/** Two telegrams whose checksums are right. */
export const ONE = "<S0000000000F01D00FA>";
export const TWO = "<R0020030837F01DFM>";

export function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** A tap, and the lines of a subscriber without their times. */
export function tapped(hops: Hops = RELAYED, more: Partial<TraceContext> = {}, view: View = conbusView) {
  const clock = new ManualClock();
  const faults: unknown[] = [];
  const tap = new Tap({ connection: "c", listener: 1, server: "s:1" }, hops, {
    clock,
    times: new Times(),
    fault: (error) => faults.push(error),
    ...more,
  });
  const seeBy = (other: View, format: FormatWord[] = []) => {
    let text = "";
    const queue = new LineQueue((batch, done) => {
      text += batch;
      done();
    }, clock);
    const subscriber = new Subscriber(queue, format);
    tap.add(other, subscriber);
    const lines = (): string[] => {
      clock.advance(100);
      return text
        .split("\n")
        .filter(Boolean)
        .map((line) => line.slice("14:32:15,123 ".length));
    };
    return { subscriber, lines, skipped: () => queue.lost };
  };
  return { tap, clock, faults, seeBy, ...seeBy(view) };
}
