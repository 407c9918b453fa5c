import type { Escape } from "./template.js";

/** A value as it is: what is told has no control characters. */
export const asText: Escape = (value) => String(value ?? "");

/** In a URL or a form: percent-encoded as UTF-8 (RFC 3986, section 2.1). */
export const percentEncoded: Escape = (value) => encodeURIComponent(asText(value));

/** Inside of a JSON string (RFC 8259, section 7). */
export const inJsonString: Escape = (value) => JSON.stringify(asText(value)).slice(1, -1);

/** A JSON value of its own: a number, a string with its quotes, or null. */
export const jsonValue: Escape = (value) => JSON.stringify(value ?? null);

/** In an HTTP header: visible ASCII and blanks (RFC 9110, section 5.5). */
export const inHeader: Escape = (value) => asText(value).replace(/[^\x20-\x7e]/g, "?");

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** In XML or HTML, as text or in an attribute with quotes. Two characters cannot be in XML at all (XML 1.0, section 2.2). */
export const inMarkup: Escape = (value) => asText(value).replace(/[&<>"'\uFFFE\uFFFF]/g, (one) => ENTITIES[one] ?? "?");
