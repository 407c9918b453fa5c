import { fail, ok } from "../parse/result.js";
import { isPrintable } from "../parse/text.js";
import { rowsOf } from "./option-table.js";
import type { ValueKind } from "./value-kinds.js";

/** Who is told what happens to a connection, besides the Luup engine (docs/events.md). */
export interface TellOptions {
  /** The section `[webhook NAME]` that is told; empty: none; undefined: the daemon's setting. */
  readonly webhook?: string;
}

const NOBODY = "none";

/** The name of a section `[webhook NAME]`, or none. */
const WEBHOOK: ValueKind<string> = {
  unit: "name",
  range: "a section [webhook NAME]; none",
  parse(value) {
    if (value === "" || !isPrintable(value)) return fail("the NAME of a section [webhook NAME] is wanted, or none");
    return ok(value === NOBODY ? "" : value);
  },
  print: (name) => name || NOBODY,
};

const row = rowsOf<TellOptions>({});

/** The options of CONN that name ways of telling, in the order HELP shows them. */
export const TELL_OPTIONS = [
  {
    ...row({
      key: "NURL",
      name: "webhook",
      description:
        "Tell this section [webhook NAME] when a client is connected, when data waits, and at the end. Empty is webhook of [host], none is none.",
      usage: "NURL=name",
      help: [
        "Tell the [webhook name] of the configuration of the beginning, of data, and of the end.",
        "none is none (default: webhook of the configuration).",
      ],
      sets: "webhook",
      kind: WEBHOOK,
    }),
    capabilities: ["NURL"],
  },
];
