// The views of the page, each with its place behind the `#` of the address: so they work behind every path prefix.

/** @typedef {{ readonly view: "overview" | "connections" | "log" | "line" | "connection" | "search", readonly subject: string }} Route */

/** @type {readonly Route["view"][]} */
const VIEWS = ["connections", "log", "line", "connection", "search"];

/**
 * The view that an address asks for; the overview when it asks for none that exists.
 *
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [, name = "", subject = ""] = /^#\/([a-z]*)\/?(.*)$/s.exec(hash) ?? [];
  const view = VIEWS.find((known) => known === name) ?? "overview";
  try {
    return { view, subject: decodeURIComponent(subject) };
  } catch {
    return { view, subject };
  }
}

/**
 * The address of a view.
 *
 * @param {Route["view"]} view
 * @param {string | number} [subject] a port, an id, a text to search
 */
export function hrefOf(view, subject = "") {
  if (view === "overview") return "#/";
  const text = String(subject).replace(/\p{Cs}/gu, "\uFFFD"); // half of a surrogate pair cannot be encoded
  return text === "" ? `#/${view}` : `#/${view}/${encodeURIComponent(text)}`;
}
