// What is wrong, as the daemon says it.

import { duration, moment, plain, plural } from "./format.js";
import { h } from "./tree.js";

/** @typedef {import("./things.js").Thing} Thing */
/**
 * @typedef {{
 *   readonly severity: "error" | "warning",
 *   readonly kind: string,
 *   readonly name: string,
 *   readonly since: string,
 *   readonly why: string,
 *   readonly line?: string,
 * }} Problem
 */

/** @type {Readonly<Record<string, string>>} what each kind means, in the words of a tile */
const WORDS = {
  "listener-down": "cannot listen",
  "device-down": "not reached",
  "device-silent": "silent",
  "link-down": "no device",
  "server-link-down": "not connected",
  "server-down": "down",
  "notifications-down": "takes no notifications",
  "plugin-failing": "does not take notifications",
};

/** @param {Problem} problem */
export function wordOf({ kind }) {
  return WORDS[kind] ?? plain(kind, 40);
}

/** The heading of the page. @param {readonly Problem[]} problems */
export function headline(problems) {
  if (problems.length === 0) return "All is well";
  return problems.length === 1 ? "One thing needs attention" : `${problems.length} things need attention`;
}

/** The same for a screen reader, which hears it when it changes: so it has no times in it. @param {readonly Problem[]} problems */
export function announcement(problems) {
  if (problems.length === 0) return "All is well.";
  const named = problems.map((problem) => `${plain(problem.name, 80)} ${wordOf(problem)}`);
  return `${plural(problems.length, "problem")}: ${named.join("; ")}.`;
}

/**
 * @param {readonly Problem[]} problems
 * @param {readonly Thing[]} things
 * @param {string} now the time of the daemon, in ISO 8601
 */
export function problemList(problems, things, now) {
  return h(
    "ul",
    { class: "problems" },
    problems.map((problem) =>
      problemRow(
        problem,
        things.find((thing) => isAbout(problem, thing)),
        now,
      ),
    ),
  );
}

/**
 * @param {Problem} problem
 * @param {Thing | undefined} thing that it is about
 * @param {string} now
 */
function problemRow(problem, thing, now) {
  const { severity, kind, name, since, why } = problem;
  const { href } = thing ?? {};
  const title = thing?.kind === "plugin" ? `${thing.name} (${thing.detail.split(" · ")[0]})` : plain(name, 80);
  const lasting = Date.parse(now) - Date.parse(since);
  return h(
    "li",
    { key: `${kind} ${name}`, class: severity },
    h("span", { class: "sign", "aria-hidden": "true" }),
    h(
      "div",
      { class: "what" },
      h("p", {}, h("strong", {}, href === undefined ? title : h("a", { href }, title)), ` ${wordOf(problem)}`),
      h("p", { class: "why" }, plain(why, 500)),
    ),
    h("p", { class: "since" }, h("span", {}, `since ${moment(since, now)}`), h("span", {}, duration(lasting))),
  );
}

/** @param {Problem} problem @param {Thing} thing */
export function isAbout({ line, name }, thing) {
  return thing.line === line || thing.line === name || (thing.kind === "plugin" && name.startsWith(`${thing.line}/`));
}

/**
 * The things, each with the state that a problem gives it.
 *
 * @param {readonly Thing[]} things
 * @param {readonly Problem[]} problems
 * @returns {Thing[]}
 */
export function withProblems(things, problems) {
  return things.map((thing) => {
    const problem = problems.find((each) => isAbout(each, thing));
    if (problem === undefined || thing.state.level === "wrong") return thing;
    const level = problem.severity === "error" ? "wrong" : "warning";
    return { ...thing, state: { level, text: thing.state.level === "warning" ? thing.state.text : wordOf(problem) } };
  });
}
