import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeWebhook } from "#src/core/webhook/judge-webhook.js";

const cases: [status: number, retryAfter: string | undefined, outcome: string, retryAfterMs: number | undefined][] = [
  [200, undefined, "delivered", undefined],
  [299, "5", "delivered", undefined],
  [304, undefined, "rejected", undefined],
  [404, "5", "rejected", undefined],
  [429, undefined, "failed", undefined],
  [429, " 5 ", "failed", 5000],
  [503, "a date", "failed", 30_000],
  [503, "a past date", "failed", undefined],
  [503, "soon", "failed", undefined],
  [500, "-5", "failed", undefined],
  [500, "0", "failed", undefined],
  [500, "999999999", "failed", 600_000],
  [429, "99999999999", "failed", 600_000],
  [429, "9".repeat(400), "failed", 600_000],
];
for (const [status, retryAfter, outcome, retryAfterMs] of cases) {
  test(`status ${status} with Retry-After ${retryAfter}`, () => {
    const dates: Record<string, number> = { "a date": 30_000, "a past date": -1 };
    const judged = judgeWebhook(status, retryAfter, (date) => dates[date] ?? Number.NaN);
    assert.deepEqual([judged.outcome, judged.retryAfterMs], [outcome, retryAfterMs]);
  });
}
