// Where the reader has been: the way back leads to each view as it was left.

/** @typedef {{ readonly top: number, readonly limit: number }} Place how far the view was scrolled, in pixels, and how many rows it has shown */

/** The entries of the browser's history that this page has made. Each has a number in its state. */
export class Places {
  /** How far a page that is loaded anew was scrolled, in pixels. */
  start = Number(history.state?.top ?? 0);
  /** @type {Map<number, Place>} */
  #left = new Map();
  #last = Date.now(); // greater than what a page before this one has counted to
  #here = this.#last;

  constructor() {
    history.scrollRestoration = "manual"; // the browser scrolls before the view is there
    history.replaceState({ at: this.#here }, "");
    addEventListener("pagehide", () => history.replaceState({ at: this.#here, top: scrollY }, ""));
  }

  /**
   * The address has changed.
   *
   * @param {Place} left the place that is left
   * @returns {Place | undefined} the place as it was left, when the reader comes back to it
   */
  move(left) {
    this.#left.set(this.#here, left);
    const at = history.state?.at;
    this.#here = at ?? this.#next();
    if (at === undefined) history.replaceState({ at: this.#here }, "");
    return this.#left.get(this.#here);
  }

  /**
   * Goes to another address; from there the way back leads here.
   *
   * @param {Place} left the place that is left
   * @param {string} address
   */
  add(left, address) {
    this.#left.set(this.#here, left);
    this.#here = this.#next();
    history.pushState({ at: this.#here }, "", address);
  }

  /** Another address for the place where the reader is. @param {string} address */
  rename(address) {
    history.replaceState({ at: this.#here }, "", address);
  }

  #next() {
    this.#last += 1;
    return this.#last;
  }
}
