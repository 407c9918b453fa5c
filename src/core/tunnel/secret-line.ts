import { fail, map, ok, type Result } from "../parse/result.js";
import { PAYLOAD_MAX } from "./frames.js";

/** A device that a line expects: `device=barn:SECRET`. */
export interface NamedSecret {
  readonly name: string;
  readonly secret: string;
}

const MAX_NAME = 64;

/** Reads a secret. A device sends it in one frame, so it has {@link PAYLOAD_MAX} bytes at most. */
export function parseSecret(text: string): Result<string> {
  return Buffer.byteLength(text) > PAYLOAD_MAX ? fail(`a secret has ${PAYLOAD_MAX} bytes at most`) : ok(text);
}

/** Reads the name of a device: `barn`, `plant-2`. */
export function parseDeviceName(text: string): Result<string> {
  if (text.length > MAX_NAME) return fail(`the name of a device has ${MAX_NAME} characters at most`);
  return /^[\w.-]+$/.test(text)
    ? ok(text)
    : fail("the name of a device is wanted: letters, digits, and the characters . _ -");
}

/** Reads `barn:SECRET`. No message repeats the secret. */
export function parseNamedSecret(text: string): Result<NamedSecret> {
  const [word = "", ...rest] = text.split(":");
  if (rest.length === 0) return fail("name:secret is wanted, such as barn:0b7c…");
  const name = parseDeviceName(word.trim());
  if (!name.ok) return name;
  const secret = rest.join(":").trim();
  if (secret === "") return fail(`device ${name.value} has no secret: name:secret is wanted`);
  return map(parseSecret(secret), (value) => ({ name: name.value, secret: value }));
}
