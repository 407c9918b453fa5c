import { stdin, stdout } from "node:process";

// Control sequences of ECMA-48 and of xterm, which every terminal of today knows.
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // another screen, no cursor, lines are not wrapped
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[2K"; // in front of the text: behind a full line the cursor stands on its last character
const TO_SCREEN_END = "\x1b[J";
const USUAL_HEIGHT = 24; // of a terminal that does not tell, such as a serial line
const CTRL_C = "\x03";

/** A terminal that shows one screen, drawn anew in place. It is as before when this is closed, or the process ends by itself. */
export class FullScreen {
  readonly #onKey: (keys: string) => void;
  #isOpen = true;

  /** @param onEnd called when somebody presses q or Ctrl-C */
  constructor(onEnd: () => void) {
    this.#onKey = (keys) => {
      if (keys.includes("q") || keys.includes(CTRL_C)) onEnd();
    };
    process.on("exit", this.close);
    stdout.write(ENTER);
    if (!stdin.isTTY) return;
    stdin.setRawMode(true); // keys would stand in the picture
    stdin.setEncoding("latin1").on("data", this.#onKey);
  }

  /** The lines of the terminal. */
  get height(): number {
    return stdout.rows || USUAL_HEIGHT;
  }

  /** @param lines no wider than the terminal */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const text = lines.map((line) => CLEAR_LINE + line).join("\n");
    stdout.write(HOME + text + TO_SCREEN_END);
  }

  readonly close = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off("exit", this.close);
    stdout.write(LEAVE);
    if (!stdin.isTTY) return;
    stdin.off("data", this.#onKey).setRawMode(false);
    stdin.pause();
  };
}
