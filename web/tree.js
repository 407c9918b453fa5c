// A tree describes what the page shows; patching changes only what differs on the page. So an update keeps focus, selection and scroll
// position. Values become text nodes and attributes from a list: nothing is ever parsed as HTML.

/** @typedef {string | number | boolean | undefined} Value */
/** @typedef {Readonly<Record<string, Value>>} Attributes `key` tells siblings apart; an `opaque` element has children of its own */
/** @typedef {{ readonly tag: string, readonly attributes: Attributes, readonly children: readonly (Tree | string)[] }} Tree */
/** @typedef {Tree | string | number | false | undefined} Leaf */
/** @typedef {Leaf | readonly (Leaf | readonly Leaf[])[]} Child */

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "circle", "g"]);
/** Properties that the user changes, too: the attribute alone would not show. */
const PROPERTIES = new Set(["checked", "value"]);
const FORBIDDEN = /^on|^style$|^src|^formaction$/i;

/**
 * Describes an element.
 *
 * @param {string} tag
 * @param {Attributes} [attributes] undefined and false: left out
 * @param {...Child} children false and undefined: left out
 * @returns {Tree}
 */
export function h(tag, attributes = {}, ...children) {
  return { tag, attributes, children: flat(children) };
}

/** @param {readonly Child[]} children */
function flat(children) {
  /** @type {(Tree | string)[]} */
  const all = [];
  for (const child of /** @type {Leaf[]} */ (children.flat(3))) {
    if (child === undefined || child === false || child === "") continue;
    const last = all.at(-1);
    if (typeof child === "object") all.push(child);
    else if (typeof last === "string") all[all.length - 1] = last + child;
    else all.push(String(child));
  }
  return all;
}

/**
 * All the text of a tree.
 *
 * @param {Tree | string} tree
 * @returns {string}
 */
export function textOf(tree) {
  return typeof tree === "string" ? tree : tree.children.map(textOf).join("");
}

/** @type {WeakMap<Node, Tree>} what an element shows now */
const shown = new WeakMap();

/**
 * Makes the children of an element those of a tree. The focus stays where it is, also when its element moves.
 *
 * @param {Element} root
 * @param {...Child} children
 */
export function render(root, ...children) {
  const { activeElement } = document;
  patchChildren(root, flat(children));
  if (activeElement instanceof HTMLElement && activeElement.isConnected && document.activeElement !== activeElement) {
    activeElement.focus({ preventScroll: true });
  }
}

/**
 * @param {Element} parent
 * @param {readonly (Tree | string)[]} wanted
 */
function patchChildren(parent, wanted) {
  const free = [...parent.childNodes];
  const keyed = new Map(free.map((node) => [identity(shown.get(node)), node]));
  const plain = free.filter((node) => shown.get(node)?.attributes.key === undefined);
  let at = 0;
  const found = wanted.map((child) => {
    if (typeof child === "object" && child.attributes.key !== undefined) {
      const same = keyed.get(identity(child));
      keyed.delete(identity(child)); // of two with one key, each has an element
      return same;
    }
    const next = plain[at];
    if (next === undefined || tagOf(next) !== (typeof child === "string" ? undefined : child.tag)) return undefined;
    at += 1;
    return next;
  });
  const kept = new Set(found);
  for (const node of free) if (!kept.has(node)) node.remove();
  let cursor = parent.firstChild;
  for (const [index, child] of wanted.entries()) {
    const node = found[index] ?? (typeof child === "string" ? document.createTextNode("") : elementFor(child.tag));
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
    patch(node, child);
  }
}

/** @param {Tree | undefined} tree */
function identity(tree) {
  return tree?.attributes.key === undefined ? undefined : `${tree.tag} ${tree.attributes.key}`;
}

/** @param {Node} node */
function tagOf(node) {
  return node instanceof Element ? node.localName : undefined;
}

/** @param {string} tag */
function elementFor(tag) {
  return SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
}

/**
 * @param {Node} node
 * @param {Tree | string} wanted
 */
function patch(node, wanted) {
  if (typeof wanted === "string") {
    if (node.nodeValue !== wanted) node.nodeValue = wanted;
    return;
  }
  const element = /** @type {Element} */ (node);
  const former = shown.get(node)?.attributes ?? {};
  const { attributes, children } = wanted;
  for (const name of new Set([...Object.keys(former), ...Object.keys(attributes)])) {
    if (former[name] !== attributes[name]) setAttribute(element, name, attributes[name]);
  }
  shown.set(node, wanted);
  if (!attributes.opaque) patchChildren(element, children);
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {Value} value
 */
function setAttribute(element, name, value) {
  if (name === "key" || name === "opaque") return;
  if (FORBIDDEN.test(name) || (name === "href" && !/^#|^[\w-]+$/.test(String(value)))) {
    throw new Error(`the page does not set ${name}`);
  }
  if (PROPERTIES.has(name)) Object.assign(element, { [name]: value });
  else if (value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}
