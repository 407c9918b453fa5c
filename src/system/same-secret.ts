import { createHash, timingSafeEqual } from "node:crypto";

/** Whether the secret is right. The time of the answer does not depend on how much of it is right. */
export function secretMatches(given: Buffer, secret: string): boolean {
  return timingSafeEqual(hash(given), hash(Buffer.from(secret)));
}

function hash(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
