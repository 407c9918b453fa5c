import { kill, pid, stdin, stdout } from "node:process";
import { systemClock } from "../system/clock.js";

// Control sequences of ECMA-48 and of xterm, which every terminal of today knows.
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // another screen, no cursor, lines are not wrapped
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[2K"; // in front of the text: behind a full line the cursor stands on its last character
const TO_SCREEN_END = "\x1b[J";
const USUAL_HEIGHT = 24; // of a terminal that does not tell, such as a serial line
const [CTRL_C, CTRL_BACKSLASH, CTRL_Z] = ["\x03", "\x1c", "\x1a"]; // a terminal in raw mode makes no signals of them
const OWN_GROUP = 0; // kill(2)
/** The kernel stops no process that nobody could continue (an orphaned process group, setpgid(2)); such a one goes on after so long. */
const NOT_STOPPED_MS = 200;

/**
 * A terminal that shows one screen, drawn anew in place. It is as before when this is closed, while the process is stopped (Ctrl-Z), and when
 * the process ends by itself.
 */
export class FullScreen {
  readonly #onEnd: () => void;
  readonly #onReturn: () => void;
  #state: "shown" | "hidden" | "closed" = "hidden";

  /**
   * @param onEnd called when somebody presses q, Ctrl-C or Ctrl-\
   * @param onReturn called when the screen is empty and has to be drawn: the process was stopped, and goes on
   */
  constructor(onEnd: () => void, onReturn: () => void) {
    this.#onEnd = onEnd;
    this.#onReturn = onReturn;
    process.on("exit", this.close).on("SIGTSTP", this.#stop).on("SIGCONT", this.#continue);
    this.#show();
  }

  /** The lines of the terminal. */
  get height(): number {
    return stdout.rows || USUAL_HEIGHT;
  }

  /** @param lines no wider than the terminal */
  draw(lines: readonly string[]): void {
    if (this.#state !== "shown") return;
    const text = lines.map((line) => CLEAR_LINE + line).join("\n");
    stdout.write(HOME + text + TO_SCREEN_END);
  }

  readonly close = (): void => {
    if (this.#state === "closed") return;
    process.off("exit", this.close).off("SIGTSTP", this.#stop).off("SIGCONT", this.#continue);
    this.#hide();
    this.#state = "closed";
  };

  #show(): void {
    this.#state = "shown";
    stdout.write(ENTER);
    if (!stdin.isTTY) return;
    stdin.setRawMode(true); // keys would stand in the picture
    stdin.setEncoding("latin1").off("data", this.#pressed).on("data", this.#pressed);
    stdin.resume();
  }

  #hide(): void {
    if (this.#state !== "shown") return;
    this.#state = "hidden";
    stdout.write(LEAVE);
    if (!stdin.isTTY) return;
    stdin.off("data", this.#pressed).setRawMode(false);
    stdin.pause();
  }

  readonly #pressed = (keys: string): void => {
    if (["q", CTRL_C, CTRL_BACKSLASH].some((key) => keys.includes(key))) this.#onEnd();
    else if (keys.includes(CTRL_Z)) kill(OWN_GROUP, "SIGTSTP"); // the whole job, as the terminal would
  };

  /** Stops the process as SIGTSTP does without us. */
  readonly #stop = (): void => {
    this.#hide();
    process.off("SIGTSTP", this.#stop);
    kill(pid, "SIGTSTP");
    systemClock.after(NOT_STOPPED_MS, this.#continue);
  };

  /** A shell may have set the terminal as it likes: raw mode and screen are wanted anew. */
  readonly #continue = (): void => {
    if (this.#state === "closed") return;
    process.off("SIGTSTP", this.#stop).on("SIGTSTP", this.#stop);
    if (this.#state === "shown" && stdin.isTTY) stdin.setRawMode(false); // Node.js believes that it is raw still
    this.#show();
    this.#onReturn();
  };
}
