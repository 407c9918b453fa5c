/** The last second that was asked for, and its text: many lines fall in one second. */
let second = Number.NaN;
let text = "";

/** The local time of day as the monitor shows it (docs/monitor.md): `14:32:15,123`. */
export function timeOfDay(epochMs: number): string {
  const ms = Math.floor(epochMs);
  const at = Math.floor(ms / 1000);
  if (at !== second) {
    const date = new Date(ms);
    text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
    second = at;
  }
  return `${text},${String(ms - at * 1000).padStart(3, "0")}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
