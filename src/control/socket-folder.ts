import { accessSync, constants, lstatSync, mkdirSync, readdirSync, type Stats, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute } from "node:path";
import { env, geteuid } from "node:process";

const PRIVATE_MODE = 0o700;
const OTHERS_ANY = 0o077;
const OTHERS_WRITE = 0o022;
const MAX_PATH_BYTES = 107; // sun_path of unix(7), without the NUL
const NAME = "sockproxyd";

/**
 * The paths of the Unix socket that controls the reverse proxy on this port.
 *
 * @returns the path that a reverse proxy started here listens on; behind it those of one that was started in another environment (by a
 *   service manager, not from a login) or by an earlier version
 */
export function controlPaths(port: number): [string, ...string[]] {
  const uid = geteuid?.() ?? 0;
  const name = `reverse-proxy-${port}.sock`;
  const temporary = `${tmpdir()}/${NAME}-${uid}`; // the last choice: another user can make it before us
  const [first = temporary, ...more] = [...ownFolders(uid, name), temporary, `/run/user/${uid}/${NAME}`];
  const others = new Set(more.filter((folder) => folder !== first));
  return [`${first}/${name}`, ...[...others].map((folder) => `${folder}/${name}`)];
}

/** The ports whose reverse proxy has a socket in a folder of this user: one that runs, or a killed one has left it. In ascending order. */
export function controlledPorts(): number[] {
  const folders = controlPaths(1)
    .filter((path) => folderProblem(path) === undefined)
    .map(dirname);
  const names = folders.flatMap(namesIn).map((name) => /^reverse-proxy-(\d{1,5})\.sock$/.exec(name)?.[1]);
  return [...new Set(names.filter((port) => port !== undefined).map(Number))].sort((one, other) => one - other);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // missing: no reverse proxy has run
  }
}

/** The folders that only this user and root can make, the best one first. */
function ownFolders(uid: number, name: string): string[] {
  const folders: string[] = [];
  const runtime = absolute("XDG_RUNTIME_DIR");
  if (runtime !== undefined && [uid, undefined].includes(ownerOf(runtime))) folders.push(`${runtime}/${NAME}`); // su keeps the variable of another user
  if (uid === 0) folders.push(`/run/${NAME}`);
  const state = absolute("XDG_STATE_HOME");
  if (state !== undefined && isOurs(state, uid)) folders.push(`${state}/${NAME}`);
  const home = homeOf();
  const inHome = `${home}/.local/state/${NAME}`;
  if (home !== undefined && isOurs(home, uid) && Buffer.byteLength(`${inHome}/${name}`) <= MAX_PATH_BYTES)
    folders.push(inHome);
  return folders;
}

/** The folder that a variable names. The XDG Base Directory Specification says to ignore relative paths. */
function absolute(variable: string): string | undefined {
  const path = env[variable] ?? "";
  return isAbsolute(path) ? path : undefined;
}

/** Whether this user can make folders there, and others cannot. */
function isOurs(folder: string, uid: number): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK); // the disk may be read-only
    const { uid: owner, mode } = statSync(folder);
    return owner === uid && (mode & OTHERS_WRITE) === 0;
  } catch {
    return false;
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined; // missing, or closed to this user
  }
}

function homeOf(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // a user without an entry in passwd
  }
}

/** Why the folder of a socket is not safe; undefined when it is private to this user, or does not exist. */
export function folderProblem(path: string): string | undefined {
  const folder = dirname(path);
  const stats = lstat(folder);
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return `${folder} is a symbolic link`;
  if (!stats.isDirectory()) return `${folder} is not a folder`;
  if (stats.uid !== (geteuid?.() ?? stats.uid))
    return `${folder} belongs to another user; XDG_RUNTIME_DIR may name one of this user`;
  const mode = stats.mode & 0o777;
  return (mode & OTHERS_ANY) === 0
    ? undefined
    : `${folder} is open to other users (mode ${mode.toString(8)}, ${PRIVATE_MODE.toString(8)} is wanted)`;
}

/**
 * Makes the folder for a socket, unless it exists.
 *
 * @throws {Error} when it cannot be made, or is not private to this user
 */
export function makeFolder(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new Error(
      `the path has ${bytes} bytes, ${MAX_PATH_BYTES} are the most; XDG_RUNTIME_DIR may name a shorter one`,
    );
  }
  if (lstat(dirname(path)) === undefined) mkdirSync(dirname(path), { recursive: true, mode: PRIVATE_MODE });
  const problem = folderProblem(path);
  if (problem !== undefined) throw new Error(problem);
}

/** The status of a path itself, not of what a symbolic link points to; undefined when it does not exist. */
export function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "EACCES") return undefined; // the path leads through a file, or through a closed folder
    throw error;
  }
}
