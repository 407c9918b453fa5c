import { spawnSync } from "node:child_process";

/**
 * The reason to skip a test that needs these programs, or false when all are installed. With `CI` set, a missing program fails the test run
 * instead; CONTRIBUTING.md lists the packages.
 *
 * @param programs commands, found in the PATH
 */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
  if (absent.length === 0) return false;
  const text = `not installed: ${absent.join(", ")}`;
  if (process.env["CI"]) throw new Error(text);
  return text;
}

/** As {@link missing}, for LuaSocket with Lua 5.1. */
export function missingLuaSocket(): string | false {
  const program = missing("lua5.1");
  if (program !== false) return program;
  if (spawnSync("lua5.1", ["-e", 'require "socket"']).status === 0) return false;
  if (process.env["CI"]) throw new Error("not installed: LuaSocket for lua5.1");
  return "not installed: LuaSocket for lua5.1";
}

/** As {@link missing}, for pymodbus with Debian's Python. */
export function missingPymodbus(): string | false {
  if (spawnSync("/usr/bin/python3", ["-c", "import pymodbus"]).status === 0) return false;
  if (process.env["CI"]) throw new Error("not installed: python3-pymodbus");
  return "not installed: python3-pymodbus";
}
