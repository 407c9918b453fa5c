import { stdout } from "node:process";
import { readByteLine } from "../core/monitor/byte-event.js";
import { coloured } from "../core/monitor/colours.js";
import { type Exchange, Exchanges } from "../core/monitor/exchanges.js";
import { ShortLines } from "../core/monitor/short-line.js";
import type { View } from "../core/monitor/view.js";
import { printable } from "../core/parse/text.js";
import { epochMsOf, Times } from "../log/times.js";
import { systemClock } from "../system/clock.js";
import { capture } from "./capture-sink.js";
import { followDaemon, type LineSink } from "./follow-daemon.js";
import { help } from "./help.js";
import { type Complain, failed, misused, type Started } from "./outcome.js";
import { settleSelection } from "./settle-selection.js";
import { inColours, wantsColour } from "./terminal.js";
import { parseWatchArguments, WATCH } from "./watch-arguments.js";

const OVERDUE_CHECK_MS = 1000;
const SECONDS = 8; // characters of a time of day without its milliseconds

/**
 * Runs `sockproxyd watch …`: shows the messages of a running daemon until a signal ends it, or its output has no reader any more.
 *
 * @param argv behind the word `watch`
 */
export async function watch(argv: readonly string[], complain: Complain): Promise<Started> {
  const parsed = parseWatchArguments(argv);
  if (!parsed.ok) return misused(`${parsed.message}; see sockproxyd watch --help`);
  if (parsed.value.kind === "help") return help(WATCH);
  const settled = await settleSelection(parsed.value, complain);
  if (settled.kind !== "told") return failed(settled.message);
  const { daemon, command } = settled.value;
  const { shows } = parsed.value;
  const unread = new AbortController();
  stdout.on("error", () => unread.abort());
  try {
    if (shows.kind === "pcap") {
      return await capture(shows.path, unread, complain, (sink) =>
        followDaemon(daemon, command, sink, unread.signal, complain),
      );
    }
    const sink =
      shows.kind === "short" ? shortSink(shows.view, shows.id, unread.signal) : lineSink(shows.kind === "json");
    return await followDaemon(daemon, command, sink, unread.signal, complain);
  } finally {
    unread.abort();
  }
}

/** Prints the lines as the daemon makes them. */
function lineSink(isJson: boolean): LineSink {
  const inColour = wantsColour() && !isJson;
  return {
    line(text) {
      const line = printable(text); // the text comes from another process
      stdout.write(`${inColour ? coloured(line, inColours) : line}\n`);
    },
  };
}

/** Prints a line for each request and its answer. */
function shortSink(view: View | undefined, withId: boolean, over: AbortSignal): LineSink {
  const inColour = wantsColour();
  const times = new Times();
  const lines = new ShortLines(() => (stdout.isTTY ? stdout.columns : undefined), withId);
  let exchanges = new Exchanges(view);
  const print = (exchange: Exchange): void => {
    const at = exchange.epochMs === 0 ? "" : times.ofDay(exchange.epochMs).slice(0, SECONDS);
    const { time, client, text, isWrong } = lines.lineOf(exchange, at);
    const [shownTime, shownText] = inColour
      ? [inColours("gray", time), isWrong ? inColours("red", text) : text]
      : [time, text];
    stdout.write(`${[shownTime, printable(client), shownText].filter((part) => part !== "").join(" ")}\n`);
  };
  const check = (): void => {
    exchanges.overdue(systemClock.epochMs()).forEach(print);
    next = systemClock.after(OVERDUE_CHECK_MS, check);
  };
  let next = systemClock.after(OVERDUE_CHECK_MS, check);
  over.addEventListener("abort", () => next.cancel());
  return {
    line(text) {
      const line = readByteLine(text, epochMsOf);
      if (line !== undefined) exchanges.push(line).forEach(print);
    },
    interrupted() {
      exchanges = new Exchanges(view);
    },
  };
}
