// CHANGELOG.md as Debian wants it (deb-changelog(5)).

const MAINTAINER = "the sockproxyd authors <maintainers@sockproxyd.invalid>";
const WIDTH = 78;

/**
 * All released versions, the newest first. A package of a version that has no chapter yet begins with the chapter of what is not released.
 *
 * @param markdown CHANGELOG.md
 * @param version the version of the package
 * @param epoch the time of that chapter, in seconds
 */
export function debianChangelog(markdown, version, epoch) {
  const chapters = markdown.split(/^## /m).slice(1).map(chapterOf);
  const released = chapters.filter(({ seconds }) => !Number.isNaN(seconds));
  const own = released.find((chapter) => chapter.version === version) ?? { ...chapters[0], version, seconds: epoch };
  const entries = released.includes(own) ? released.slice(released.indexOf(own)) : [own, ...released];
  // Debian wants a newer version to have a later time, those of one day, too.
  for (let index = entries.length - 2; index >= 0; index -= 1) {
    const [newer, older] = [entries[index], entries[index + 1]];
    newer.seconds = Math.max(newer.seconds, older.seconds + 60);
  }
  return entries.map(entryOf).join("\n");
}

function chapterOf(text) {
  const [, version = "", date = ""] = /^\[(.*?)\] - (.*)$/m.exec(text) ?? [];
  const items = text
    .split(/^- /m)
    .slice(1)
    .map((item) => item.split(/\n(?=#|\n)/)[0]);
  return { version, seconds: Date.parse(`${date}T12:00:00Z`) / 1000, items };
}

function entryOf({ version, seconds, items }) {
  const lines = items.map((item) => wrapped(plain(item))).join("\n");
  const date = new Date(seconds * 1000).toUTCString().replace("GMT", "+0000");
  return `sockproxyd (${version}) unstable; urgency=medium\n\n${lines}\n\n -- ${MAINTAINER}  ${date}\n`;
}

/** Markdown without links and marks. */
function plain(text) {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/`|\*\*/g, "");
}

/** One item, its lines indented and no longer than Debian's limit of 80. */
function wrapped(text) {
  const lines = [];
  let line = "  *";
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "   ";
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}
