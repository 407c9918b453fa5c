import { splitHostPort } from "../net/address.js";
import { printable } from "../parse/text.js";
import type { Exchange } from "./exchanges.js";

/** Beyond this many columns there is room for the ports of clients. */
const WIDE = 110;
/** The part of the room that a long request gets beside a long answer. */
const REQUEST_PART = 0.6;
const ARROW = " → ";

/** An exchange in parts, each to be coloured by itself; joined with blanks they are the line. */
export interface ShortLine {
  readonly time: string;
  readonly client: string;
  readonly text: string;
  readonly isWrong: boolean;
}

/** Sets out exchanges as lines of a table: the column of the clients is as wide as the longest so far. */
export class ShortLines {
  readonly #width: () => number | undefined;
  readonly #withId: boolean;
  #clientWidth = 0;

  /** @param width returns the columns of the terminal; undefined: there is none, and nothing is cut */
  constructor(width: () => number | undefined, withId: boolean) {
    this.#width = width;
    this.#withId = withId;
  }

  /** @param time when it happened: `14:32:15`, empty where that is not known */
  lineOf(exchange: Exchange, time: string): ShortLine {
    const width = this.#width();
    const isNarrow = width !== undefined && width < WIDE;
    const name = isNarrow ? (splitHostPort(exchange.client)?.host ?? exchange.client) : exchange.client;
    const who = this.#withId ? `${exchange.connection} ${name}` : name;
    this.#clientWidth = Math.max(this.#clientWidth, who.length);
    const client = time === "" ? "" : who.padEnd(this.#clientWidth);
    const room = width === undefined ? Number.POSITIVE_INFINITY : width - time.length - client.length - 2;
    return { time, client, text: printable(textOf(exchange, Math.max(room, 20))), isWrong: exchange.isWrong === true };
  }
}

function textOf({ request, answer = "", ms, event }: Exchange, room: number): string {
  if (event !== undefined) return cut(event, room);
  if (request === undefined) return cut(`← ${answer}`, room);
  const end = ms === undefined ? "" : `  ${ms} ms`;
  const left = room - ARROW.length - end.length;
  const asked = cut(request, Math.max(left - answer.length, Math.floor(left * REQUEST_PART)));
  return `${asked}${ARROW}${cut(answer, left - asked.length)}${end}`;
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(room - 1, 0))}…`;
}
