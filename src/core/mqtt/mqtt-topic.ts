import { fail, ok, type Result } from "../parse/result.js";

/** Characters of a topic below the prefix: an MQTT topic may be longer, but brokers and hubs show and store it. */
const MAX_TOPIC = 128;
const MAX_PREFIX = 64;

/** Blanks, control characters, halves of surrogate pairs: MQTT forbids some of them (3.1.1, section 1.5.3), and nobody can type the others. */
const UNFIT = /[\s\p{Cc}\p{Cf}\p{Cs}\ufffd]/u;

/** Where the last will, and the word that the daemon is there, are published: below the prefix, retained. */
export const STATUS_TOPIC = "status";
/** The first levels below the prefix that are the daemon's own. */
const RESERVED = [STATUS_TOPIC, "event", "line"] as const;

/**
 * Reads a topic below the prefix, as clients and lines name it. It cannot leave the prefix, nor be one of the daemon's own (docs/mqtt.md).
 *
 * @returns the topic as it is; fails with what is wrong with it, as a text behind the topic
 */
export function parseTopic(text: string): Result<string> {
  const problem = levelsProblem(text, MAX_TOPIC);
  if (problem !== undefined) return fail(problem);
  const [first = "", ...rest] = text.split("/");
  if (isReserved(first)) return fail(`${RESERVED.join(", ")} are topics of the daemon itself`);
  return rest.at(-1) === "set" || first === "set" ? fail("TOPIC/set is what others write to") : ok(text);
}

/** Whether a first level below the prefix is one of the daemon's own. */
function isReserved(level: string): boolean {
  return (RESERVED as readonly string[]).includes(level);
}

/** Reads the prefix of all topics. */
export function parsePrefix(text: string): Result<string> {
  const problem = levelsProblem(text, MAX_PREFIX);
  return problem === undefined ? ok(text) : fail(problem);
}

/** What is wrong with the levels of a topic (MQTT 3.1.1, section 4.7); undefined: nothing. */
function levelsProblem(text: string, maxLength: number): string | undefined {
  if (text === "") return "it is empty";
  if (text.length > maxLength) return `${maxLength} characters are the most`;
  if (/[+#]/.test(text)) return "+ and # are for those who subscribe";
  if (text.includes("$")) return "topics with $ belong to the broker";
  if (UNFIT.test(text)) return "no blank or control character can be in it";
  return text.split("/").includes("") ? "a level between two / is empty" : undefined;
}

/** Makes one level of a topic of any text: what cannot stand in a level becomes `_`. */
export function topicLevel(text: string): string {
  return text.replace(/[+#$/\s\p{Cc}\p{Cf}\p{Cs}]/gu, "_") || "_";
}

/** Whether a topic is one that a filter subscribes to: `+` is any one level, `#` at the end is all that follow (MQTT 3.1.1, 4.7.1). */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  const levels = topic.split("/");
  const wanted = filter.split("/");
  const open = wanted.at(-1) === "#";
  const depth = open ? wanted.length - 1 : wanted.length;
  if (open ? levels.length < depth : levels.length !== depth) return false;
  return wanted.slice(0, depth).every((level, index) => level === "+" || level === levels[index]);
}
