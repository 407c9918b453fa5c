// The last few hundred messages, as they pass.

import { create, element } from "./elements.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */

const RECONNECT_MS = 3000;
const MAX_LINES = 300;
const MAX_OPTIONS = 500; // of thousands of connections

const filter = /** @type {HTMLSelectElement} */ (element("filter"));
const view = /** @type {HTMLSelectElement} */ (element("view"));
const pause = element("pause");
const messages = element("messages");
/** @type {ReadonlySet<number>} the ports of shared devices */
let shared = new Set();
/** @type {EventSource | undefined} */
let source;
/** @type {HTMLElement[]} the last lines that are not on the page yet */
let waiting = [];
let paused = false;
let drawing = false;
let shownOptions = "";

/**
 * Fills the filter with the ports and connections that can be watched.
 *
 * @param {DaemonStatus} status
 */
export function updateFilters({ listeners, muxes, connections }) {
  shared = new Set([...listeners.filter(({ kind }) => kind === "mux"), ...muxes].map(({ port }) => port));
  const watchable = listeners.filter(({ kind, port }) => kind !== "web" && port !== 0);
  const ports = watchable.map(({ name, port }) => [`listener=${port}`, name]);
  const ids = connections
    .filter(({ phase }) => phase === "echo")
    .slice(0, MAX_OPTIONS)
    .map(({ id, client, remote }) => [`connection=${id}`, `${id}: ${client} to ${remote}`]);
  const options = [["", "everything"], ...ports, ...ids];
  if (JSON.stringify(options) === shownOptions || document.activeElement === filter) return;
  shownOptions = JSON.stringify(options);
  const chosen = filter.selectedOptions[0];
  if (chosen !== undefined && !options.some(([value]) => value === chosen.value)) {
    options.push([chosen.value, chosen.text]); // it has ended, and stays chosen all the same
  }
  const { value } = filter;
  filter.replaceChildren(...options.map(([key, text]) => new Option(text, key)));
  filter.value = value;
}

/** @param {string} text the state of the stream */
function showStream(text) {
  element("stream").textContent = text;
}

/** Watches the messages that the filter selects. */
export function watch() {
  source?.close();
  const query = new URLSearchParams(filter.value);
  if (view.value !== "") query.set("view", view.value);
  const url = `messages?${query}`;
  const current = new EventSource(url);
  source = current;
  showStream("connecting …");
  current.onopen = () => showStream("live");
  current.onmessage = ({ data }) => add(lineOf(JSON.parse(data)));
  current.onerror = () => {
    if (current.readyState === EventSource.CONNECTING) showStream("disconnected; trying again …");
    else void explain(url, current);
  };
}

/**
 * Shows why there are no messages, and tries again. An event stream does not tell why: the same address is fetched for that.
 *
 * @param {string} url
 * @param {EventSource} refused
 */
async function explain(url, refused) {
  const giveUp = new AbortController();
  let reason = "the daemon does not answer";
  try {
    const response = await fetch(url, { signal: giveUp.signal });
    if (!response.ok) reason = (await response.text()).trim();
    giveUp.abort();
  } catch {}
  if (refused !== source) return;
  showStream(reason);
  setTimeout(() => refused === source && watch(), RECONNECT_MS);
}

/** The time of day as the log and the monitor have it. @param {string} iso a time in ISO 8601 */
function timeOf(iso) {
  return iso.slice(11, 23).replace(".", ",");
}

/**
 * A line of `sockproxyd watch --json` as an element.
 *
 * @param {Record<string, string> & { listener?: number, notShown?: number, notLookedAt?: number }} data
 */
function lineOf(data) {
  if (data.notShown !== undefined) return create("div", `… ${data.notShown} messages not shown`, "wrong");
  if (data.notLookedAt !== undefined) return create("div", `… ${data.notLookedAt} bytes not looked at`, "wrong");
  const {
    time = "",
    direction,
    event = "",
    connection = "",
    listener = 0,
    client,
    server,
    message,
    fault,
    text,
  } = data;
  const line = document.createElement("div");
  const source = create("span", ` ${connection} `, "source");
  source.title = [client, server].filter(Boolean).join(" → ");
  if (direction === undefined) {
    line.append(create("span", `${timeOf(time)} [${event.toUpperCase()}]`, event === "error" ? "wrong" : "source"));
    line.append(source, `${client ?? ""} ${text ?? ""}`);
  } else {
    line.append(create("span", `${timeOf(time)} [${direction}]`, direction.toLowerCase().replace("→", "-")));
    line.append(source);
    if (client !== undefined && shared.has(listener)) line.append(create("span", `${client} `, "client"));
    line.append(message ?? "");
    if (fault !== undefined) line.append(create("span", ` ✗ ${fault}`, "wrong"));
  }
  return line;
}

/** @param {HTMLElement} line */
function add(line) {
  waiting.push(line);
  if (waiting.length > 2 * MAX_LINES) waiting = waiting.slice(-MAX_LINES); // now and then, not for each line
  if (paused) pause.textContent = `Resume (${waiting.length < MAX_LINES ? waiting.length : `${MAX_LINES} or more`})`;
  else draw();
}

/** Puts the waiting lines on the page, once for each frame that the browser draws. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (paused) return;
    const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 30;
    messages.append(...waiting.slice(-MAX_LINES));
    waiting = [];
    while (messages.childElementCount > MAX_LINES) messages.firstElementChild?.remove();
    if (atEnd) messages.scrollTop = messages.scrollHeight;
  });
}

function clear() {
  waiting = [];
  messages.replaceChildren();
}

for (const select of [filter, view]) {
  select.addEventListener("change", () => {
    clear();
    watch();
  });
}
element("clear").addEventListener("click", clear);
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Resume" : "Pause";
  if (!paused) draw();
});
