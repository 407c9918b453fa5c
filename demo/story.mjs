const start = performance.now();

/** Tells one event: when it happened since the start, who did it, and what. */
export function story(who, what) {
  const seconds = ((performance.now() - start) / 1000).toFixed(3).padStart(8);
  console.log(`${seconds} s  ${who.padEnd(10)} ${what}`);
}

/** The title of a scene. */
export function scene(title) {
  console.log(`\n-- ${title}`);
}
