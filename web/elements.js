/**
 * The element of this id.
 *
 * @param {string} id
 */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * A new element with a text.
 *
 * @param {string} tag
 * @param {string | number} text
 * @param {string} [kind] its class
 */
export function create(tag, text, kind = "") {
  const node = document.createElement(tag);
  node.textContent = String(text);
  node.className = kind;
  return node;
}

/** @typedef {string | number | { text: string | number, kind: string } | undefined} Cell a text, perhaps with a class */

/**
 * A row of a table.
 *
 * @param {readonly Cell[]} cells
 */
export function row(cells) {
  const line = document.createElement("tr");
  line.append(
    ...cells.map((cell = "") => (typeof cell === "object" ? create("td", cell.text, cell.kind) : create("td", cell))),
  );
  return line;
}

/**
 * Fills a table, and shows its section when the table has rows.
 *
 * @param {string} id of its body
 * @param {readonly Cell[][]} rows
 */
export function fill(id, rows) {
  const section = document.getElementById(`${id}-section`);
  if (section !== null) section.hidden = rows.length === 0;
  element(id).replaceChildren(...rows.map(row));
}

/** @param {number} count */
export function number(count) {
  return { text: count.toLocaleString("en"), kind: "number" };
}

/** @param {{ port: number, name?: string | undefined }} line of the configuration */
export function labelOf({ port, name }) {
  return name === undefined ? port : `${name} (${port})`;
}

/** @param {number} ms */
export function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
