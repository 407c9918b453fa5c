// All that the views show, in one value: made anew from each answer of the daemon.

import { nowOf } from "./format.js";
import { withProblems } from "./problems.js";
import { thingsOf } from "./things.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */
/** @typedef {import("../src/core/status/daemon-status.js").ConnectionStatus} ConnectionStatus */
/** @typedef {import("./history.js").History} History */
/** @typedef {import("./problems.js").Problem} Problem */
/** @typedef {import("./things.js").Thing} Thing */
/** @typedef {{ readonly allowed: true, readonly token: string, readonly debug?: boolean } | { readonly allowed: false, readonly why: string, readonly debug?: boolean }} Actions */
/** @typedef {{ readonly order: import("./connection-list.js").Order, readonly limit: number, readonly last?: ConnectionStatus | undefined }} Ui what the reader has chosen; `last`: the connection that was looked at last */
/**
 * @typedef {{
 *   readonly status: DaemonStatus,
 *   readonly history: History | undefined,
 *   readonly actions: Actions,
 *   readonly ui: Ui,
 *   readonly things: readonly Thing[],
 *   readonly problems: readonly Problem[],
 *   readonly now: string,
 * }} World
 */

/**
 * @param {DaemonStatus & { readonly problems?: readonly Problem[] }} status
 * @param {History | undefined} history
 * @param {Actions} actions
 * @param {Ui} ui
 * @returns {World}
 */
export function worldOf(status, history, actions, ui) {
  const problems = status.problems ?? [];
  return {
    status,
    history,
    actions,
    ui,
    problems,
    things: withProblems(thingsOf(status), problems),
    now: nowOf(status),
  };
}
