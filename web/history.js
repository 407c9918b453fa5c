// The last hour, as the daemon keeps it: asked for bit by bit, and put together here.

/** @typedef {import("./chart.js").Values} Values */
/** @typedef {{ readonly of: string, readonly id: string, readonly what: string, readonly unit: string, readonly points: Values }} Series */
/**
 * @typedef {{
 *   readonly run: string,
 *   readonly stepSeconds: number,
 *   readonly first: number,
 *   readonly next: number,
 *   readonly series: readonly Series[],
 * }} History
 */

const HOUR_SECONDS = 3600;

/** @param {Series} series */
function keyOf({ of, id, what }) {
  return JSON.stringify([of, id, what]);
}

/**
 * The known steps with further ones behind them, an hour at most. A series that is new has not been known before.
 *
 * @param {History | undefined} known
 * @param {History} further
 * @returns {History}
 */
export function joinHistory(known, further) {
  if (known === undefined || known.run !== further.run || further.first > known.next) return further;
  const { run, stepSeconds, next } = further;
  const first = Math.max(Math.min(known.first, further.first), next - Math.round(HOUR_SECONDS / stepSeconds));
  const before = new Map(known.series.map((series) => [keyOf(series), series.points]));
  const kept = Math.max(0, further.first - known.first);
  const series = further.series.map((each) => {
    const points = [...(before.get(keyOf(each)) ?? new Array(kept).fill(null)).slice(0, kept), ...each.points];
    return { ...each, points: points.slice(-(next - first) || points.length) };
  });
  return { run, stepSeconds, first, next, series };
}

/**
 * The points of a series; none when it is not there.
 *
 * @param {History | undefined} history
 * @param {string} of
 * @param {string} id
 * @param {string} what
 * @returns {Values}
 */
export function pointsOf(history, of, id, what) {
  return history?.series.find((series) => series.of === of && series.id === id && series.what === what)?.points ?? [];
}

/**
 * All series of one quantity as one, step by step.
 *
 * @param {History | undefined} history
 * @param {string} of
 * @param {string} what
 * @param {(values: readonly number[]) => number} combine gets the known values of a step
 * @returns {Values}
 */
export function combined(history, of, what, combine) {
  const all = (history?.series ?? []).filter((series) => series.of === of && series.what === what);
  return (all[0]?.points ?? []).map((_, step) => {
    const known = all.map(({ points }) => points[step] ?? null).filter((value) => value !== null);
    return known.length === 0 ? null : combine(known);
  });
}

/**
 * The time that the history covers, in words.
 *
 * @param {History | undefined} history
 */
export function spanOf(history) {
  if (history === undefined) return "";
  const seconds = (history.next - history.first) * history.stepSeconds;
  if (seconds >= HOUR_SECONDS - history.stepSeconds) return "last hour";
  if (seconds === 0) return "nothing yet";
  return seconds < 120 ? `last ${seconds} s` : `last ${Math.round(seconds / 60)} min`;
}
