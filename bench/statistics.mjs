/**
 * @param {number[]} values at least one, in any order
 * @returns {number}
 */
export function median(values) {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = Math.floor(ordered.length / 2);
  return ordered.length % 2 === 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}

/**
 * @param {number[]} ordered ascending
 * @param {number} share 0 to 1
 * @returns {number} the value that this share of the values does not exceed; undefined without values
 */
export function percentile(ordered, share) {
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))];
}
