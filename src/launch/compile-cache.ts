import { lstatSync, mkdirSync } from "node:fs";
import module from "node:module";
import { userInfo } from "node:os";
import { join } from "node:path";

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Has Node keep what it compiles, so that the next start is quicker. Node 20 cannot. Call it before the program is loaded.
 *
 * Node takes what it finds there for our program, and its own default is a folder of a known name in /tmp. Ours is a folder below the home of this
 * user, as the system knows it (not `$HOME`, which sudo may leave as it was), or the one that systemd made for us (CacheDirectory=). Where there is none,
 * nothing is kept.
 */
export function compileInCache(): void {
  const { enableCompileCache } = module as { enableCompileCache?: (folder: string) => unknown };
  if (enableCompileCache === undefined) return;
  try {
    const [folder = ""] = process.env["CACHE_DIRECTORY"]?.split(":") ?? [
      join(userInfo().homedir, ".cache", "sockproxyd"),
    ];
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    if (uid === process.getuid?.() && (mode & WRITABLE_BY_OTHERS) === 0) enableCompileCache(folder);
  } catch {
    // no home, or one that is read-only
  }
}
