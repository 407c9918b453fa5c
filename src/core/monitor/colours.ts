import type { Occasion, Place } from "./trace-event.js";

/** What Node's `util.inspect.colors` calls a colour. */
export type Colour = "cyan" | "blue" | "green" | "yellow" | "red" | "gray";

const COLOURS: Readonly<Record<Place | Occasion, Colour>> = {
  "CLIENT→PROXY": "cyan",
  "PROXY→SERVER": "blue",
  "SERVER→PROXY": "green",
  "PROXY→CLIENT": "yellow",
  CONNECT: "gray",
  DISCONNECT: "gray",
  ERROR: "red",
};

/** The colours of a line of a monitor: of its label with the time before it, and of what is said to be wrong with the message. */
export function coloured(line: string, style: (colour: Colour, text: string) => string): string {
  const [, head = "", label = "", rest = ""] = /^([^[]*\[([^\]]+)\])(.*)$/.exec(line) ?? [];
  const colour: Colour | undefined = Object.hasOwn(COLOURS, label) ? COLOURS[label as Place] : undefined;
  if (colour === undefined) return style("red", line); // a gap
  const wrong = rest.indexOf(" ✗ ");
  return style(colour, head) + (wrong < 0 ? rest : rest.slice(0, wrong) + style("red", rest.slice(wrong)));
}
