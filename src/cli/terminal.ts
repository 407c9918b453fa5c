import { env, stdout } from "node:process";
import { inspect } from "node:util";
import type { Colour } from "../core/monitor/colours.js";

/** Whether what is printed has colours: on a terminal, unless NO_COLOR asks for none. */
export function wantsColour(): boolean {
  return stdout.isTTY && !env["NO_COLOR"];
}

/** Colours a text without a condition. Node's own `styleText` would look at the environment again, by rules that differ between versions. */
export function inColours(colour: Colour, text: string): string {
  const [on, off] = inspect.colors[colour] ?? [0, 0];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
