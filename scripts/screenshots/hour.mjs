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

/** What a house does in an hour, about 0.5: two slow swings, bumps now and then, and a little noise. */
function shape(seed) {
  const random = noise(seed * 7919);
  const next = () => random.next().value;
  for (let skip = 0; skip < 5; skip += 1) next();
  const bumps = Array.from({ length: 5 }, () => ({
    at: STEPS * next(),
    height: 0.35 * next(),
    width: 4 + 14 * next(),
  }));
  const [phase, pace] = [6 * next(), 50 + 40 * next()];
  return Array.from({ length: STEPS }, (_, step) => {
    const swing = 0.08 * Math.sin(step / pace + phase) + 0.03 * Math.sin(step / 11 + phase);
    const bump = bumps.reduce(
      (sum, { at, height, width }) => sum + height * Math.exp(-(((step - at) / width) ** 2)),
      0,
    );
    return 0.42 + swing + bump + 0.05 * next();
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
