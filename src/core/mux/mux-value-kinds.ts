import { type ValueKind, word } from "../options/value-kinds.js";
import { didYouMean } from "../parse/near-miss.js";
import { fail, ok } from "../parse/result.js";
import type { Protocol, Writes } from "./protocol.js";
import { findProtocol, PROTOCOLS } from "./protocols/protocols.js";

const NAMES = PROTOCOLS.map(({ framing }) => framing.name);

/** The name of a protocol. */
export const PROTOCOL: ValueKind<Protocol> = {
  unit: "protocol",
  range: NAMES.join(", "),
  parse(value, form) {
    const protocol = findProtocol(value);
    if (protocol !== undefined) return ok(protocol);
    return fail(`${NAMES.join("|")} is wanted${form === "file" ? didYouMean(value, NAMES) : ""}`);
  },
  print: ({ framing }) => framing.name,
};

/** A request in hexadecimal digits. */
export const PROBE: ValueKind<Buffer> = {
  unit: "hex",
  range: "one whole request",
  parse: (value) =>
    /^([0-9a-f]{2})+$/i.test(value)
      ? ok(Buffer.from(value, "hex"))
      : fail("a whole request in hexadecimal digits is wanted"),
  print: (request) => request.toString("hex"),
};

/** `pass`, the default, has no word: it is what holds where nothing is said. */
export const WRITES: ValueKind<Writes> = {
  ...word<Writes>(["deny", "ignore"]),
  print: (writes) => (writes === "pass" ? "" : writes),
};
