// Lines as they come: the log or messages, with a filter, a pause, and an end to what is kept.

import { LineList } from "./line-list.js";
import { logLine, messageLine } from "./log-lines.js";
import { h, render } from "./tree.js";

/** @typedef {{ readonly path: "log" | "messages", readonly query: Readonly<Record<string, string>>, readonly heading: string }} Wanted */

const RECONNECT_MS = 3000;
const ANSWER_MS = 10_000;
const LAST = { log: "200", messages: "100" };
const VIEWS = ["conbus", "line", "modbus", "http", "hex"];
const LEVELS = ["error", "warn", "info"];

/** A list of lines on the page, fed by an event stream. */
export class Stream {
  #wanted;
  #list;
  #state;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #view = "";

  /**
   * @param {Element} place
   * @param {Wanted} wanted
   */
  constructor(place, wanted) {
    this.#wanted = wanted;
    const isLog = wanted.path === "log";
    render(
      place,
      h("h2", {}, wanted.heading),
      h(
        "div",
        { class: "controls" },
        h(
          "label",
          {},
          "Filter ",
          h("input", { type: "search", name: "filter", maxlength: 200, autocomplete: "off", placeholder: "text" }),
        ),
        isLog
          ? h("label", {}, "Level ", select("level", [["", "all"], ...LEVELS.map((level) => [level, level])]))
          : h("label", {}, "View ", select("view", [["", "automatic"], ...VIEWS.map((view) => [view, view])])),
        h("button", { type: "button", name: "pause", "aria-pressed": "false" }, "Pause"),
        h("button", { type: "button", name: "clear" }, "Clear"),
        h("span", { class: "stream-state" }, "connecting …"),
      ),
      h("div", {
        class: "lines",
        role: "log",
        "aria-live": "off",
        "aria-label": wanted.heading,
        tabindex: 0,
        opaque: true,
      }),
    );
    this.#state = /** @type {Element} */ (place.querySelector(".stream-state"));
    this.#list = new LineList(/** @type {Element} */ (place.querySelector(".lines")), place);
    place.querySelector("[name=view]")?.addEventListener("change", ({ target }) => {
      this.#view = /** @type {HTMLSelectElement} */ (target).value;
      this.#list.clear();
      this.#open();
    });
    this.#open();
  }

  /** Ends it. */
  close() {
    this.#source?.close();
    this.#source = undefined; // what is still asked about it has no consequence
    this.#list.close();
    clearTimeout(this.#retry);
  }

  #open() {
    this.#source?.close();
    clearTimeout(this.#retry);
    const { path, query } = this.#wanted;
    const isOfMany = query["connection"] === undefined;
    const asked = new URLSearchParams({ ...query, last: LAST[path], ...(this.#view !== "" && { view: this.#view }) });
    const url = `${path}?${asked}`;
    const source = new EventSource(url);
    this.#source = source;
    source.onopen = () => {
      this.#list.restart();
      this.#show("live");
    };
    source.onmessage = ({ data }) => {
      const line = JSON.parse(data);
      this.#list.add(path === "log" ? logLine(line) : messageLine(line, isOfMany));
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CONNECTING) this.#show("no connection; trying again …");
      else void this.#explain(url, source);
    };
  }

  /** @param {string} text */
  #show(text) {
    if (this.#state.textContent !== text) this.#state.textContent = text;
  }

  /**
   * Shows why there are no lines, and tries again. An event stream does not tell why: the same address is fetched for that.
   *
   * @param {string} url
   * @param {EventSource} refused
   */
  async #explain(url, refused) {
    let reason = "the daemon does not answer";
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (response.ok)
        await response.body?.cancel(); // it has room again: the stream is opened anew
      else reason = (await response.text()).trim().slice(0, 300);
    } catch {} // the reason stays
    if (refused !== this.#source) return;
    this.#show(reason);
    this.#retry = setTimeout(() => this.#open(), RECONNECT_MS);
  }
}

/**
 * @param {string} name
 * @param {readonly (readonly string[])[]} options value and text of each
 */
function select(name, options) {
  return h(
    "select",
    { name },
    options.map(([value = "", text = ""]) => h("option", { value }, text)),
  );
}
