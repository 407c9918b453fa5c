// Messages as they pass, the last few hundred of them.

import { element, made } from "./elements.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */

const RECONNECT_MS = 3000;
const MAX_LINES = 300;
const MAX_OFFERED = 500; // of thousands of connections

const filter = /** @type {HTMLSelectElement} */ (element("filter"));
const view = /** @type {HTMLSelectElement} */ (element("view"));
const pause = element("pause");
const messages = element("messages");
/** @type {EventSource | undefined} */
let source;
/** @type {HTMLElement[]} lines that are not on the page yet, the last ones */
let waiting = [];
let paused = false;
let drawing = false;
let offered = "";

/**
 * Offers what can be watched: ports, connections.
 *
 * @param {DaemonStatus} status
 */
export function offerFilters({ listeners, connections }) {
  const watchable = listeners.filter(({ kind, port }) => kind !== "web" && port !== 0);
  const ports = watchable.map(({ name, port }) => [`listener=${port}`, name]);
  const ids = connections
    .filter(({ phase }) => phase === "echo")
    .slice(0, MAX_OFFERED)
    .map(({ id, client, remote }) => [`connection=${id}`, `${id}: ${client} to ${remote}`]);
  const options = [["", "everything"], ...ports, ...ids];
  if (JSON.stringify(options) === offered || document.activeElement === filter) return;
  offered = JSON.stringify(options);
  const chosen = filter.selectedOptions[0];
  if (chosen !== undefined && !options.some(([value]) => value === chosen.value)) {
    options.push([chosen.value, chosen.text]); // it has ended; what it is stays chosen
  }
  const { value } = filter;
  filter.replaceChildren(...options.map(([key, text]) => new Option(text, key)));
  filter.value = value;
}

/** @param {string} text how it is going */
function showStream(text) {
  element("stream").textContent = text;
}

/** Follows what the filter says, from now on. */
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
    if (current.readyState === EventSource.CONNECTING) showStream("the connection has ended; it is tried again …");
    else void explain(url, current);
  };
}

/**
 * Shows why messages cannot be had, which an event stream does not tell, and tries again.
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

/** @param {string} iso a time */
function timeOf(iso) {
  const time = new Date(iso);
  return `${time.toTimeString().slice(0, 8)},${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/**
 * A line of `sockproxyd watch --json` as an element.
 *
 * @param {Record<string, string> & { notShown?: number, notLookedAt?: number }} told
 */
function lineOf(told) {
  if (told.notShown !== undefined) return made("div", `… ${told.notShown} messages not shown`, "wrong");
  if (told.notLookedAt !== undefined) return made("div", `… ${told.notLookedAt} bytes not looked at`, "wrong");
  const { time = "", direction, event = "", connection = "", client, server, message, fault, text } = told;
  const line = document.createElement("div");
  const from = made("span", ` ${connection} `, "source");
  from.title = [client, server].filter(Boolean).join(" → ");
  if (direction === undefined) {
    line.append(made("span", `${timeOf(time)} [${event.toUpperCase()}]`, event === "error" ? "wrong" : "source"));
    line.append(from, `${client ?? ""} ${text ?? ""}`);
  } else {
    line.append(made("span", `${timeOf(time)} [${direction}]`, direction.toLowerCase().replace("→", "-")));
    line.append(from, message ?? "");
    if (fault !== undefined) line.append(made("span", ` ✗ ${fault}`, "wrong"));
  }
  return line;
}

/** @param {HTMLElement} line */
function add(line) {
  waiting.push(line);
  if (waiting.length > 2 * MAX_LINES) waiting = waiting.slice(-MAX_LINES); // now and then, not for each
  if (paused) pause.textContent = `Go on (${waiting.length < MAX_LINES ? waiting.length : `${MAX_LINES} or more`})`;
  else draw();
}

/** Puts what waits on the page, once for each picture the browser draws. */
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
  pause.textContent = paused ? "Go on" : "Pause";
  if (!paused) draw();
});
