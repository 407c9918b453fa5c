// What the daemon says, asked for again and again; and what it is told to do.

import { joinHistory } from "./history.js";

/** @typedef {import("./world.js").DaemonStatus} DaemonStatus */
/** @typedef {import("./world.js").Actions} Actions */
/** @typedef {import("./history.js").History} History */
/** @typedef {{ readonly since: Date, readonly why: string }} Silence */

const ASK_MS = 2000;
const HIDDEN_ASK_MS = 30_000; // nobody looks: the title alone tells of problems
const ANSWER_MS = 10_000;

/** @type {Actions} */
const NO_ACTIONS = { allowed: false, why: "The daemon has not said yet whether you may." };

/** The daemon behind the page. */
export class Daemon {
  /** @type {DaemonStatus | undefined} */
  status;
  /** @type {History | undefined} */
  history;
  /** @type {Actions} */
  actions = NO_ACTIONS;
  /** @type {Silence | undefined} since when it does not answer, and why; undefined: it does */
  silence;
  #lastAnswer = new Date();
  #historyAt = 0;
  #wake = () => {};

  /**
   * Asks for ever.
   *
   * @param {() => void} onChange called after each answer, and when there is none
   */
  async keepAsking(onChange) {
    document.addEventListener("visibilitychange", () => this.askNow());
    for (;;) {
      await this.#ask();
      onChange();
      await this.#pause(document.hidden ? HIDDEN_ASK_MS : ASK_MS);
    }
  }

  /** Asks without waiting for its turn. */
  askNow() {
    this.#wake();
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  async #ask() {
    try {
      const wasSilent = this.silence !== undefined;
      const former = this.status;
      this.status = /** @type {DaemonStatus} */ (await json("status"));
      if (wasSilent || former?.startedAt !== this.status.startedAt) this.actions = await this.#askActions();
      await this.#askHistory();
      this.silence = undefined;
      this.#lastAnswer = new Date();
    } catch (error) {
      this.silence = { since: this.silence?.since ?? this.#lastAnswer, why: /** @type {Error} */ (error).message };
    }
  }

  /** Asks for the steps that are over since the last time: there is nothing new before one is. */
  async #askHistory() {
    const { history } = this;
    const now = performance.now();
    if (history !== undefined && this.silence === undefined && now - this.#historyAt < history.stepSeconds * 1000)
      return;
    this.#historyAt = now;
    const further = /** @type {History} */ (
      await json(history === undefined ? "history" : `history?since=${history.next}`)
    );
    this.history = joinHistory(history, further);
    if (this.history === further && further.first > 0 && history !== undefined) this.history = undefined; // another run: all of it next time
  }

  /** @returns {Promise<Actions>} */
  async #askActions() {
    try {
      return /** @type {Actions} */ (await json("actions"));
    } catch (error) {
      return { allowed: false, why: /** @type {Error} */ (error).message };
    }
  }

  /**
   * Tells the daemon to do something.
   *
   * @param {string} what `close`, `debug` or `reload`
   * @param {object} body
   * @returns {Promise<{ readonly done: boolean, readonly text: string }>} what it says to that
   */
  async tell(what, body) {
    try {
      let response = await this.#post(what, body);
      if (response.status === 403) {
        this.actions = await this.#askActions(); // it may have started anew, with another token
        response = await this.#post(what, body);
      }
      if (!response.ok) return { done: false, text: (await response.text()).trim() };
      const { text } = await response.json();
      this.actions = await this.#askActions();
      return { done: true, text };
    } catch (error) {
      return { done: false, text: `The daemon does not answer: ${/** @type {Error} */ (error).message}` };
    } finally {
      this.askNow();
    }
  }

  /** @param {string} what @param {object} body */
  #post(what, body) {
    const token = this.actions.allowed ? this.actions.token : "";
    return fetch(what, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }
}

/**
 * @param {string} path
 * @returns {Promise<unknown>}
 */
async function json(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) throw new Error((await response.text()).trim().slice(0, 200) || `status ${response.status}`);
  return response.json();
}
