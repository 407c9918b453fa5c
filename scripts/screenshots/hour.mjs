// An hour of history for pictures, made from a minute of it: nobody waits an hour for a picture.

const STEPS = 360;

/** Numbers that are random enough, and the same every time. */
function* noise(seed) {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

/** What a house does in an hour, from 0 to 1 about 0.5: a slow swing, peaks now and then, and a little noise. */
function shape(seed) {
  const random = noise(seed);
  let peak = 0;
  return Array.from({ length: STEPS }, (_, step) => {
    const { value } = random.next();
    peak = value > 0.97 ? 0.5 : peak * 0.8;
    return 0.4 + 0.12 * Math.sin((step + seed * 40) / 45) + 0.08 * value + peak;
  });
}

/** The same history with a past: each series goes on as it is now. */
export function longer(history) {
  const series = history.series.map((each, index) => {
    const known = each.points.filter((point) => point !== null);
    const mean = known.reduce((sum, point) => sum + point, 0) / (known.length || 1);
    const points = shape(index + 1).map((value) => (known.length === 0 ? null : mean * 2 * value));
    return { ...each, points };
  });
  return { ...history, first: 0, next: STEPS, series };
}
