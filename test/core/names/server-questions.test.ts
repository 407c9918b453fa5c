import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerQuestions } from "#src/core/names/server-questions.js";

/** The servers that are asked at this time; the last word is what follows. */
function asked(questions: ServerQuestions, now: number): (number | string)[] {
  const out: (number | string)[] = [];
  for (;;) {
    const step = questions.next(now);
    if (step.kind !== "ask") return [...out, step.kind === "wait" && step.until !== undefined ? step.until : step.kind];
    out.push(step.server);
  }
}

test("one server is asked three times, and may answer the first question meanwhile", () => {
  const questions = new ServerQuestions(1, 0);
  assert.deepEqual(asked(questions, 0), [0, 1000]);
  assert.deepEqual(asked(questions, 1000), [0, 3000]);
  assert.deepEqual(asked(questions, 3000), [0, "wait"]);
  questions.failed();
  questions.failed();
  assert.deepEqual(asked(questions, 8000), ["wait"]);
  questions.failed();
  assert.deepEqual(asked(questions, 8000), ["over"]);
});

test("the next server is asked 0.3 s after one that is silent, and at once after one that fails", () => {
  const questions = new ServerQuestions(3, 0);
  assert.deepEqual(asked(questions, 0), [0, 300]);
  assert.deepEqual(asked(questions, 300), [1, 600]);
  const failing = new ServerQuestions(3, 0);
  assert.deepEqual(asked(failing, 0), [0, 300]);
  failing.failed();
  assert.deepEqual(asked(failing, 1), [1, 600]);
  failing.failed();
  assert.deepEqual(asked(failing, 2), [2, 1000]);
  failing.failed();
  assert.deepEqual(asked(failing, 3), ["over"], "all of them say that they cannot");
});

test("no server: nobody answers", () => {
  assert.deepEqual(asked(new ServerQuestions(0, 0), 0), ["over"]);
});

test("who asks for the name again has the servers asked again, once a second at most", () => {
  const questions = new ServerQuestions(1, 0);
  assert.deepEqual(asked(questions, 0), [0, 1000]);
  assert.deepEqual(asked(questions, 1000), [0, 3000]);
  questions.again(1999);
  assert.deepEqual(asked(questions, 1999), [3000]);
  questions.again(2000);
  assert.deepEqual(asked(questions, 2000), [0, 3000]);
  assert.deepEqual(asked(questions, 3000), [0, "wait"]);
  questions.again(60_000);
  assert.deepEqual(asked(questions, 60_000), [0, "wait"]);
});

test("no further question is put once the other family is found; those that are open still count", () => {
  const questions = new ServerQuestions(1, 0);
  assert.deepEqual(asked(questions, 0), [0, 1000]);
  questions.stop();
  assert.deepEqual(asked(questions, 5000), ["wait"]);
  questions.failed();
  assert.deepEqual(asked(questions, 5000), ["over"]);
});
