import { fail, ok, type Result } from "../parse/result.js";
import { PAYLOAD_MAX } from "./frames.js";

/** Reads a secret. A device sends it in one frame, so it has {@link PAYLOAD_MAX} bytes at most. */
export function parseSecret(text: string): Result<string> {
  return Buffer.byteLength(text) > PAYLOAD_MAX ? fail(`a secret has ${PAYLOAD_MAX} bytes at most`) : ok(text);
}
