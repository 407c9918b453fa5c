import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InterimResponseFilter } from "#src/core/net/interim-response-filter.js";

const interim = fc.constantFrom(
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
  "HTTP/1.0 199\n\n",
  "HTTP/1.1 102 HTTP/1.1 200 OK\r\n\n",
);
const final = fc.constantFrom(
  "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nbody",
  "HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
  "SSH-2.0-something else\r\n",
);

test("interim responses before the final one are removed, and nothing else, however the bytes are split", () => {
  const one = fc.record({ before: fc.array(interim, { maxLength: 5 }), answer: final });
  fc.assert(
    fc.property(
      fc.array(one, { maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (answers, sizes) => {
        const skipper = new InterimResponseFilter();
        for (const { before, answer } of answers) {
          skipper.begin();
          let left = Buffer.from(before.join("") + answer);
          let passed = "";
          for (let at = 0; left.length > 0; at += 1) {
            const size = sizes[at % sizes.length];
            passed += skipper.push(left.subarray(0, size)).toString();
            left = left.subarray(size);
          }
          assert.equal(passed, answer);
        }
      },
    ),
  );
});

test("more than 16 KiB of interim responses throw, in one chunk or in many", () => {
  for (const piece of ["HTTP/1.1 100 Continue\r\n\r\n", "X: y\r\n"]) {
    const skipper = new InterimResponseFilter();
    let bytes = skipper.push(Buffer.from("HTTP/1.1 100 Continue\r\n")).length;
    assert.throws(() => {
      for (let count = 0; count < 5000; count += 1) bytes += skipper.push(Buffer.from(piece)).length;
    }, /more than 16384 bytes of interim HTTP responses/);
    assert.equal(bytes, 0);
  }
});
