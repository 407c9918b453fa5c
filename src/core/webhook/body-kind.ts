import { asText, inJsonString, inMarkup, jsonValue, percentEncoded } from "./escapes.js";
import type { Escape } from "./template.js";

/** What a body is made of: how values are written in it. */
export interface BodyKind {
  /** The `Content-Type` where no header names one. */
  readonly type: string;
  /** @param before the body in front of the word */
  escapeAt(before: string): Escape;
}

const JSON_BODY: BodyKind = {
  type: "application/json",
  escapeAt: (before) => (isInString(before) ? inJsonString : jsonValue),
};
const FORM: BodyKind = { type: "application/x-www-form-urlencoded", escapeAt: () => percentEncoded };
const MARKUP: BodyKind = { type: "application/xml", escapeAt: () => inMarkup };
const TEXT: BodyKind = {
  type: "text/plain; charset=utf-8",
  escapeAt: (before) => (isInString(before) ? inJsonString : asText),
};

/** Finds out what a body is: by the `Content-Type`, or without one by how it begins. */
export function bodyKindOf(body: string, contentType: string | undefined): BodyKind {
  if (contentType !== undefined) {
    if (/json/i.test(contentType)) return JSON_BODY;
    if (/x-www-form-urlencoded/i.test(contentType)) return FORM;
    return /xml|html/i.test(contentType) ? MARKUP : TEXT;
  }
  const text = body.trimStart();
  if (/^\{\s*"/.test(text) || (/^[["]/.test(text) && wouldBeJson(text))) return JSON_BODY;
  if (text.startsWith("<")) return MARKUP;
  return /^[^\s=&]+=/.test(text) ? FORM : TEXT;
}

/** Whether a text is JSON, with numbers in place of its words. */
function wouldBeJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/\{[a-z]+\}/gi, "0"));
    return true;
  } catch {
    return false;
  }
}

/** Whether what stands behind this text is inside of a string in double quotes. */
function isInString(text: string): boolean {
  let isInside = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isInside = !isInside;
    else if (text[at] === "\\" && isInside) at += 1;
  }
  return isInside;
}

/** Whether a body is one that says it is JSON. */
export function isJson(kind: BodyKind): boolean {
  return kind === JSON_BODY;
}
