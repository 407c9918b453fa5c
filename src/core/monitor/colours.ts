import type { Hop } from "./hops.js";
import type { ConnectionEvent } from "./trace-event.js";

/** A colour, by its name in Node's `util.inspect.colors`. */
export type Colour = "cyan" | "blue" | "green" | "yellow" | "red" | "gray";

const COLOURS: Readonly<Record<Hop | ConnectionEvent, Colour>> = {
  "CLIENT→PROXY": "cyan",
  "PROXY→SERVER": "blue",
  "SERVER→PROXY": "green",
  "PROXY→CLIENT": "yellow",
  CONNECT: "gray",
  DISCONNECT: "gray",
  ERROR: "red",
};

/** Colours a line of a monitor: its time and label by the label, and the fault of the message red. */
export function coloured(line: string, style: (colour: Colour, text: string) => string): string {
  const [, head = "", label = "", rest = ""] = /^([^[]*\[([^\]]+)\])(.*)$/.exec(line) ?? [];
  const colour: Colour | undefined = Object.hasOwn(COLOURS, label) ? COLOURS[label as Hop] : undefined;
  if (colour === undefined) return style("red", line); // a gap
  const wrong = rest.indexOf(" ✗ ");
  return style(colour, head) + (wrong < 0 ? rest : rest.slice(0, wrong) + style("red", rest.slice(wrong)));
}
