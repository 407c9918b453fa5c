import { escapedJson } from "../core/parse/text.js";
import type { WatchRequest } from "../core/setup/watch-request.js";
import type { LogLine, LogTail } from "../log/log-tail.js";
import type { Times } from "../log/times.js";
import type { Monitor, Watcher } from "../monitor/monitor.js";
import { Subscriber } from "../monitor/subscriber.js";
import type { LineSource } from "./line-stream.js";

const JSON_LINES = ["json"] as const;

/**
 * Messages as they pass.
 *
 * @param last how many of those that have passed already come first
 */
export function messageSource(
  { filter, view, format }: WatchRequest,
  last: number,
  monitor: Pick<Monitor, "addWatcher" | "removeWatcher" | "lastLines">,
): LineSource {
  const wanted = { filter, ...(view && { view }) };
  let watcher: Watcher | undefined;
  return {
    past: () => (last === 0 ? [] : monitor.lastLines(wanted, format, last)),
    start(queue) {
      watcher = { ...wanted, subscriber: new Subscriber(queue, format) };
      monitor.addWatcher(watcher);
    },
    stop() {
      if (watcher !== undefined) monitor.removeWatcher(watcher);
    },
  };
}

/**
 * The lines of the log.
 *
 * @param last how many of those that have been written already come first
 * @param times writes the times as the log has them
 */
export function logSource(tail: LogTail, last: number, times: Times): LineSource {
  const jsonOf = ({ epochMs, level, text }: LogLine): string => escapedJson({ time: times.iso(epochMs), level, text });
  let follower = (_line: LogLine): void => {};
  return {
    past: () => tail.last(last).map(jsonOf),
    start(queue) {
      follower = (line) => {
        if (queue.full) queue.skip(JSON_LINES);
        else queue.push(jsonOf(line), JSON_LINES);
      };
      tail.follow(follower);
    },
    stop: () => tail.unfollow(follower),
  };
}
