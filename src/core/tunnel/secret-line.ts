import { fail, ok, type Result } from "../parse/result.js";
import { PAYLOAD_MAX } from "./frames.js";

/** A secret as a device can tell it: in one frame. */
export function parseSecret(text: string): Result<string> {
  return Buffer.byteLength(text) > PAYLOAD_MAX ? fail(`a secret has ${PAYLOAD_MAX} bytes at most`) : ok(text);
}
