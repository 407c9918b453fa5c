import { accessSync, constants, lstatSync, mkdirSync, type Stats, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute } from "node:path";
import { env, geteuid } from "node:process";

const OURS_ALONE = 0o700;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const MAX_PATH = 107; // bytes; sun_path of unix(7), without the NUL
const NAME = "sockproxyd";

/**
 * The Unix sockets that control the reverse proxy on this port.
 *
 * @returns the one it listens on first; then those it may listen on when it was started in another environment, by a service
 *   manager and not from a login, or by an earlier version
 */
export function controlPaths(port: number): [string, ...string[]] {
  const uid = geteuid?.() ?? 0;
  const name = `reverse-proxy-${port}.sock`;
  const temporary = `${tmpdir()}/${NAME}-${uid}`; // anybody can make it before us, so it is the last choice
  const [first = temporary, ...more] = [...ownFolders(uid, name), temporary, `/run/user/${uid}/${NAME}`];
  const others = new Set(more.filter((folder) => folder !== first));
  return [`${first}/${name}`, ...[...others].map((folder) => `${folder}/${name}`)];
}

/** The folders that only we and root can make, the best one first. */
function ownFolders(uid: number, name: string): string[] {
  const folders: string[] = [];
  const runtime = absolute("XDG_RUNTIME_DIR");
  if (runtime !== undefined && [uid, undefined].includes(ownerOf(runtime))) folders.push(`${runtime}/${NAME}`); // su keeps that of another user
  if (uid === 0) folders.push(`/run/${NAME}`);
  const state = absolute("XDG_STATE_HOME");
  if (state !== undefined && isOurs(state, uid)) folders.push(`${state}/${NAME}`);
  const home = homeOf();
  const inHome = `${home}/.local/state/${NAME}`;
  if (home !== undefined && isOurs(home, uid) && Buffer.byteLength(`${inHome}/${name}`) <= MAX_PATH)
    folders.push(inHome);
  return folders;
}

/** A folder that a variable names. What is no absolute path is to be ignored (XDG Base Directory Specification). */
function absolute(variable: string): string | undefined {
  const path = env[variable] ?? "";
  return isAbsolute(path) ? path : undefined;
}

/** Whether we can make folders there, and others cannot. */
function isOurs(folder: string, uid: number): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK); // it may be on a disk that is read-only
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
    return undefined; // not there, or closed to us
  }
}

function homeOf(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined; // a user without an entry in passwd
  }
}

/** What is wrong with the folder of a socket; nothing when it is ours alone, or is not there. */
export function folderProblem(path: string): string | undefined {
  const folder = dirname(path);
  const stats = lstat(folder);
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return `${folder} is a symbolic link`;
  if (!stats.isDirectory()) return `${folder} is not a folder`;
  if (stats.uid !== (geteuid?.() ?? stats.uid))
    return `${folder} belongs to another user; XDG_RUNTIME_DIR may name a folder of ours`;
  const mode = stats.mode & 0o777;
  return (mode & OTHERS) === 0
    ? undefined
    : `${folder} is open to other users (mode ${mode.toString(8)}, ${OURS_ALONE.toString(8)} is wanted)`;
}

/**
 * Has a folder for a socket that nobody else can get at.
 *
 * @throws when there is none and none can be made, or when there is one that others can get at
 */
export function makeFolder(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH) {
    throw new Error(`the path has ${bytes} bytes, ${MAX_PATH} are the most; XDG_RUNTIME_DIR may name a shorter one`);
  }
  if (lstat(dirname(path)) === undefined) mkdirSync(dirname(path), { recursive: true, mode: OURS_ALONE });
  const problem = folderProblem(path);
  if (problem !== undefined) throw new Error(problem);
}

/** What there is under a name, itself and not what it points to; nothing when there is nothing. */
export function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "EACCES") return undefined; // below something that is closed to us, or no folder
    throw error;
  }
}
