// The page: shows the view that the address asks for, as the daemon is now, and does what the reader asks for.

import { confirmed } from "./confirm.js";
import { connectionView } from "./connection.js";
import { nextOrder } from "./connection-list.js";
import { Daemon } from "./daemon.js";
import { plain } from "./format.js";
import { lineView } from "./line.js";
import { connectionsView, logView, searchView } from "./lists.js";
import { overview } from "./overview.js";
import { Places } from "./places.js";
import { announcement } from "./problems.js";
import { hrefOf, parseRoute } from "./routes.js";
import { Stream } from "./stream.js";
import { h, render } from "./tree.js";
import { worldOf } from "./world.js";

/** @typedef {import("./world.js").World} World */

const ROWS = 100;

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [main, search] = [part("main"), /** @type {HTMLInputElement} */ (part("search"))];
const daemon = new Daemon();
const places = new Places();
let route = parseRoute(location.hash);
/** @type {import("./world.js").Ui} */
let ui = { order: { key: "", descending: false }, limit: ROWS };
/** @type {Stream | undefined} */
let stream;
let streamKey = "";

/** @param {World} world */
function viewOf(world) {
  const { view, subject } = route;
  if (view === "connections") return connectionsView(world);
  if (view === "search") return searchView(world, subject);
  if (view === "log") return logView(subject);
  if (view === "line") return lineView(world, subject);
  return view === "connection" ? connectionView(world, subject) : overview(world);
}

/** The lines that the view shows as they come. @returns {import("./stream.js").Wanted | undefined} */
function wantedLines() {
  const { view, subject } = route;
  if (view === "log" && subject === "messages") return { path: "messages", query: {}, heading: "All messages" };
  if (view === "log") return { path: "log", query: {}, heading: "Log of the daemon" };
  if (view === "line") return { path: "messages", query: { listener: subject }, heading: "Last messages" };
  return view === "connection"
    ? { path: "messages", query: { connection: subject }, heading: "Last messages" }
    : undefined;
}

/** Shows the daemon as it is. A view that cannot be drawn says so: it must not stop the page, which keeps asking. */
function show() {
  showSilence();
  try {
    draw();
  } catch (error) {
    part("silence").hidden = false;
    setText(part("silence"), `This view cannot be shown: ${plain(error, 200)}.`);
    reportError(error);
  }
}

function draw() {
  const { status, history, actions } = daemon;
  if (status === undefined) return;
  if (route.view === "connection") {
    const last = status.connections.find(({ id }) => id === route.subject) ?? ui.last;
    ui = { ...ui, last };
  }
  const world = worldOf(status, history, actions, ui);
  render(main, viewOf(world));
  if (main.hasAttribute("aria-busy")) scrollTo(0, places.start);
  main.removeAttribute("aria-busy");
  showFrame(world);
  showStream();
}

/** What is around the view. @param {World} world */
function showFrame({ problems, status, ui: { last } }) {
  setText(part("version"), plain(status.version, 40));
  setText(part("announcement"), announcement(problems));
  part("alarm").hidden = problems.length === 0;
  render(
    part("alarm"),
    String(problems.length),
    h("span", { class: "unseen" }, problems.length === 1 ? " problem" : " problems"),
  );
  const name = route.view === "overview" ? "" : `${titleOf(last)} · `;
  document.title = `${problems.length > 0 ? `(${problems.length}) ` : ""}${name}sockproxyd`;
  for (const link of document.querySelectorAll("header nav a")) {
    const isHere = link.getAttribute("href") === hrefOf(route.view);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {World["ui"]["last"]} last */
function titleOf(last) {
  if (route.view === "connection") return plain(last?.client ?? route.subject, 40);
  return main.querySelector("h1")?.firstChild?.textContent ?? "";
}

function showSilence() {
  const { silence } = daemon;
  part("silence").hidden = silence === undefined;
  document.body.classList.toggle("stale", silence !== undefined);
  if (silence === undefined) return;
  const since = silence.since.toLocaleTimeString("en-GB");
  setText(
    part("silence"),
    `No answer from the daemon since ${since} (${plain(silence.why, 200)}). What you see is old; the page keeps asking.`,
  );
}

/** @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showStream() {
  const place = document.getElementById("stream");
  const key = place === null ? "" : JSON.stringify(route);
  if (key === streamKey) return;
  streamKey = key;
  stream?.close();
  const wanted = wantedLines();
  stream = place === null || wanted === undefined ? undefined : new Stream(place, wanted);
}

/** Where the reader is now. */
const here = () => ({ top: scrollY, limit: ui.limit });

/** Goes to the view of the address, as it was left: its heading has the focus then, so that a screen reader tells where it is. */
function navigate() {
  const { top, limit } = places.move(here()) ?? { top: 0, limit: ROWS };
  route = parseRoute(location.hash);
  ui = { ...ui, limit };
  search.value = route.view === "search" ? route.subject : "";
  show();
  scrollTo(0, top);
  main.querySelector("h1")?.focus({ preventScroll: true });
}

/** Shows what the search finds. The first letter leaves a view, to which the way back leads; further ones do not. */
function find() {
  const text = search.value.trim();
  const address = text === "" ? hrefOf("overview") : hrefOf("search", text);
  if (route.view === "search" || text === "") places.rename(address);
  else places.add(here(), address);
  route = parseRoute(location.hash);
  ui = { ...ui, limit: ROWS };
  show();
  scrollTo(0, 0);
}

/** @type {Readonly<Record<string, (subject: string) => void | Promise<void>>>} what buttons do */
const DEEDS = {
  sort(key) {
    ui = { ...ui, order: nextOrder(ui.order, key) };
    show();
  },
  more() {
    ui = { ...ui, limit: ui.limit + ROWS };
    show();
  },
  async close(id) {
    const { client = "", remote = "" } = daemon.status?.connections.find((each) => each.id === id) ?? {};
    const question = `Close the connection of ${plain(client, 60)} to ${plain(remote, 80)}?`;
    if (await confirmed(question, "The client sees its end, and its plugin is notified.", "Close connection")) {
      await tell("close", { connection: id });
    }
  },
  debug: (state) => tell("debug", { on: state === "on" }),
  async reload() {
    const consequence = "The daemon reads its file again. Lines that have changed close their connections.";
    if (await confirmed("Reload the configuration?", consequence, "Reload")) await tell("reload", {});
  },
};

/** @param {string} what @param {object} body */
async function tell(what, body) {
  const { done, text } = await daemon.tell(what, body);
  const outcome = part("outcome");
  outcome.className = done ? "good" : "wrong";
  outcome.hidden = false;
  outcome.textContent = plain(text, 500);
  setTimeout(() => {
    if (outcome.textContent === plain(text, 500)) outcome.hidden = true;
  }, 8000);
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button[data-action]") : null;
  if (button instanceof HTMLButtonElement)
    void DEEDS[button.dataset["action"] ?? ""]?.(button.dataset["subject"] ?? "");
});
search.addEventListener("input", find);
part("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment of the address is the view
  main.focus();
});
addEventListener("hashchange", navigate);
if (route.view === "search") search.value = route.subject;
void daemon.keepAsking(show);
