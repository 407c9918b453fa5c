import { env, stdout } from "node:process";
import { inspect } from "node:util";
import type { Style } from "../core/terminal/screen.js";

/** Whether what is printed has colours: on a terminal, unless NO_COLOR asks for none. */
export function wantsColour(): boolean {
  return stdout.isTTY && !env["NO_COLOR"];
}

/** Colours a text without a condition. Node's own `styleText` would look at the environment again, by rules that differ between versions. */
export function inColours(style: Style, text: string): string {
  const [on, off] = inspect.colors[style] ?? [0, 0];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
