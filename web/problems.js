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

/** @type {Readonly<Record<string, readonly [state: string, sentence: string]>>} what each kind means: in a word, and behind a name */
const WORDS = {
  "listener-down": ["cannot listen", "cannot listen"],
  "device-down": ["not reached", "is not reached"],
  "device-silent": ["silent", "is silent"],
  "link-down": ["no device", "has no device"],
  "server-link-down": ["not connected", "is not connected"],
  "server-down": ["down", "is down"],
  "notifications-down": ["takes no notifications", "takes no notifications"],
  "mqtt-down": ["not reached", "is not reached, or not fast enough"],
  "plugin-failing": ["not taken", "does not take notifications"],
};

/** @param {Problem} problem */
function wordsOf({ kind }) {
  return WORDS[kind] ?? [plain(kind, 40), plain(kind, 40)];
}

/** What has the problem, as a reader calls it. @param {Problem} problem */
function subjectOf({ kind, name }) {
  if (kind === "mqtt-down") return `The MQTT broker (${plain(name, 80)})`;
  return kind === "notifications-down" ? `The Luup engine (${plain(name, 80)})` : plain(name, 80);
}

/** The heading of the page. @param {readonly Problem[]} problems */
export function headline(problems) {
  if (problems.length === 0) return "All is well";
  return problems.length === 1 ? "One thing needs attention" : `${problems.length} things need attention`;
}

/** How bad it is altogether. @param {readonly Problem[]} problems @returns {import("./things.js").Level} */
export function levelOf(problems) {
  if (problems.length === 0) return "good";
  return problems.some(({ severity }) => severity === "error") ? "wrong" : "warning";
}

/** The same for a screen reader, which hears it when it changes: so it has no times in it. @param {readonly Problem[]} problems */
export function announcement(problems) {
  if (problems.length === 0) return "All is well.";
  const named = problems.map((problem) => `${subjectOf(problem)} ${wordsOf(problem)[1]}`);
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
  const title = thing?.kind === "plugin" ? `${thing.name} (${thing.detail.split(" · ")[0]})` : subjectOf(problem);
  const lasting = Date.parse(now) - Date.parse(since);
  return h(
    "li",
    { key: `${kind} ${name}`, class: severity },
    h("span", { class: "sign", "aria-hidden": "true" }),
    h(
      "div",
      { class: "what" },
      h("p", {}, h("strong", {}, href === undefined ? title : h("a", { href }, title)), ` ${wordsOf(problem)[1]}`),
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
    return {
      ...thing,
      state: { level, text: thing.state.level === "warning" ? thing.state.text : wordsOf(problem)[0] },
    };
  });
}
