import { fail, ok, type Result } from "../parse/result.js";

/** What a reader may have the daemon do. */
export type Action =
  | { readonly kind: "close"; readonly connection: string }
  | { readonly kind: "debug"; readonly on: boolean }
  | { readonly kind: "reload" };

/** The actions, by their paths, with their members and the types of these. */
const BODIES: Readonly<Record<Action["kind"], Readonly<Record<string, "string" | "boolean">>>> = {
  close: { connection: "string" },
  debug: { on: "boolean" },
  reload: {},
};

/** Longest body of an action, in bytes. */
export const MAX_ACTION_BYTES = 1024;

/** The action that a path stands for; undefined: none. */
export function actionOf(path: string): Action["kind"] | undefined {
  return (Object.keys(BODIES) as Action["kind"][]).find((kind) => path === `/${kind}`);
}

/** Reads the body of an action: a JSON object with its members, and no others. */
export function parseAction(kind: Action["kind"], text: string): Result<Action> {
  const members = BODIES[kind];
  const wanted = `{${Object.entries(members)
    .map(([name, type]) => `"${name}": ${type}`)
    .join(", ")}} is wanted`;
  const body = parseObject(text);
  if (body === undefined) return fail(`the body is no JSON object; ${wanted}`);
  for (const [name, type] of Object.entries(members)) {
    if (!Object.hasOwn(body, name)) return fail(`"${name}" is missing; ${wanted}`);
    if (typeof body[name] !== type) return fail(`"${name}" is no ${type}; ${wanted}`);
  }
  const unknown = Object.keys(body).find((name) => !Object.hasOwn(members, name));
  if (unknown !== undefined) return fail(`unknown member "${unknown}"; ${wanted}`);
  return ok({ ...body, kind } as Action);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
