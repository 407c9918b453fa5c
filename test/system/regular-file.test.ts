import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, describe, test } from "node:test";
import { readRegularFile, regularFileProblem } from "#src/system/regular-file.js";

const folder = mkdtempSync(`${tmpdir()}/sockproxyd-regular-`);
after(() => rmSync(folder, { recursive: true }));
writeFileSync(`${folder}/file`, "text");
symlinkSync(`${folder}/file`, `${folder}/link`);
execFileSync("mkfifo", [`${folder}/fifo`]);

test("a file is read, by whatever name", () => {
  for (const name of ["file", "link"]) {
    assert.equal(readRegularFile(`${folder}/${name}`).toString(), "text");
    assert.equal(regularFileProblem(`${folder}/${name}`), undefined);
  }
  assert.equal(regularFileProblem(`${folder}/new`), undefined, "it can be made");
  assert.throws(() => readRegularFile(`${folder}/new`), /ENOENT/);
});

describe("what is no file is neither read nor written, and nobody waits for it", () => {
  const cases: Readonly<Record<string, RegExp>> = {
    [`${folder}/fifo`]: /^it is a FIFO or a pipe, and no file$/,
    [folder]: /^it is a folder, and no file$/,
    "/proc/self/status": /^the kernel makes it up: it is no file$/,
  };
  for (const [path, problem] of Object.entries(cases)) {
    test(path.replace(folder, "…"), () => {
      assert.throws(() => readRegularFile(path), { message: problem });
      assert.match(regularFileProblem(path) ?? "", problem);
    });
  }

  test("a new file below /proc", () => {
    assert.match(regularFileProblem("/proc/sockproxyd.log") ?? "", /no file can be made there/);
  });
});

test("a device may take bytes for ever, but not give them; /dev/null is an empty file", () => {
  assert.equal(regularFileProblem("/dev/full"), undefined);
  assert.throws(() => readRegularFile("/dev/zero"), { message: "it is a device, and no file" });
  assert.equal(readRegularFile("/dev/null").length, 0);
});
