// Writes build/sockproxyd_VERSION_all.deb: the one file, and from packaging/debian what Debian wants around it. Two runs write the same bytes: all
// times are SOURCE_DATE_EPOCH (seconds; reproducible-builds.org), without it the time of the last commit. VERSION names another version than
// package.json. --built takes build/ as it is; --to FOLDER writes the package there.
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process, { env } from "node:process";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { manifest, oldestNode, root, run, sourceEpoch, text } from "./checkout.mjs";
import { debianChangelog } from "./debian-changelog.mjs";

const epoch = sourceEpoch();
const facts = { VERSION: env.VERSION || manifest.version, NODE: oldestNode };
env.SOURCE_DATE_EPOCH = `${epoch}`; // for dpkg-deb, and for the date of the man page

try {
  run("dpkg-deb", "--version");
} catch {
  console.error("deb: dpkg-deb is not here: it is in the package dpkg, of Debian and others");
  process.exit(1);
}
const options = parseArgs({ options: { built: { type: "boolean" }, to: { type: "string", default: "build" } } }).values;
if (!options.built) {
  run("npm", "run", "--silent", "build");
  run("npm", "run", "--silent", "bundle");
}

process.umask(0o022);
const tree = mkdtempSync(join(tmpdir(), "sockproxyd-deb-"));
try {
  chmodSync(tree, 0o755);
  gather();
  control();
  for (const name of ["", ...names(tree)]) utimesSync(join(tree, name), epoch, epoch);
  const file = `${options.to}/sockproxyd_${facts.VERSION}_all.deb`;
  run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, file);
  console.log(file);
} finally {
  rmSync(tree, { recursive: true });
}

/** Puts the files of the package below `tree`. */
function gather() {
  const debian = (name) => filled(text(`packaging/debian/${name}`));
  const doc = "usr/share/doc/sockproxyd";
  put("usr/bin/sockproxyd", debian("sockproxyd"), 0o755);
  put("usr/lib/sockproxyd/node", debian("node"), 0o755);
  put("usr/lib/sockproxyd/sockproxyd.cjs", readFileSync(`${root}/build/sockproxyd.cjs`), 0o755);
  put("usr/lib/systemd/system/sockproxyd.service", debian("sockproxyd.service"));
  put("etc/init.d/sockproxyd", initScript(), 0o755);
  put("etc/default/sockproxyd", debian("default"));
  put("etc/logrotate.d/sockproxyd", debian("logrotate"));
  put("etc/sockproxyd.conf", text("sockproxyd.conf.example"), 0o640);
  put("usr/share/man/man8/sockproxyd.8.gz", gzip(text("build/man/sockproxyd.8")));
  put("usr/share/bash-completion/completions/sockproxyd", text("build/completions/sockproxyd.bash"));
  put("usr/share/zsh/vendor-completions/_sockproxyd", text("build/completions/_sockproxyd"));
  put("usr/share/fish/vendor_completions.d/sockproxyd.fish", text("build/completions/sockproxyd.fish"));
  put("usr/share/lintian/overrides/sockproxyd", debian("lintian-overrides"));
  put(`${doc}/changelog.gz`, gzip(debianChangelog(text("CHANGELOG.md"), facts.VERSION, epoch)));
  put(`${doc}/copyright`, copyright());
  for (const name of ["README.md", "SECURITY.md"]) put(`${doc}/${name}`, text(name));
  put(`${doc}/examples/sockproxyd.conf.example`, text("sockproxyd.conf.example"));
  copy("docs", `${doc}/docs`);
  put(`${doc}/examples/sockproxyd.socket`, debian("sockproxyd.socket"));
  copy("plugin-examples", `${doc}/examples`);
  copy("deploy", `${doc}/examples/deploy`);
}

/** Writes what dpkg reads. */
function control() {
  const files = names(tree).filter((name) => statSync(join(tree, name)).isFile());
  const bytes = files.reduce((sum, name) => sum + statSync(join(tree, name)).size, 0);
  const sums = files.map(
    (name) =>
      `${createHash("md5")
        .update(readFileSync(join(tree, name)))
        .digest("hex")}  ${name}\n`,
  );
  const conffiles = files.filter((name) => name.startsWith("etc/")).map((name) => `/${name}\n`);
  put("DEBIAN/control", filled(text("packaging/debian/control"), { INSTALLED_SIZE: Math.ceil(bytes / 1024) }));
  put("DEBIAN/md5sums", sums.join(""));
  put("DEBIAN/conffiles", conffiles.join(""));
  for (const name of ["postinst", "prerm", "postrm"]) put(`DEBIAN/${name}`, text(`packaging/debian/${name}`), 0o755);
}

/** The init script with the places of the package. Where systemd runs, Debian's functions hand its actions to systemctl. */
function initScript() {
  const settings = Object.entries({
    NODE: "/usr/lib/sockproxyd/node",
    MAIN: "/usr/lib/sockproxyd/sockproxyd.cjs",
    LOGFILE: "/var/log/sockproxyd/sockproxyd.log",
    PIDFILE: "/run/sockproxyd.pid",
    NAME: "sockproxyd\n. /lib/lsb/init-functions",
  });
  return settings.reduce((script, [name, value]) => {
    const line = new RegExp(`^${name}=.*$`, "m");
    if (!line.test(script)) throw new Error(`init-script.sh has no setting ${name}`);
    return script.replace(line, `${name}=${value}`);
  }, text("init-script.sh"));
}

/** The licence of the program and those of the packages in it, which stand at the end of the one file, too. */
function copyright() {
  const [, licences] = /\n\/\*\n(sockproxyd\n\n[\s\S]*)\*\/\n$/.exec(text("build/sockproxyd.cjs")) ?? [];
  if (licences === undefined) throw new Error("build/sockproxyd.cjs does not end with the licences");
  return licences;
}

function filled(template, more = {}) {
  const all = { ...facts, ...more };
  return template.replace(/@([A-Z_]+)@/g, (mark, name) => all[name] ?? mark);
}

function gzip(content) {
  return gzipSync(content, { level: 9 });
}

function put(name, content, mode = 0o644) {
  const path = join(tree, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, content, { mode });
}

/** Puts the files of a folder; their modes in the checkout do not count. */
function copy(folder, to) {
  for (const name of names(`${root}/${folder}`).filter((name) => statSync(`${root}/${folder}/${name}`).isFile()))
    put(`${to}/${name}`, readFileSync(`${root}/${folder}/${name}`));
}

/** All names below a folder, in an order that does not depend on the file system. */
function names(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }).sort() : [];
}
