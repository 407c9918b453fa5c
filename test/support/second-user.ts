import { spawnSync } from "node:child_process";
import { MAIN } from "./daemon.js";

/** The user of a program. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** The user nobody, where the system has one. */
export const nobody: User | undefined = (() => {
  const id = (option: string): number => Number(spawnSync("id", [option, "nobody"], { encoding: "utf8" }).stdout);
  return id("-u") > 0 ? { uid: id("-u"), gid: id("-g") } : undefined;
})();

/** The reason to skip tests with a second user. */
export function noSecondUser(): string | false {
  if (process.getuid?.() !== 0) return "not run as root";
  if (nobody === undefined) return "there is no user nobody";
  const { status } = spawnSync(process.execPath, [MAIN, "--version"], { ...nobody, cwd: "/" });
  return status === 0 ? false : "the user nobody cannot read the program here";
}
