/**
 * Imports a pure module of the page, or one that makes a view, which is pure, too.
 *
 * @param name of its file, without `.js`
 */
// biome-ignore lint/suspicious/noExplicitAny: the page has its types in comments, which the compiler of the tests does not see
export function pageModule(name: string): Promise<any> {
  return import(new URL(`../../../web/${name}.js`, import.meta.url).href);
}
