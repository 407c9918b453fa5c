import { median } from "./statistics.mjs";

const DISTURBED = 0.05; // share of a core: other processes that take more disturb a measurement

/** The measured values of all rounds. */
export class Samples {
  /** Name of the proxy -> key of the row -> values. */
  #values = new Map();
  /** The number of measurements, and of those that other processes disturbed. */
  count = 0;
  disturbed = 0;

  /**
   * Adds the values of one measurement.
   *
   * @param {string} name the name of the proxy
   * @param {Record<string, number | undefined>} values by the keys of the rows; undefined means no value
   * @param {number} others the share of the cores that other processes took meanwhile; 0 where it is unknown
   */
  add(name, values, others = 0) {
    const disturbed = others > DISTURBED;
    this.count += 1;
    if (disturbed) this.disturbed += 1;
    for (const [key, value] of Object.entries(values)) {
      if (value !== undefined) this.of(name, key).push({ value, disturbed });
    }
  }

  /**
   * All values of one proxy and row, in the order of the rounds.
   *
   * @returns {{ value: number, disturbed: boolean }[]}
   */
  of(name, key) {
    if (!this.#values.has(name)) this.#values.set(name, new Map());
    const keys = this.#values.get(name);
    if (!keys.has(key)) keys.set(key, []);
    return keys.get(key);
  }

  /** Whether all values of the median were disturbed. */
  isRough(name, key) {
    return this.of(name, key).length > 0 && this.of(name, key).every(({ disturbed }) => disturbed);
  }

  /**
   * The median of the undisturbed values, or of all values when all were disturbed; undefined without values.
   *
   * @param {string} name the name of the proxy
   * @param {import("./rounds.mjs").Row} row a row with `worst` gets the greatest value in place of the median
   */
  result(name, { key, worst }) {
    const all = this.of(name, key);
    const calm = all.filter(({ disturbed }) => !disturbed);
    const values = (calm.length > 0 ? calm : all).map(({ value }) => value);
    if (values.length === 0) return undefined;
    return worst ? Math.max(...values) : median(values);
  }
}
