// What the page does: asks for the status every other second, and shows messages as they come. Everything is put in as text.

/** @typedef {import("../src/core/status.js").DaemonStatus} DaemonStatus */
/** @typedef {import("../src/core/mux/status.js").MuxStatus} MuxStatus */
/** @typedef {string | number | { text: string | number, kind: string } | undefined} Cell a text, perhaps with a class */

const ASK_MS = 2000;
const ANSWER_MS = 5000;
const RECONNECT_MS = 3000;
const MAX_LINES = 300;
const MAX_ROWS = 500; // of thousands of connections

/**
 * The element of this id.
 *
 * @param {string} id
 */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * A new element with a text.
 *
 * @param {string} tag
 * @param {string | number} text
 * @param {string} [kind] its class
 */
function made(tag, text, kind = "") {
  const node = document.createElement(tag);
  node.textContent = String(text);
  node.className = kind;
  return node;
}

// --- the status

/** @param {number} ms */
function duration(ms) {
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

/** @param {number} count */
function number(count) {
  return { text: count.toLocaleString("en"), kind: "number" };
}

/** @param {string | undefined} problem what is wrong, if anything is */
function state(problem, good = "") {
  return problem === undefined ? good : { text: problem, kind: "wrong" };
}

/**
 * Fills a table.
 *
 * @param {string} id of its body
 * @param {readonly Cell[][]} rows
 */
function fill(id, rows) {
  const section = document.getElementById(`${id}-section`);
  if (section !== null) section.hidden = rows.length === 0;
  element(id).replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(
        ...cells.map((cell = "") => (typeof cell === "object" ? made("td", cell.text, cell.kind) : made("td", cell))),
      );
      return row;
    }),
  );
}

/** @param {DaemonStatus} status */
function showListeners({ listeners }) {
  fill(
    "listeners",
    listeners.map(({ kind, address, port, remote, problem }) => [
      `${port} (${kind})`,
      address,
      remote,
      state(problem, "listening"),
    ]),
  );
}

/** @param {DaemonStatus} status */
function showServers({ directs }) {
  fill(
    "servers",
    directs.flatMap(({ port, servers }) =>
      servers.map((server) => [
        port,
        server.address,
        state(server.state === "up" ? undefined : (server.reason ?? "down"), "up"),
        new Date(server.since).toLocaleString(),
        number(server.active),
        number(server.total),
        number(server.failures),
      ]),
    ),
  );
}

/** @param {MuxStatus} mux */
function linksOf({ links, pool, down }) {
  const ready = links.filter((link) => link.state !== "connecting").length;
  return state(down ? "not reached" : undefined, `${ready} of ${pool} links`);
}

/** @param {DaemonStatus} status */
function showMuxes({ muxes }) {
  fill(
    "muxes",
    muxes.map((mux) => [
      mux.port,
      mux.target,
      mux.protocol,
      linksOf(mux),
      number(mux.clients),
      number(mux.waiting),
      number(mux.requests),
      number(mux.answers),
      number(mux.timeouts + mux.linkLost + mux.noPath),
    ]),
  );
}

/** @param {DaemonStatus} status */
function showConnections({ connections }) {
  const open = connections.filter(({ phase }) => phase !== "closing");
  element("count").textContent = open.length.toLocaleString("en");
  element("more").textContent = open.length > MAX_ROWS ? `… and ${open.length - MAX_ROWS} more` : "";
  fill(
    "connections",
    open
      .slice(0, MAX_ROWS)
      .map(({ id, listener, client, clientPort, remote, phase, received, sent, ageMs, notify }) => [
        id,
        listener,
        `${client}:${clientPort}`,
        remote ?? `(${phase})`,
        number(received),
        number(sent),
        { text: duration(ageMs), kind: "number" },
        notify && `${notify.target}: ${notify.sent} sent, ${notify.failed} failed`,
      ]),
  );
}

/** @param {DaemonStatus} status */
function showStatus(status) {
  const { version, pid, uptimeMs, traffic, notifications, monitor, descriptors } = status;
  const notShown = Object.values(monitor.notShown).reduce((sum, count) => sum + count, 0);
  element("version").textContent = version;
  element("summary").textContent = [
    `up ${duration(uptimeMs)}`,
    `process ${pid}`,
    `${traffic.connections.toLocaleString("en")} connections so far`,
    `${traffic.received.toLocaleString("en")} bytes from remotes, ${traffic.sent.toLocaleString("en")} to them`,
    `${notifications.sent} notifications, ${notifications.retried} repeated, ${notifications.failed} failed`,
    `${descriptors.used} of ${descriptors.limit ?? "?"} descriptors`,
    ...(notShown > 0 ? [`${notShown} messages not shown`] : []),
    ...(status.logLinesLost > 0 ? [`${status.logLinesLost} lines of the log lost`] : []),
  ].join(" · ");
  showListeners(status);
  showServers(status);
  showMuxes(status);
  showConnections(status);
  offerFilters(status);
}

/** @param {string} [problem] why the daemon cannot be asked */
function showGone(problem) {
  const gone = element("gone");
  gone.hidden = problem === undefined;
  gone.textContent = problem ?? "";
  document.body.classList.toggle("stale", problem !== undefined);
}

async function ask() {
  try {
    const response = await fetch("status", { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(await response.text());
    showStatus(await response.json());
    showGone();
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    showGone(`The daemon does not answer (${message.trim()}); what is below is old. It is asked again and again.`);
  }
}

async function askForEver() {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

// --- the messages

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
function offerFilters({ listeners, connections }) {
  const ports = listeners.filter(({ kind }) => kind !== "web").map(({ name, port }) => [`listener=${port}`, name]);
  const ids = connections
    .filter(({ phase }) => phase === "echo")
    .slice(0, MAX_ROWS)
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

function watch() {
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
 * A message, or an occasion, as `sockproxyd watch --json` shows it.
 *
 * @param {Record<string, string> & { notShown?: number }} told
 */
function lineOf(told) {
  if (told.notShown !== undefined) return made("div", `… ${told.notShown} messages not shown`, "wrong");
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

watch();
void askForEver();
