// Finds what a text stands in.

import { labelOf } from "./format.js";
import { KINDS } from "./things.js";

/** @typedef {import("../src/core/status/daemon-status.js").ConnectionStatus} ConnectionStatus */
/** @typedef {import("./things.js").Thing} Thing */

/**
 * Whether each word of the question stands somewhere in the fields, in any case.
 *
 * @param {string} question
 * @param {readonly unknown[]} fields
 */
export function matches(question, fields) {
  const words = question.toLowerCase().split(/\s+/).filter(Boolean);
  const text = fields
    .filter((field) => field !== undefined)
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** @param {string} question @param {readonly ConnectionStatus[]} connections */
export function findConnections(question, connections) {
  return connections.filter(
    ({ id, listener, client, clientPort, clientTls, remote, remoteAddress, phase, notify, tells = [] }) =>
      matches(question, [
        id,
        listener,
        `${client}:${clientPort}`,
        clientTls,
        remote,
        remoteAddress,
        phase,
        notify?.target,
        notify?.lastOutcome,
        ...tells.map(({ target }) => target),
      ]),
  );
}

/** @param {string} question @param {readonly Thing[]} things */
export function findThings(question, things) {
  return things.filter(({ kind, key, name, detail, state, note, port }) =>
    matches(question, [KINDS[kind], key, name, detail, state.text, note, port !== undefined && labelOf({ port })]),
  );
}
