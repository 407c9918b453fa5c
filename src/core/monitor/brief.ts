import { escapeText } from "./escape.js";

/** The parts of a message by name, as views decode them. */
type Parts = Readonly<Record<string, string | number | boolean>>;

/** Parts that say nothing at midnight: counts of bytes, ids, checksums (a wrong one is a fault), and numbers of what has a name. */
const UNTOLD = new Set(["transaction", "byteCount", "count", "checksum", "checksumRight"]);
/** Parts whose value says enough. */
const BARE = new Set(["type", "values", "data", "action"]);
/** What an answer repeats of its request, beside what is the same. */
const CONFIRMED = "confirmed";

/** The parts of a message in few words: `unit 1 read holding registers 0-9`. */
export function briefParts(parts: Parts): string {
  return words(parts, {});
}

/** The parts of an answer that its request does not have; undefined where the answer is not decoded. */
export function briefAnswer(parts: Parts, request: Parts): string | undefined {
  if (Object.keys(parts).length === 0) return undefined;
  return words(parts, request) || CONFIRMED;
}

function words(parts: Parts, known: Parts): string {
  const said: string[] = [];
  for (const [name, value] of Object.entries(parts)) {
    if (UNTOLD.has(name) || value === known[name] || `${name}Name` in parts) continue;
    const label = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const text = escapeText(String(value), String(value).length);
    if (name === "exceptionName") said.push(`✗ ${text}`);
    else if (name === "functionName")
      said.push([parts["unit"] === undefined ? "" : said.pop(), text].filter(Boolean).join(" "));
    else if (name === "address")
      said.push([said.pop(), range(Number(value), parts["count"])].filter(Boolean).join(" "));
    else said.push(BARE.has(name) ? text : `${label} ${text}`);
  }
  return said.join(", ");
}

/** `0-9`: addresses, first and last. */
function range(first: number, count: Parts[string] | undefined): string {
  const last = first + Number(count ?? 1) - 1;
  return last > first ? `${first}-${last}` : String(first);
}
