import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments } from "#src/cli/serve-arguments.js";

test("options are kept in the order given", () => {
  const parsed = parseArguments([
    "-a",
    "1.2.3.4",
    "-c",
    "x",
    "-p2505",
    "-D",
    "-N",
    "http://h",
    "-V=http://i",
    "-L",
    "-",
    "-Lx=y.log",
  ]);
  assert.ok(parsed.ok);
  assert.deepEqual(
    parsed.value.map((argument) =>
      argument.kind === "setting" ? `${argument.key}=${argument.text}` : argument.kind === "file" ? argument.path : "",
    ),
    ["ip=1.2.3.4", "x", "port=2505", "debug=true", "vera=http://h", "vera=http://i", "log=-", "log=x=y.log"],
  );
});

const bad: [string[], RegExp][] = [
  [["-x"], /unknown option -x/],
  [["--prot", "1"], /unknown option --prot/],
  [["-p"], /option -p wants a value/],
  [["-p", "-D"], /option -p wants a value/],
  [["hello"], /unexpected argument "hello"/],
  [["--", "foo"], /unexpected argument "--"/],
  [["-D", "yes"], /unexpected argument "yes"/],
  [["-p", "1", "2"], /unexpected argument "2"/],
];
for (const [argv, message] of bad) {
  test(`${argv.join(" ")} is refused`, () => {
    const parsed = parseArguments(argv);
    assert.ok(!parsed.ok);
    assert.match(parsed.message, message);
  });
}
