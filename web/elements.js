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
