import assert from "node:assert/strict";
import { test } from "node:test";
import { type FileSettings, parseConfigFile } from "#src/core/config/file.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import { mergeFile } from "#src/core/config/merge-file.js";

function read(text: string): FileSettings {
  const { settings, problems } = parseConfigFile(text, "f");
  assert.deepEqual(problems, []);
  return settings;
}

test("a later file overrides values, and adds lines and sections", () => {
  const one = mergeFile(DEFAULT_SETTINGS, read("[host]\nip=::1\nport=1\n[mux a]\nlisten=5020\ntarget=h:1\n"));
  const two = mergeFile(one.settings, read("[host]\nport=2\n[mux]\n5021=h:2\n[device d]\nserver=h:7\n"));
  assert.deepEqual([...one.problems, ...two.problems], []);
  const { ip, port, mux, namedDevices } = two.settings;
  assert.deepEqual([ip, port], ["::1", 2]);
  assert.deepEqual(
    mux.map((line) => [line.name, line.port]),
    [
      ["a", 5020],
      [undefined, 5021],
    ],
  );
  assert.deepEqual(
    namedDevices.map(({ name }) => name),
    ["d"],
  );
});

test("a port or a name that an earlier file has is a problem", () => {
  const one = read(
    "[mux a]\nlisten=5020, 5021\ntarget=h:1\n[direct b]\nlisten=1\ntarget=h:1\n[device d]\nserver=h:7\n",
  );
  const two = read(
    "[mux]\n5021=h:1\n[direct a]\nlisten=2\ntarget=h:1\n[direct b]\nlisten=3\ntarget=h:1\n[device d]\nserver=h:8\n",
  );
  assert.deepEqual(mergeFile(mergeFile(DEFAULT_SETTINGS, one).settings, two).problems, [
    "[direct b]: stands in an earlier file, too",
    "[mux] 5021: port 5021 was given in an earlier file",
    "[device d]: stands in an earlier file, too",
  ]);
});
