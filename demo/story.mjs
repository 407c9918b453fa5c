const start = performance.now();

/** Prints one event: the seconds since the start, who did it, and what. */
export function story(who, what) {
  const seconds = ((performance.now() - start) / 1000).toFixed(3).padStart(8);
  console.log(`${seconds} s  ${who.padEnd(10)} ${what}`);
}

/** Prints the title of a scene. */
export function scene(title) {
  console.log(`\n-- ${title}`);
}
