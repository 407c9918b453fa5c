import type { MuxStatus } from "../mux/mux-status.js";
import type { ValueStatus } from "../mux/publish/published-value.js";
import { gauge, type Metric } from "./exposition.js";

/**
 * The published values of shared devices. Labels: line, the name of the value, and its unit where it has one. A value that is too old, is not
 * valid, or is a text has no sample; its age has one.
 */
export function valueMetrics(muxes: readonly MuxStatus[]): Metric[] {
  if (muxes.every(({ values }) => values === undefined)) return [];
  const samples = (read: (value: ValueStatus) => number | undefined) =>
    muxes.flatMap(({ port, name, values = [] }) =>
      values.flatMap((value) => {
        const number = read(value);
        const unit = value.unit === undefined ? {} : { unit: value.unit };
        return number === undefined
          ? []
          : [{ labels: { line: name ?? String(port), name: value.name, ...unit }, value: number }];
      }),
    );
  return [
    gauge("value", "A value of a shared device that is published.", samples(numberOf)),
    gauge("value_age_seconds", "Time since the device has last said the value.", samples(ageOf)),
  ];
}

function numberOf({ state, value }: ValueStatus): number | undefined {
  const number = typeof value === "string" && value === "" ? Number.NaN : Number(value);
  return state === "good" && !Number.isNaN(number) ? number : undefined;
}

function ageOf({ ageMs }: ValueStatus): number | undefined {
  return ageMs === undefined ? undefined : ageMs / 1000;
}
