import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { EventName, GatewayEvent } from "#src/core/events/gateway-event.js";

/** The part of JSON Schema that docs/event.schema.json uses. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
}

/** Words of a schema that say nothing about a value. */
const ANNOTATIONS = ["$schema", "title", "description"];

export const EVENT_SCHEMA: Schema = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../../docs/event.schema.json", import.meta.url)), "utf8"),
) as Schema;

/** What each word of a schema asks of a value. */
const CHECKS = new Map<string, (value: unknown, schema: Schema) => boolean>([
  ["type", (value, { type }) => (type === "integer" ? Number.isSafeInteger(value) : typeof value === type)],
  ["enum", (value, { enum: all = [] }) => all.includes(value)],
  ["pattern", (value, { pattern = "" }) => new RegExp(pattern).test(String(value))],
  ["minLength", (value, { minLength = 0 }) => String(value).length >= minLength],
  ["minimum", (value, { minimum = 0 }) => Number(value) >= minimum],
  ["maximum", (value, { maximum = 0 }) => Number(value) <= maximum],
  [
    "properties",
    (value, { properties = {} }) =>
      Object.entries(value as object).every(([name, member]) => fits(member, properties[name] ?? {})),
  ],
  ["required", (value, { required = [] }) => required.every((name) => name in (value as object))],
  ["allOf", (value, { allOf = [] }) => allOf.every((schema) => fits(value, schema))],
  ["if", (value, schema) => fits(value, (fits(value, schema.if ?? {}) ? schema.then : schema.else) ?? {})],
  ["then", () => true],
  ["else", () => true],
]);

/** Whether a value is what a schema says. */
export function fits(value: unknown, schema: Schema): boolean {
  return Object.keys(schema)
    .filter((word) => !ANNOTATIONS.includes(word))
    .every((word) => CHECKS.get(word)?.(value, schema) ?? false);
}

/** Fails where something told is no event by the schema, or has a member that the schema does not know. */
export function checkEvent(event: unknown): asserts event is GatewayEvent & { readonly event: EventName } {
  assert.ok(fits(event, EVENT_SCHEMA), `no event by docs/event.schema.json: ${JSON.stringify(event)}`);
  const unknown = Object.keys(event as object).filter((name) => EVENT_SCHEMA.properties?.[name] === undefined);
  assert.deepEqual(unknown, [], "members that docs/event.schema.json does not know");
}
