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
 *   readonly subject: string,
 *   readonly what: string,
 *   readonly state: string,
 *   readonly why: string,
 *   readonly cause?: string,
 *   readonly line?: string,
 * }} Problem
 */

/** So many with one cause are told one by one. */
const FEW = 3;
const MAX_NAMES = 200; // of those that a group unfolds

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
  const named = gathered(problems, ({ severity, kind, cause, why }) => [severity, kind, cause ?? why]).map((those) => {
    const [{ subject, what, state }] = those;
    if (those.length === 1) return `${plain(subject, 80)} ${plain(what, 80)}`;
    return `${namesOf(those.map((each) => plain(each.subject, 80)))}: ${plain(state, 40)}`;
  });
  return `${plural(problems.length, "problem")}: ${named.join("; ")}.`;
}

/**
 * Those that a reader has to know once: groups of more than {@link FEW} with the same key, and each other one alone.
 *
 * @template T
 * @param {readonly T[]} all
 * @param {(one: T) => unknown} keyOf
 * @returns {[T, ...T[]][]}
 */
export function gathered(all, keyOf) {
  /** @type {Map<string, [T, ...T[]]>} */
  const groups = new Map();
  for (const one of all) {
    const key = JSON.stringify(keyOf(one));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].flatMap((group) =>
    group.length > FEW ? [group] : group.map((one) => /** @type {[T]} */ ([one])),
  );
}

/** The first of many. @param {readonly string[]} names */
export function namesOf(names) {
  return `${names.slice(0, FEW).join(", ")} and ${names.length - FEW} more`;
}

/**
 * @param {readonly Problem[]} problems
 * @param {readonly Thing[]} things
 * @param {string} now the time of the daemon, in ISO 8601
 */
export function problemList(problems, things, now) {
  const groups = gathered(problems, ({ severity, kind, cause, why }) => [severity, kind, cause ?? why]);
  return h(
    "ul",
    { class: "problems" },
    groups.map((group) => (group.length === 1 ? problemRow(group[0], things, now) : groupRow(group, things, now))),
  );
}

/**
 * @param {Problem} problem
 * @param {readonly Thing[]} things
 * @param {string} now
 */
function problemRow(problem, things, now) {
  const { kind, name, what, why } = problem;
  const { title, href } = titleOf(problem, things);
  const words = [h("strong", {}, href === undefined ? title : h("a", { href }, title)), ` ${plain(what, 80)}`];
  return row(`${kind} ${name}`, [problem], now, h("p", {}, words), h("p", { class: "why" }, plain(why, 500)));
}

/**
 * Many problems with one cause.
 *
 * @param {readonly [Problem, ...Problem[]]} group
 * @param {readonly Thing[]} things
 * @param {string} now
 */
function groupRow(group, things, now) {
  const [{ kind, cause, why, state }] = group;
  const titles = group.slice(0, MAX_NAMES).map((problem) => titleOf(problem, things).title);
  const left = group.length - titles.length;
  return row(
    `all ${kind} ${cause ?? why}`,
    group,
    now,
    h(
      "p",
      {},
      h("strong", {}, namesOf(group.map((problem) => titleOf(problem, things).title))),
      `: ${plain(state, 40)}`,
    ),
    h("p", { class: "why" }, plain(cause ?? why, 500)),
    h(
      "details",
      {},
      h("summary", {}, `All ${group.length}`),
      `${titles.join(", ")}${left > 0 ? ` and ${left} more` : ""}`,
    ),
  );
}

/**
 * @param {string} key
 * @param {readonly Problem[]} group
 * @param {string} now
 * @param {readonly ReturnType<typeof h>[]} what
 */
function row(key, group, now, ...what) {
  const first = group.reduce((one, other) => (Date.parse(other.since) < Date.parse(one.since) ? other : one));
  const { severity, since } = first;
  return h(
    "li",
    { key, class: severity },
    h("span", { class: "sign", "aria-hidden": "true" }),
    h("div", { class: "what" }, what),
    h(
      "p",
      { class: "since" },
      h("span", {}, `since ${moment(since, now)}`),
      h("span", {}, duration(Date.parse(now) - Date.parse(since))),
    ),
  );
}

/** What a reader calls it, and where it leads. @param {Problem} problem @param {readonly Thing[]} things */
function titleOf(problem, things) {
  const thing = things.find((each) => isAbout(problem, each));
  const title =
    thing?.kind === "plugin" ? `${thing.name} (${thing.detail.split(" · ")[0]})` : plain(problem.subject, 80);
  return { title, href: thing?.href };
}

/** What has each kind of problem. Of others any thing of the line has it. @type {Readonly<Record<string, Thing["kind"]>>} */
const HAVE = {
  "device-down": "device",
  "device-silent": "device",
  "server-down": "server",
  "link-down": "tunnel",
  "server-link-down": "link",
  "plugin-failing": "plugin",
  "mqtt-down": "broker",
  "webhook-failing": "webhook",
};

/** @param {Problem} problem @param {Thing} thing */
export function isAbout({ kind, line, name }, thing) {
  if (thing.kind !== (HAVE[kind] ?? thing.kind)) return false;
  if (thing.kind === "plugin") return thing.line === name || name.startsWith(`${thing.line}/`);
  if (thing.alone === name) return true;
  const isOfAnother = thing.alone !== undefined && HAVE[kind] !== undefined && name !== line;
  return !isOfAnother && thing.line === (line ?? name);
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
      state: { level, text: thing.state.level === "warning" ? thing.state.text : plain(problem.state, 40) },
    };
  });
}
