import type { Readable } from "node:stream";
import { until } from "./wait.js";

/** One line that tells of a message or an event. */
export interface Shown {
  /** Its time of day, in milliseconds. */
  readonly at: number;
  /** What is in the brackets: `CLIENT→PROXY`, `CONNECT`. */
  readonly label: string;
  /** What follows them. */
  readonly text: string;
}

const LINE = /^(\d\d):(\d\d):(\d\d),(\d{3}) \[([A-Z]+(?:→[A-Z]+)?)\] (.*)$/;

/** Reads the lines of the form `14:32:15,123 [CLIENT→PROXY] <telegram>` and ignores others. */
export function readShown(lines: readonly string[]): Shown[] {
  return lines.flatMap((line) => {
    const match = LINE.exec(line);
    if (match === null) return [];
    const [, hours, minutes, seconds, ms, label = "", text = ""] = match;
    const at = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(ms);
    return [{ at, label, text }];
  });
}

/** The messages among them, each as `[LABEL] text`. */
export function messages(shown: readonly Shown[]): string[] {
  return shown.filter(({ label }) => label.includes("→")).map(({ label, text }) => `[${label}] ${text}`);
}

/** The two lines of each of these messages from client to server. */
export function upward(...texts: readonly string[]): string[] {
  return texts.flatMap((text) => [`[CLIENT→PROXY] ${text}`, `[PROXY→SERVER] ${text}`]);
}

/** The two lines of each of these messages from server to client. */
export function downward(...texts: readonly string[]): string[] {
  return texts.flatMap((text) => [`[SERVER→PROXY] ${text}`, `[PROXY→CLIENT] ${text}`]);
}

/** The number of messages that the lines report as not shown. */
export function notShown(text: string): number {
  return [...text.matchAll(/(\d+) messages? not shown/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The output of a stream, in lines. */
export class Output {
  text = "";

  constructor(stream: Readable) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      this.text += chunk;
    });
  }

  /** All complete lines. */
  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }

  /** The lines of messages and events. */
  get shown(): Shown[] {
    return readShown(this.lines);
  }

  /** The lines of messages, each as `[LABEL] text`. */
  get messages(): string[] {
    return messages(this.shown);
  }

  /** Waits for so many lines of messages; returns all of them. */
  async received(count: number, withinMs?: number): Promise<string[]> {
    try {
      await until(() => this.messages.length >= count, `${count} lines of messages`, withinMs);
    } catch (error) {
      throw new Error(`${error}; there are:\n${this.text}`);
    }
    return this.messages;
  }

  /** Waits for a text. */
  async says(pattern: RegExp, withinMs?: number): Promise<void> {
    try {
      await until(() => pattern.test(this.text), String(pattern), withinMs);
    } catch (error) {
      throw new Error(`${error}; there is:\n${this.text}`);
    }
  }
}
