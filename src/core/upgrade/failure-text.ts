const OURS = "sockproxyd: ";
const MAX_LINES = 3;

/**
 * Why a program has failed, in one line: what it says itself, or else the error that Node.js has stopped at.
 *
 * @param stderr what the program has written there
 * @param otherwise where it has written nothing
 */
export function failureText(stderr: string, otherwise: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const own = lines.filter((line) => line.startsWith(OURS)).map((line) => line.slice(OURS.length));
  if (own.length > 0) return own.slice(0, MAX_LINES).join("; ");
  return lines.find((line) => /^[A-Za-z]*Error\b/.test(line)) ?? lines.at(-1) ?? otherwise.split("\n", 1)[0] ?? "";
}
