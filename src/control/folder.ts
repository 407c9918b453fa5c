import { lstatSync, mkdirSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute } from "node:path";
import { env, geteuid } from "node:process";

const OURS_ALONE = 0o700;
const OTHERS = 0o077;
const MAX_PATH = 107; // bytes; sun_path of unix(7), without the NUL
const NAME = "sockproxyd";

/**
 * The Unix sockets that control the reverse proxy on this port.
 *
 * @returns the one it listens on first; then those it may listen on when it was started in another way, by a service manager
 *   and not from a login
 */
export function controlPaths(port: number): [string, ...string[]] {
  const uid = geteuid?.() ?? 0;
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  const folders = [
    ...(isAbsolute(runtime) ? [`${runtime}/${NAME}`] : []), // others are to be ignored (XDG Base Directory Specification)
    ...(uid === 0 ? [`/run/${NAME}`] : []),
  ];
  const [first = `${tmpdir()}/${NAME}-${uid}`, ...more] = folders;
  const others = [...more, `${tmpdir()}/${NAME}-${uid}`, `/run/user/${uid}/${NAME}`].filter(
    (folder) => folder !== first,
  );
  const pathIn = (folder: string): string => `${folder}/reverse-proxy-${port}.sock`;
  return [pathIn(first), ...others.map(pathIn)];
}

/** What is wrong with the folder of a socket; nothing when it is ours alone, or is not there. */
export function folderObjection(path: string): string | undefined {
  const folder = dirname(path);
  const stats = lstat(folder);
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return `${folder} is a symbolic link`;
  if (!stats.isDirectory()) return `${folder} is not a folder`;
  if (stats.uid !== (geteuid?.() ?? stats.uid)) return `${folder} belongs to another user`;
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
  try {
    mkdirSync(dirname(path), { mode: OURS_ALONE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const objection = folderObjection(path);
  if (objection !== undefined) throw new Error(objection);
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
