import { isAddress, isHostName } from "../net/address.js";
import { time } from "../options/value-kinds.js";
import { findYesOrNo, parseKeyword } from "../parse/keyword.js";
import { parseInteger } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";

/** Reads the base URL of a Luup engine. */
export function parseBaseUrl(text: string): Result<string> {
  const url = parseHttpUrl(text);
  return url.ok && new URL(url.value).search !== ""
    ? fail(`bad URL "${maskSecrets(text)}": no query can be in it`)
    : url;
}

/** Reads the URL of an HTTP request; a query may be in it. */
export function parseHttpUrl(text: string): Result<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return fail(`bad URL "${maskSecrets(text)}": http://host:port is wanted`);
  }
  if (url.hash !== "") return fail(`bad URL "${maskSecrets(text)}": no fragment can be in it`);
  return /%(?![0-9a-f]{2})/i.test(url.username + url.password)
    ? fail(`bad URL "${maskSecrets(text)}": a % in the login is written %25`)
    : ok(text);
}

/** Masks password and query of a URL: a query may hold a token. */
export function maskSecrets(url: string): string {
  return maskPassword(url).replace(/\?.*$/s, "?***");
}

/** Masks the password of a URL, or of a text that was meant to be one; without a user name, the whole login. */
export function maskPassword(url: string): string {
  const isUrl = URL.canParse(url) && /^[a-z]+:\/\//i.test(url);
  return url.replace(isUrl ? URL_LOGIN : LIKELY_LOGIN, (_match, scheme: string, login: string) => {
    const user = login.includes(":") ? login.slice(0, login.indexOf(":") + 1) : "";
    return `${scheme}${user}***@`;
  });
}

/** The scheme and the login of a URL. */
const URL_LOGIN = /^([a-z]+:\/\/)([^/?#]*)@/i;
/** What may be these in a text that is no URL: what somebody has mistyped may be a password all the same. */
const LIKELY_LOGIN = /^((?:[a-z]*:?\/{1,3})?)(.*)@/is;

/** Reads an address to listen on; `*`: all of this machine. */
export function parseListenAddress(text: string): Result<string> {
  return text === "*" || isAddress(text) || isHostName(text)
    ? ok(text)
    : fail(`bad address "${text}": *, an IPv4 or IPv6 address or a name is wanted`);
}

/** Reads a yes or no; an empty text is yes. */
export function parseBoolean(text: string): Result<boolean> {
  const value = text === "" ? true : findYesOrNo(text);
  return value === undefined ? fail(`bad value "${text}": true or false is wanted`) : ok(value);
}

/** Reads a whole number from `min` to `max`. */
export function parseCount(text: string, min: number, max: number): Result<number> {
  return named(text, parseInteger(text, min, max));
}

/**
 * Reads a time with a unit, or a bare number, which is seconds, as milliseconds.
 *
 * @param minMs the shortest that is taken
 * @param maxMs the longest, where there is a limit
 */
export function parseTime(text: string, minMs = 0, maxMs?: number): Result<number> {
  return named(text, time("s", minMs, maxMs).parse(text, "file"));
}

/** Puts the wrong value into the message. */
function named<T>(text: string, result: Result<T>): Result<T> {
  return result.ok ? result : fail(`bad value "${text}": ${result.message}`);
}

/** Reads one of a few words, in any case. */
export function parseChoice<W extends string>(text: string, words: readonly W[]): Result<W> {
  return named(text, parseKeyword(text, words));
}
