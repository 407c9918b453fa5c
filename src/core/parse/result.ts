/** A value, or the reason why there is none: one line for a person. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** A result that holds `value`. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A result that says in one line what was wrong. */
export function fail<T = never>(message: string): Result<T> {
  return { ok: false, message };
}

/** A result with its value changed. */
export function map<A, B>(result: Result<A>, change: (value: A) => B): Result<B> {
  return result.ok ? ok(change(result.value)) : result;
}
