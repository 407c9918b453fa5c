import { listRowsOf, type OptionRow, rowsOf } from "../../options/option-table.js";
import { time, type ValueKind } from "../../options/value-kinds.js";
import { DEFAULT_MUX_OPTIONS, type MuxOptions } from "../mux-options.js";
import { formatPublishRule, parsePublishRule } from "./parse-rule.js";
import type { PublishRule } from "./publish-rule.js";

const MAX_POLL_MS = 86_400_000;

const PUBLISH_RULE: ValueKind<PublishRule> = {
  unit: "rule",
  range: "unit, table, address, type, as, …",
  parse: parsePublishRule,
  print: formatPublishRule,
};

/** The options about values of a Modbus device that are published. */
export const PUBLISH_OPTIONS: readonly OptionRow<MuxOptions>[] = [
  listRowsOf<MuxOptions>()({
    key: "PUBL",
    name: "publish",
    usage: "PUBL=rule",
    help: ["Publish this Modbus value when it passes. May be given several times."],
    sets: "publish",
    kind: PUBLISH_RULE,
  }),
  rowsOf<MuxOptions>(DEFAULT_MUX_OPTIONS)({
    key: "POLL",
    name: "poll",
    usage: "POLL=seconds",
    help: ["Ask for a published value when nobody has for this long. 0 is never."],
    sets: "pollMs",
    kind: time("s", 0, MAX_POLL_MS),
  }),
];
