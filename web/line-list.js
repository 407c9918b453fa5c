// The lines of a stream on the page: as many as a reader goes through, those that the filter lets through, and the last one in sight.

import { matches } from "./search.js";
import { h, render, textOf } from "./tree.js";

/** @typedef {import("./tree.js").Tree} Tree */

const MAX_LINES = 500;
/** @type {readonly string[]} from the gravest */
const LEVELS = ["error", "warn", "info", "debug"];

/** A list that gets lines at its end and loses them at its beginning. */
export class LineList {
  #place;
  #pause;
  #filter;
  #level;
  /** @type {{ tree: Tree, text: string }[]} the last lines that are not on the page yet */
  #waiting = [];
  /** @type {WeakMap<Element, { tree: Tree, text: string }>} */
  #shown = new WeakMap();
  #isPaused = false;
  #isDrawing = false;

  /**
   * @param {Element} place where the lines go
   * @param {Element} controls what holds the filter and the buttons
   */
  constructor(place, controls) {
    this.#place = place;
    this.#pause = /** @type {Element} */ (controls.querySelector("[name=pause]"));
    this.#filter = /** @type {HTMLInputElement} */ (controls.querySelector("[name=filter]"));
    this.#level = /** @type {HTMLSelectElement | null} */ (controls.querySelector("[name=level]"));
    this.#pause.addEventListener("click", () => this.#toggle());
    controls.querySelector("[name=clear]")?.addEventListener("click", () => this.clear());
    for (const control of [this.#filter, this.#level]) control?.addEventListener("input", () => this.#filterAll());
  }

  /** @param {Tree} tree */
  add(tree) {
    this.#waiting.push({ tree, text: textOf(tree) });
    if (this.#waiting.length > 2 * MAX_LINES) this.#waiting = this.#waiting.slice(-MAX_LINES); // now and then, not for each line
    if (this.#isPaused) this.#tellWaiting();
    else this.#draw();
  }

  /** Forgets all lines. */
  clear() {
    this.#waiting = [];
    this.#place.replaceChildren();
    if (this.#isPaused) this.#tellWaiting();
  }

  /** The lines come again from the beginning: those that are there go, unless they are being read. */
  restart() {
    if (!this.#isPaused) this.clear();
  }

  /** Draws nothing more. */
  close() {
    this.#isPaused = true;
    this.#waiting = [];
  }

  #toggle() {
    this.#isPaused = !this.#isPaused;
    this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
    this.#pause.textContent = this.#isPaused ? "Resume" : "Pause";
    if (!this.#isPaused) this.#draw();
  }

  #tellWaiting() {
    const { length } = this.#waiting;
    this.#pause.textContent = length < MAX_LINES ? `Resume (${length})` : `Resume (${MAX_LINES} or more)`;
  }

  /** Puts the waiting lines on the page, once for each frame that the browser draws. */
  #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (this.#isPaused) return;
      const place = this.#place;
      const isAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 30;
      for (const line of this.#waiting.slice(-MAX_LINES)) place.append(this.#elementOf(line));
      this.#waiting = [];
      while (place.childElementCount > MAX_LINES) place.firstElementChild?.remove();
      if (isAtEnd) place.scrollTop = place.scrollHeight;
    });
  }

  /** @param {{ tree: Tree, text: string }} line */
  #elementOf(line) {
    const holder = document.createElement("div");
    render(holder, line.tree);
    const element = /** @type {HTMLElement} */ (holder.firstElementChild ?? h("p"));
    this.#shown.set(element, line);
    element.hidden = !this.#isWanted(line);
    return element;
  }

  /** @param {{ tree: Tree, text: string }} line */
  #isWanted({ tree, text }) {
    const level = this.#level?.value ?? "";
    if (level !== "" && LEVELS.indexOf(String(tree.attributes["class"]).replace("level-", "")) > LEVELS.indexOf(level))
      return false;
    return matches(this.#filter.value, [text]);
  }

  #filterAll() {
    for (const element of this.#place.children) {
      const line = this.#shown.get(element);
      if (line !== undefined) /** @type {HTMLElement} */ (element).hidden = !this.#isWanted(line);
    }
    this.#place.scrollTop = this.#place.scrollHeight;
  }
}
