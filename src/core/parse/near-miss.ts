const LETTERS_PER_MISTAKE = 3; // one wrong letter in a word of 3 to 5 letters, two in one of 6 to 8
const MIN_BEGINNING = 3; // letters of a word that was cut short

/**
 * Finds the word that a writer probably meant.
 *
 * @param typed in any case
 * @param words the known words; of two that are equally near the first counts
 * @returns undefined when no word is near
 */
export function nearMiss(typed: string, words: readonly string[]): string | undefined {
  const text = typed.toLowerCase();
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of words) {
    const longest = Math.max(text.length, word.length);
    if (Math.abs(text.length - word.length) > longest / LETTERS_PER_MISTAKE) continue;
    const distance = editDistance(text, word.toLowerCase());
    if (distance <= Math.floor(longest / LETTERS_PER_MISTAKE) && distance < (best?.distance ?? longest)) {
      best = { word, distance };
    }
  }
  if (best !== undefined || text.length < MIN_BEGINNING) return best?.word;
  return words.find((word) => word.toLowerCase().startsWith(text));
}

/** The end of a message about an unknown word: `; did you mean cache?`, or an empty text when no word is near. */
export function didYouMean(typed: string, words: readonly string[]): string {
  const word = nearMiss(typed, words);
  return word === undefined ? "" : `; did you mean ${word}?`;
}

/** How many letters to insert, delete, replace or swap with a neighbour turn one word into the other (optimal string alignment). */
export function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1];
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        (row[j - 1] ?? 0) + 1,
        (last[j] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[other.length] ?? 0;
}
